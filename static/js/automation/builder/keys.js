// The canvas by keyboard.
import { addNext, arrange, connectTo, nudge, remove, switchOff } from "./actions.js";
import { duplicate } from "./clipboard.js";
import { redo, undo } from "./draft.js";
import { renameOn } from "./rename.js";
import { cards, linesFrom, linesInto, mayChange, root, view } from "./state.js";
import { fit, look, at, reveal, zoom } from "./view.js";
import * as selection from "./selection.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Left and right along the connections, up and down to what is drawn there; without any, to the nearest that way.
function neighbour(card, [dx, dy]) {
  const along = dx > 0 ? linesFrom(card.key).map((line) => line.target) : dx < 0 ? linesInto(card.key).map((line) => line.source) : [];
  const linked = along.map((key) => cards.get(key)).sort((a, b) => Math.abs(a.y - card.y) - Math.abs(b.y - card.y));
  return linked[0] ?? nearest(card, dx, dy);
}

function nearest(card, dx, dy) {
  const middle = (each) => [each.x + each.width / 2, each.y + each.height / 2];
  const [x, y] = middle(card);
  let [best, least] = [null, Infinity];
  for (const each of cards.values()) {
    const [ex, ey] = middle(each);
    const [ahead, aside] = dx ? [(ex - x) * dx, Math.abs(ey - y)] : [(ey - y) * dy, Math.abs(ex - x)];
    const cost = ahead + 2 * aside;
    if (each !== card && ahead > 1 && cost < least) [best, least] = [each, cost];
  }
  return best;
}

function go(event) {
  const card = selection.current() ?? cards.values().next().value;
  if (!card) return;
  if (event.shiftKey && mayChange) return nudge(...ARROWS[event.key]);
  const next = selection.selected.size ? neighbour(card, ARROWS[event.key]) : card;
  if (!next) return;
  selection.select([next.key]);
  reveal(next);
}

const open = () => selection.current() && root.dispatchEvent(new CustomEvent("builder:open", { detail: { key: selection.current().key, focus: true } }));

const CHANGES = {
  a: () => addNext(),
  c: () => connectTo(selection.current()),
  d: () => switchOff(),
  t: () => arrange(),
  Delete: () => remove(),
  Backspace: () => remove(),
  F2: () => renameOn(selection.current()),
};
const LOOKS = {
  Enter: open,
  "+": () => zoom(1.2),
  "=": () => zoom(1.2),
  "-": () => zoom(1 / 1.2),
  0: () => look(at.x, at.y, 1),
  1: () => fit(),
  "?": () => root.querySelector("[data-help]").showModal(),
};
const WITH_CONTROL = {
  z: (event) => (event.shiftKey ? redo() : undo()),
  y: () => redo(),
  d: () => duplicate(),
  a: () => selection.select([...cards.keys()]),
};

function choose(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return mayChange || key === "a" ? WITH_CONTROL[key] : null;
  if (ARROWS[key]) return go;
  return LOOKS[key] ?? (mayChange ? CHANGES[key] : null);
}

function isElsewhere(target) {
  return document.querySelector("dialog[open]") || target.closest("input, textarea, select, [contenteditable], .b-panel, #nav-sidebar, header");
}

function press(event) {
  if (isElsewhere(event.target) || !(view.contains(event.target) || event.target === document.body)) return;
  if (event.target.closest("button") && ["Enter", " "].includes(event.key)) return;
  const command = choose(event);
  if (!command) return;
  event.preventDefault();
  command(event);
}

export function startKeys() {
  document.addEventListener("keydown", press);
  view.addEventListener("focusin", ({ target }) => {
    const key = target.dataset?.card;
    if (key && target.matches(":focus-visible") && !selection.selected.has(key)) selection.select([key]);
  });
}
