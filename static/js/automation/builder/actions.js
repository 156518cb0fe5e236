// What people do to a workflow, by hand or by keys: each becomes operations of the draft.
import { act } from "./draft.js";
import { chooseKind, chooseStep } from "./picker.js";
import { cards, GRID, isOff, lines, linesFrom, root, steps } from "./state.js";
import { centre, reveal, toClient } from "./view.js";
import { tell, word } from "./words.js";
import * as selection from "./selection.js";

const HEIGHT = 60; // of a usual card

const snap = (value) => Math.round(value / GRID) * GRID;

function open(key) {
  reveal(cards.get(key));
  root.dispatchEvent(new CustomEvent("builder:open", { detail: { key } }));
}

// Adds one step and shows its settings.
async function add(operation) {
  const answer = await act([operation]);
  const key = answer?.added[0];
  if (!key) return null;
  selection.select([key]);
  tell("added", cards.get(key).label);
  open(key);
  return key;
}

const beside = (card, y = 0) => toClient(card.x + card.width + 24, card.y + y);

// Behind an output; `place` is where its input shall be, else the server finds room.
export async function addAfter(key, port, { place = null, near = null, before } = {}) {
  const card = cards.get(key);
  const kind = await chooseKind("next", near ?? beside(card));
  card.element.focus({ preventScroll: true });
  if (!kind) return null;
  const step = place ? { kind, x: snap(place[0]), y: snap(place[1] - HEIGHT / 2) } : { kind };
  return add({ op: "add", step, after: { step: key, port }, ...(before ? { before } : {}) });
}

export async function insertOn(line, near) {
  const { source, port, target } = line;
  return addAfter(source, port, { near, before: target });
}

// A step that follows nothing, in the middle of what one sees or at a place.
export async function addLoose(kind = null, place = null) {
  kind ??= await chooseKind(cards.size ? "next" : "first");
  if (!kind) return null;
  const [x, y] = place ?? free(centre());
  return add({ op: "add", step: { kind, x: snap(x), y: snap(y) } });
}

// The nearest place below on which no card lies.
function free([x, y]) {
  const all = [...cards.values()];
  while (all.some((card) => Math.abs(card.x - x) < card.width && Math.abs(card.y - y) < card.height)) y += 100;
  return [x, y];
}

// The key A: behind the current step, else anywhere.
export function addNext() {
  const card = selection.current();
  const port = card && [...card.ports.keys()];
  if (!port?.length) return addLoose();
  const open = port.find((name) => !linesFrom(card.key).some((line) => line.port === name));
  return addAfter(card.key, open ?? port[0]);
}

export async function connectTo(card) {
  if (!card?.ports.size) return;
  const choices = steps().filter((each) => each !== card).flatMap((each) => [...card.ports.keys()].map((port) => choiceOf(card, port, each)));
  const value = await chooseStep(word("connect", card.label), choices, beside(card));
  card.element.focus({ preventScroll: true });
  if (!value) return;
  const [port, target] = JSON.parse(value);
  const way = { source: card.key, port, target };
  act([{ op: lines.has(`${card.key}.${port}.${target}`) ? "disconnect" : "connect", ...way }]);
}

function choiceOf(card, port, target) {
  const name = card.ports.size > 1 ? portName(card, port) : "";
  const connected = lines.has(`${card.key}.${port}.${target.key}`) ? word("connected") : "";
  return { card: target, value: JSON.stringify([port, target.key]), remark: [name, connected].filter(Boolean).join(" · ") };
}

function portName(card, port) {
  return card.element.querySelector(`[data-port="${CSS.escape(port)}"] .b-port__label`)?.textContent ?? port;
}

// Steps, or the connection that is selected. What comes next in the drawing gets the focus.
export async function remove() {
  const line = lines.get(selection.line);
  if (line) return cut(line);
  const keys = [...selection.selected];
  if (!keys.length) return null;
  const next = keys.flatMap((key) => [...lines.values()].filter((each) => each.target === key).map((each) => each.source)).find((key) => !selection.selected.has(key));
  const names = keys.map((key) => cards.get(key).label).join(", ");
  const answer = await act([{ op: "remove", steps: keys, close: keys.length === 1 }]);
  if (!answer) return null;
  if (next) selection.select([next]);
  tell("removed", names);
  return answer;
}

export const cut = ({ source, port, target }) => act([{ op: "disconnect", source, port, target }]);

// Several at once: off, unless all of them are.
export function switchOff() {
  const chosen = [...selection.selected].map((key) => cards.get(key)).filter((card) => !card.isNote);
  const is_disabled = !chosen.every(isOff);
  act(chosen.map((card) => ({ op: "configure", step: card.key, is_disabled })));
}

export async function arrange() {
  const some = selection.selected.size > 1 ? { steps: [...selection.selected] } : {};
  root.classList.add("is-tidying");
  const answer = await act([{ op: "arrange", ...some }]);
  setTimeout(() => root.classList.remove("is-tidying"), 400);
  if (answer) tell("tidied");
  return answer;
}

export function rename(key, label) {
  return act([{ op: "configure", step: key, label }]);
}

// With the keys: a step of the grid.
export function nudge(dx, dy) {
  const places = Object.fromEntries([...selection.selected].map((key) => cards.get(key)).map((card) => [card.key, [card.x + dx * GRID, card.y + dy * GRID]]));
  if (Object.keys(places).length) act([{ op: "move", places }]);
}

