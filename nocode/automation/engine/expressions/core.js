((global, compile, stringify, define, Promise) => {
  "use strict";
  let waiting;
  const told = (value, most) => {
    const json = stringify(value);
    return json === undefined ? "u" + typeof value : json.length > most ? "l" : json;
  };
  const put = (owner, name, value) => define(owner, name, { value, configurable: true, enumerable: true });
  put(global, "steps", {});
  const host = {
    put,
    compile: (source) => compile('"use strict";(function __expression__(){return (\n' + source + "\n)})"),
    root: (name, box) => put(global, name, box[0]),
    step: (key, box) => put(global.steps, key, box[0]),
    load: (library, argument) => library(host, argument),
    run(code, most) {
      const value = code();
      if (!(value?.result instanceof Promise)) return told(value, most);
      waiting = { value };
      value.result.then((result) => { value.result = result; waiting.isOver = true; }, (error) => { waiting.error = [error]; });
      return "p";
    },
    // What a step was waiting for, once nothing is left to do: there is no clock here that could still bring anything.
    settled(most) {
      if (waiting.error) throw waiting.error[0];
      if (!waiting.isOver) throw new TypeError("it waits for something that never comes");
      return told(waiting.value, most);
    },
  };
  return (action, a, b) => host[action](a, b);
})(globalThis, eval, JSON.stringify, Object.defineProperty, Promise)
