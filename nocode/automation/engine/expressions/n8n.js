// The names that people coming from n8n know. Loaded when an expression has a word that starts with `$`.
(host) => {
  "use strict";
  const realm = globalThis;
  const { put } = host;
  const isMissing = (value) => value === undefined || value === null;
  const listOf = (value) => (isMissing(value) ? [] : Array.isArray(value) ? value : [value]);

  // --- What n8n calls data: items, each with its `json`
  const wrap = (value) => listOf(value).map((json) => ({ json, binary: {} }));
  const items = (value) => {
    const all = wrap(value);
    const here = () => all[all.length === 1 ? 0 : realm.index ?? 0];
    return {
      all: () => all, first: () => all[0], last: () => all.at(-1), itemMatching: (place) => all[place], isExecuted: !isMissing(value), length: all.length,
      get item() { return here(); },
      get json() { return here()?.json; },
    };
  };
  const unwrapOne = (item) => (typeof item === "object" && item !== null && typeof item.json === "object" && item.json !== null ? item.json : item);
  put(realm, "$items", items);
  put(realm, "$unwrap", (value) => (Array.isArray(value) ? value.map(unwrapOne) : unwrapOne(value)));
  put(realm, "$batches", (value, size) => {
    const all = listOf(value), cut = [];
    for (let at = 0; at < all.length; at += Math.max(1, size)) cut.push(all.slice(at, at + Math.max(1, size)));
    return cut;
  });

  const same = { $json: "input", $workflow: "workflow", $execution: "execution", $vars: "vars", $secrets: "secrets", $itemIndex: "index" };
  const live = (name, get) => Object.defineProperty(realm, name, { get, configurable: true });
  for (const name in same) live(name, () => realm[same[name]]);
  live("$runIndex", () => realm.index ?? 0);
  put(realm, "$input", {
    get item() { return { json: realm.input }; },
    first: () => wrap(realm.input)[0],
    last: () => wrap(realm.input).at(-1),
    all: () => wrap(realm.input),
  });
  put(realm, "$if", (condition, yes, no) => (condition ? yes : no));
  const isEmpty = (value) => isMissing(value) || (typeof value === "object" ? Object.keys(value).length === 0 : value === "");
  put(realm, "$ifEmpty", (value, otherwise) => (isEmpty(value) ? otherwise : value));

  // --- Fields by their path: address.city, lines[0].price
  const keysOf = (path) => String(path).replace(/\[(?:(\d+)|"([^"]*)"|'([^']*)')\]/g, (all, place, one, other) => "." + (place ?? one ?? other)).split(".").filter((key) => key !== "");
  put(realm, "$get", (object, path) => keysOf(path).reduce((found, key) => (isMissing(found) ? undefined : found[key]), object));
  put(realm, "$put", (object, path, value) => {
    const keys = keysOf(path), last = keys.pop();
    let target = object;
    keys.forEach((key, place) => {
      const inner = target[key], next = keys[place + 1] ?? last;
      target[key] = typeof inner === "object" && inner !== null ? (Array.isArray(inner) ? [...inner] : { ...inner }) : /^\d+$/.test(next) ? [] : {};
      target = target[key];
    });
    target[last] = value;
    return object;
  });

  put(realm, "$drop", (object, path) => {
    const keys = keysOf(path), last = keys.pop(), inner = keys.reduce((found, key) => found?.[key], object);
    if (inner) delete inner[last];
    return object;
  });

  // --- Values of a wanted type; what cannot be one stays as it is
  const yes = { true: true, 1: true, false: false, 0: false };
  const asNumber = (value) => (value === "" || isMissing(value) || typeof value === "object" ? NaN : Number(value));
  const asBoolean = (value) => (typeof value === "object" ? undefined : yes[String(value).toLowerCase()]);
  const parsed = (value) => {
    try { return typeof value === "string" ? JSON.parse(value) : value; } catch { return undefined; }
  };
  const text = (value) => (typeof value === "string" ? value : isMissing(value) ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  put(realm, "$text", text);
  put(realm, "$as", (type, value) => {
    if (isMissing(value)) return value;
    if (type === "string") return text(value);
    if (type === "number") { const found = typeof value === "string" && value !== "" && value.trim() === "" ? 0 : asNumber(value); return Number.isNaN(found) ? value : found; }
    if (type === "boolean") return asBoolean(value) ?? value;
    const found = parsed(value);
    if (type === "array") return Array.isArray(found) ? found : value;
    return typeof found === "object" && found !== null ? found : value;
  });

  // --- Methods that n8n gives to values; code.py knows their names
  const add = (type, methods) => { for (const name in methods) if (!(name in type.prototype)) Object.defineProperty(type.prototype, name, { value: methods[name], configurable: true, writable: true }); };
  const whole = (value, places) => +(Math.round(+`${value}e${places}`) + `e-${places}`);
  const found = (text, sought) => sought.exec(text)?.[0];
  add(Object, {
    toJsonString() { return JSON.stringify(this); },
    isEmpty() { return isEmpty(this.valueOf()); },
    isNotEmpty() { return !isEmpty(this.valueOf()); },
  });
  add(Array, {
    first() { return this[0]; },
    last() { return this.at(-1); },
    compact() { return this.filter((each) => !isEmpty(each)); },
    unique() { return [...new Map(this.map((each) => [JSON.stringify(each), each])).values()]; },
    removeDuplicates() { return this.unique(); },
    pluck(...names) { return this.map((each) => (names.length === 1 ? each?.[names[0]] : Object.fromEntries(names.map((name) => [name, each?.[name]])))); },
    sum() { return this.reduce((total, each) => total + Number(each), 0); },
    average() { return this.length ? this.sum() / this.length : 0; },
    chunk(size) { return realm.$batches(this, size); },
  });
  add(String, {
    toDateTime() { return realm.$date(String(this)); },
    toInt() { return parseInt(this, 10); },
    toFloat() { return parseFloat(this); },
    toNumber() { return Number(this); },
    toBoolean() { return !/^(false|no|0|)$/i.test(this); },
    parseJson() { return JSON.parse(this); },
    quote(sign = '"') { return sign + String(this).replaceAll(sign, `\\${sign}`) + sign; },
    urlEncode() { return encodeURIComponent(this); },
    urlDecode() { return decodeURIComponent(this); },
    removeTags() { return String(this).replace(/<[^>]*>/g, ""); },
    extractEmail() { return found(this, /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/); },
    extractUrl() { return found(this, /https?:\/\/[^\s"'<>]+/); },
    toTitleCase() { return String(this).toLowerCase().replace(/(^|\s)\S/g, (each) => each.toUpperCase()); },
    toSentenceCase() { return String(this).charAt(0).toUpperCase() + String(this).slice(1).toLowerCase(); },
  });
  add(Number, {
    toDateTime() { return realm.$date(Number(this)); },
    round(places = 0) { return whole(this, places); },
    floor() { return Math.floor(this); },
    ceil() { return Math.ceil(this); },
    isEven() { return this % 2 === 0; },
    isOdd() { return Math.abs(this % 2) === 1; },
  });

  // --- Dates, from whatever n8n takes for one
  put(realm, "$date", (value) => {
    if (value instanceof realm.DateTime) return value;
    if (value instanceof Date) return realm.DateTime.fromJSDate(value);
    const number = asNumber(value);
    if (!Number.isNaN(number)) return realm.DateTime.fromMillis(Math.abs(number) < 1e11 ? number * 1000 : number);
    try { return realm.DateTime.fromISO(value); } catch (error) {
      const ms = Date.parse(value);
      if (Number.isNaN(ms)) throw error;
      return realm.DateTime.fromMillis(ms);
    }
  });
  const ISO = "yyyy-MM-dd'T'HH:mm:ss.SSSZZ";
  put(realm, "$iso", (date) => date.toFormat(ISO));

  // --- Conditions: $test("number", "gt", item.price, 10); flags: i (upper and lower case are the same)
  const moment = (value) => (isMissing(value) || value === "" ? NaN : +realm.$date(value));
  const pattern = (value) => { const [, body, flags] = /^\/(.*)\/([gimsuy]*)$/s.exec(value) ?? [, value, ""]; return new RegExp(body, flags); };
  const filled = (value) => !isMissing(value);
  const texts = {
    equals: (a, b) => a === b, contains: (a, b) => a.includes(b), startsWith: (a, b) => a.startsWith(b), endsWith: (a, b) => a.endsWith(b),
    regex: (a, b) => pattern(b).test(a), empty: (a) => a === "",
  };
  const ordered = { equals: (a, b) => a === b, gt: (a, b) => a > b, lt: (a, b) => a < b, gte: (a, b) => a >= b, lte: (a, b) => a <= b };
  const lists = {
    contains: (a, b, flags) => (flags.includes("i") ? a.some((each) => text(each).toLowerCase() === text(b).toLowerCase()) : a.includes(b)),
    lengthEquals: (a, b) => a.length === b, lengthGt: (a, b) => a.length > b, lengthLt: (a, b) => a.length < b, lengthGte: (a, b) => a.length >= b, lengthLte: (a, b) => a.length <= b,
    empty: (a) => a.length === 0,
  };
  const kinds = {
    string: (op, a, b, flags) => { const read = (value) => (flags.includes("i") ? text(value).toLowerCase() : text(value)); return texts[op](read(a), op === "regex" ? text(b) : read(b)); },
    number: (op, a, b) => (op === "empty" ? isMissing(a) || a === "" || Number.isNaN(a) : ordered[op](asNumber(a), asNumber(b))),
    boolean: (op, a, b) => { const left = asBoolean(a); return op === "true" ? left === true : op === "false" ? left === false : op === "empty" ? isMissing(a) : left === asBoolean(b); },
    array: (op, a, b, flags) => lists[op](listOf(parsed(a)), op === "contains" ? b : asNumber(b), flags),
    object: (op, a) => isEmpty(parsed(a)),
  };
  put(realm, "$test", (kind, op, a, b, flags = "") => {
    if (op === "exists") return filled(a);
    return kinds[kind](op, a, b, flags);
  });
  put(realm, "$testDate", (op, a, b) => (op === "exists" ? filled(a) : op === "empty" ? isMissing(a) || a === "" : ordered[op](moment(a), moment(b))));
}
