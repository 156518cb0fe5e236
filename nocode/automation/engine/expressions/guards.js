// Loaded before the first expression that calls something which could run long or that defines a function: see scanner.py.
(host, patience) => {
  "use strict";
  const realm = globalThis;
  const { stringify } = JSON;
  const { String } = globalThis;
  const { defineProperty, freeze, getPrototypeOf } = Object;
  const { apply } = Reflect;
  const { isArray } = Array;
  const clock = performance.now.bind(performance);
  const hide = (owner, name, value) =>
    defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: false });

  // An error that ends the run becomes text in the host, after the time limit is over: nothing of it may be replaced.
  for (const name of ["prepareStackTrace", "stackTraceLimit", "captureStackTrace"]) delete Error[name];
  defineProperty(Error.prototype, Symbol.toPrimitive, { value: undefined });
  for (const kind of [Error, InternalError, RangeError, TypeError, SyntaxError, ReferenceError]) {
    freeze(kind);
    freeze(kind.prototype);
  }

  // No code made from text, no object that lies about its size, nothing that blocks or runs later.
  for (const sample of [function () {}, async () => {}, function* () {}, async function* () {}]) {
    hide(getPrototypeOf(sample), "constructor", undefined);
  }
  for (const name of [
    "eval", "Function", "Proxy", "Reflect", "BigInt", "BigInt64Array", "BigUint64Array", "DataView", "Atomics", "SharedArrayBuffer",
    "WeakRef", "FinalizationRegistry", "queueMicrotask", "performance", "InternalError", "DisposableStack", "AsyncDisposableStack",
    "ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
    "Float16Array", "Float32Array", "Float64Array",
  ]) delete realm[name];

  // The engine does not read the clock inside a built-in. Those that can run long check the clock and the size of the work first.
  const PATIENCE = Number(patience); // milliseconds
  const LONGEST_LIST = 1e6;
  const LONGEST_TEXT = 8e6;
  let deadline = Infinity;

  class Limit extends Error {}
  hide(Limit.prototype, "name", "Limit");
  freeze(Limit.prototype);

  function bound(size, most, what) {
    if (size > most) throw new Limit(what);
    if (clock() > deadline) throw new Limit("time");
  }
  function list(self) {
    if (!isArray(self)) throw new TypeError("not a list");
    bound(self.length, LONGEST_LIST, "list");
    return self;
  }
  function text(self) {
    if (self === null || self === undefined) throw new TypeError("there is no text here");
    const value = typeof self === "string" ? self : String(self);
    bound(value.length, LONGEST_TEXT, "text");
    return value;
  }
  function guard(owner, names, check) {
    for (const name of names.split(" ")) {
      const original = owner[name];
      hide(owner, name, function (...args) { return apply(original, check(this, args), args); });
    }
  }
  guard(Array.prototype, "join toLocaleString reverse slice sort shift unshift splice copyWithin fill with", list);
  guard(Array.prototype, "toReversed toSorted toSpliced indexOf lastIndexOf includes", list);
  guard(Array.prototype, "concat", (self, args) => {
    for (const each of args) {
      if (isArray(each)) list(each);
      else if (typeof each === "object" && each?.[Symbol.isConcatSpreadable]) throw new TypeError("not a list");
    }
    return list(self);
  });
  guard(Iterator.prototype, "drop", (self, args) => {
    args[0] = +args[0];
    bound(args[0], LONGEST_LIST, "list");
    return self;
  });
  const onTime = (self, args) => {
    for (const each of args) if (isArray(each)) list(each);
    bound(0, 0, "time");
    return self;
  };
  guard(Object, "keys values entries assign fromEntries getOwnPropertyNames getOwnPropertyDescriptors freeze seal groupBy", onTime);
  guard(JSON, "parse stringify", onTime);
  guard(String.prototype, "toUpperCase toLowerCase toLocaleUpperCase toLocaleLowerCase normalize trim trimStart trimEnd slice", text);
  guard(String.prototype, "substring substr concat localeCompare match matchAll search startsWith endsWith", text);
  guard(String.prototype, "repeat padStart padEnd", (self, args) => {
    const value = text(self);
    args[0] = +args[0];
    bound(args[0] * (args.length > 1 ? 1 : value.length), LONGEST_TEXT, "text");
    return value;
  });
  guard(String.prototype, "indexOf includes lastIndexOf split replace replaceAll", (self, args) => {
    const value = text(self);
    if (!(args[0] instanceof RegExp) && args[0] !== undefined) {
      args[0] = String(args[0]);
      if (args[0].length > 200) bound(value.length * args[0].length, 1e9, "text");
    }
    return value;
  });
  for (const name of ["encodeURIComponent", "encodeURI", "decodeURIComponent", "decodeURI", "escape", "unescape", "btoa", "atob"]) {
    const original = realm[name];
    hide(realm, name, (value) => original(text(String(value))));
  }
  hide(Array.prototype, "flat", function flat(depth = 1) {
    const result = [];
    const add = (items, left) => {
      for (const each of list(items)) left > 0 && isArray(each) ? add(each, left - 1) : result.push(each);
    };
    add(this, depth);
    return result;
  });

  const NativeArray = Array;
  function BoundedArray(...args) {
    if (args.length === 1 && typeof args[0] === "number") bound(args[0], LONGEST_LIST, "list");
    return new NativeArray(...args);
  }
  for (const name of ["from", "of", "isArray", "fromAsync"]) hide(BoundedArray, name, NativeArray[name]);
  BoundedArray.prototype = NativeArray.prototype;
  hide(NativeArray.prototype, "constructor", BoundedArray);
  hide(realm, "Array", BoundedArray);

  // What JSON cannot say by itself: a Set is a list, a Map an object.
  hide(Set.prototype, "toJSON", function toJSON() { return [...this]; });
  hide(Map.prototype, "toJSON", function toJSON() { return Object.fromEntries(this); });

  const { run } = host;
  const { Promise } = realm;
  const failure = (error) => {
    const known = error instanceof Error;
    const message = known ? error.message : typeof error === "object" ? stringify(error) : String(error);
    return "e" + stringify([known ? String(error.name) : "", String(message), known ? String(error.stack) : ""]);
  };
  host.run = (code, most) => {
    deadline = clock() + PATIENCE;
    try {
      return run(() => {
        const value = code();
        if (value instanceof Promise) throw new TypeError("the result is a promise, and an expression cannot wait");
        return isArray(value) ? list(value) : value;
      }, most);
    } catch (error) {
      deadline = Infinity;
      return failure(error);
    } finally {
      deadline = Infinity;
    }
  };
}
