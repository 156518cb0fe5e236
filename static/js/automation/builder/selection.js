// What is selected: steps, or one connection. The step with the focus is the current one.
import { cards, lines, root, view } from "./state.js";
import { tell } from "./words.js";

export const selected = new Set();
export let line = null; // the id of the selected connection

function show() {
  for (const card of cards.values()) {
    card.element.classList.toggle("is-selected", selected.has(card.key));
    card.element.tabIndex = -1;
  }
  for (const each of lines.values()) each.element.classList.toggle("is-selected", each.id === line);
  const first = current() ?? cards.values().next().value;
  if (first) first.element.tabIndex = 0;
  root.dispatchEvent(new CustomEvent("builder:select"));
}

export const current = () => cards.get(document.activeElement?.dataset?.card) ?? cards.get([...selected].at(-1));

export function select(keys, { add = false, focus = true } = {}) {
  if (!add) selected.clear();
  for (const key of keys) if (cards.has(key)) selected.add(key);
  line = null;
  const last = [...keys].at(-1);
  if (focus && cards.has(last)) cards.get(last).element.focus({ preventScroll: true });
  if (selected.size > 1) tell("selected", selected.size);
  show();
}

export function toggle(key) {
  if (!selected.delete(key)) selected.add(key);
  line = null;
  cards.get(key).element.focus({ preventScroll: true });
  show();
}

export function selectLine(id) {
  selected.clear();
  line = id;
  view.focus({ preventScroll: true });
  show();
}

export function clear() {
  selected.clear();
  line = null;
  show();
}

// After the server drew something: what is gone is not selected any more, what was drawn again is.
export function refresh() {
  for (const key of selected) if (!cards.has(key)) selected.delete(key);
  if (line && !lines.has(line)) line = null;
  show();
}
