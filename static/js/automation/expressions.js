// Expressions in the settings of a step (data-expressions): between {{ and }} what can be read there is offered, with
// its value in the newest execution, and below it stands what the whole text gives.

const PATH = /((?:[A-Za-z_$][\w$]*)(?:\.[\w$]+|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*)?(\.?)([\w$]*)$/;
const NAME = /^[A-Za-z_$][\w$]*$/;
const SOON = 350;
const MOST = 12;

const box = document.createElement("div");
box.className = "c-suggest";
box.hidden = true;
box.innerHTML = '<ul class="c-suggest__list" role="listbox" id="suggestions"></ul><p class="c-suggest__result" role="status"></p>';
document.body.append(box);
const [list, result] = box.children;
const known = new Map(); // address → the values, or the promise of them
let input = null;
let offered = [];
let chosen = -1;
let timer = 0;
let asked = 0;

const area = () => input?.closest("[data-expressions]");
const isText = (element) => element?.matches?.("textarea, input[type=text], input:not([type])") && element.closest("[data-expressions]");

async function valuesOf(address) {
  if (!known.has(address)) known.set(address, fetch(address).then((answer) => answer.json()).catch(() => ({ values: {} })));
  return (await known.get(address)).values ?? {};
}

// What stands between the last {{ before the caret and the caret; null outside of braces.
function typed() {
  const before = input.value.slice(0, input.selectionStart);
  const start = before.lastIndexOf("{{");
  return start < 0 || before.indexOf("}}", start) >= 0 ? null : before.slice(start + 2);
}

function at(values, path) {
  const steps = path.match(/[A-Za-z_$][\w$]*|\d+|"(?:[^"\\]|\\.)*"/g) ?? [];
  return steps.reduce((value, step) => value?.[step.startsWith('"') ? JSON.parse(step) : step], values);
}

function matches(values, text) {
  const [, path = "", dot, word] = text.match(PATH);
  const inside = dot ? path : "";
  const whole = dot ? word : path + word;
  if (!dot && /[.\])]$/.test(text.slice(0, text.length - whole.length))) return [];
  const holder = inside ? at(values, inside) : values;
  if (holder === null || typeof holder !== "object") return [];
  const keys = Array.isArray(holder) ? Object.keys(holder) : Object.keys(holder).sort();
  return keys
    .filter((key) => key.toLowerCase().startsWith(whole.toLowerCase()) && key !== whole)
    .slice(0, MOST)
    .map((key) => ({ key, value: holder[key], replaces: whole.length + (dot ? 1 : 0), inside: Boolean(inside) }));
}

function spelled({ key, inside }) {
  if (!inside) return key;
  if (/^\d+$/.test(key)) return `[${key}]`;
  return NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function glimpse(value) {
  if (Array.isArray(value)) return value.length ? "[…]" : "[]";
  if (value !== null && typeof value === "object") return "{…}";
  return JSON.stringify(value) ?? "";
}

function draw() {
  list.replaceChildren(...offered.map((each, place) => {
    const line = document.createElement("li");
    line.id = `suggestion-${place}`;
    line.className = "c-suggest__entry";
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", String(place === chosen));
    const [name, value] = [document.createElement("code"), document.createElement("span")];
    name.textContent = each.key;
    value.textContent = glimpse(each.value);
    line.append(name, value);
    line.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take(place);
    });
    return line;
  }));
  list.hidden = !offered.length;
  box.hidden = !offered.length && !result.textContent;
  if (!box.hidden) stand();
  input.setAttribute("aria-expanded", String(Boolean(offered.length)));
  if (chosen >= 0) input.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
  else input.removeAttribute("aria-activedescendant");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
}

// Below the input, or above it where there is no room; inside an open dialog, which is above all else.
function stand() {
  const holder = input.closest("dialog[open]") ?? document.body;
  if (box.parentElement !== holder) holder.append(box);
  const place = input.getBoundingClientRect();
  const width = Math.min(Math.max(place.width, 260), innerWidth - 16);
  box.style.width = `${width}px`;
  box.style.left = `${Math.max(8, Math.min(place.left, innerWidth - width - 8))}px`;
  const below = place.bottom + 4;
  const fits = below + box.offsetHeight < innerHeight || place.top < box.offsetHeight;
  box.style.top = `${fits ? below : place.top - box.offsetHeight - 4}px`;
}

function take(place) {
  const each = offered[place];
  const caret = input.selectionStart;
  const start = caret - each.replaces;
  const isClosed = /^[^{]*?\}\}/.test(input.value.slice(caret));
  const text = spelled(each) + (isClosed ? "" : " }}");
  input.setRangeText(text, start, caret, "end");
  if (!isClosed) input.setSelectionRange(input.selectionStart - 3, input.selectionStart - 3);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

async function offer() {
  const text = input && typed();
  const field = input;
  const found = text === null || text === undefined ? [] : matches(await valuesOf(area().dataset.values), text.trimStart());
  if (field !== input || !input) return;
  offered = found;
  chosen = found.length ? 0 : -1;
  draw();
}

async function preview() {
  const number = ++asked;
  const [field, text] = [input, input?.value ?? ""];
  let answer = {};
  if (text.includes("{{") && area()) {
    const body = new URLSearchParams({ text });
    const options = { method: "POST", body, headers: { "X-CSRFToken": area().dataset.token } };
    answer = await fetch(area().dataset.preview, options).then((each) => each.json()).catch(() => ({}));
  }
  if (number !== asked || field !== input || !input) return;
  result.textContent = answer.error ?? (answer.value === undefined ? "" : `= ${answer.value}`);
  result.classList.toggle("c-suggest__result--fail", Boolean(answer.error));
  draw();
}

function leave() {
  for (const name of ["aria-expanded", "aria-activedescendant", "aria-controls", "role"]) input?.removeAttribute(name);
  [input, offered, chosen, result.textContent, box.hidden] = [null, [], -1, "", true];
  clearTimeout(timer);
}

document.addEventListener("focusin", ({ target }) => {
  if (!isText(target)) return;
  input = target;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-controls", "suggestions");
  input.setAttribute("aria-expanded", "false");
  result.textContent = "";
  preview();
});

document.addEventListener("focusout", ({ target }) => target === input && leave());

document.addEventListener("input", ({ target }) => {
  if (target !== input) return;
  result.textContent = "";
  offer();
  clearTimeout(timer);
  timer = setTimeout(preview, SOON);
});

document.addEventListener("keydown", (event) => {
  if (event.target !== input || box.hidden || !offered.length) return;
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in moves) {
    event.preventDefault();
    chosen = (chosen + moves[event.key] + offered.length) % offered.length;
    draw();
  } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
    event.preventDefault();
    take(chosen);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    offered = [];
    result.textContent = "";
    draw();
  }
}, true);

addEventListener("scroll", () => input && !box.hidden && stand(), true);
document.addEventListener("htmx:afterSwap", () => known.clear());
