// The names that people coming from n8n know. Loaded when an expression has a word that starts with `$`.
(host) => {
  "use strict";
  const realm = globalThis;
  const items = () => (Array.isArray(realm.input) ? realm.input : [realm.input]).map((json) => ({ json }));
  const same = { $json: "input", $workflow: "workflow", $execution: "execution", $vars: "vars", $secrets: "secrets" };
  const live = (name, get) => Object.defineProperty(realm, name, { get, configurable: true });
  for (const name in same) live(name, () => realm[same[name]]);
  host.put(realm, "$input", {
    get item() { return { json: realm.input }; },
    first: () => items()[0],
    last: () => items().at(-1),
    all: items,
  });
  host.put(realm, "$if", (condition, yes, no) => (condition ? yes : no));
  host.put(realm, "$ifEmpty", (value, otherwise) => {
    const empty = value === null || value === undefined || (typeof value === "object" ? Object.keys(value).length === 0 : value === "");
    return empty ? otherwise : value;
  });
}
