// Copy, cut and paste: steps as JSON text, so that they go from one workflow or tab to another, and into a message.
import { remove } from "./actions.js";
import { act } from "./draft.js";
import { pointerAt } from "./pointer.js";
import { cards, GRID, lines, mayChange, view } from "./state.js";
import { centre, toWorld } from "./view.js";
import { tell } from "./words.js";
import * as selection from "./selection.js";

const FORMAT = "nocode.steps";
const OFFSET = 2 * GRID;

const isWriting = (event) => event.target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
const isHere = () => view.contains(document.activeElement) || document.activeElement === document.body;

export function copied(keys) {
  const chosen = [...keys].map((key) => cards.get(key));
  const inside = [...lines.values()].filter((line) => keys.has(line.source) && keys.has(line.target));
  return {
    format: FORMAT,
    steps: chosen.map((card) => ({ ...JSON.parse(card.element.dataset.spelled), x: card.x, y: card.y })),
    connections: inside.map(({ source, port, target }) => ({ source, port, target })),
  };
}

function copy(event) {
  if (isWriting(event) || !selection.selected.size || !isHere() || String(getSelection())) return;
  event.clipboardData.setData("text/plain", JSON.stringify(copied(selection.selected), null, 2));
  event.preventDefault();
  tell("copied", selection.selected.size);
  if (event.type === "cut" && mayChange) remove();
}

function readSteps(text) {
  try {
    const given = JSON.parse(text);
    return Array.isArray(given?.steps) && given.steps.length ? given : null;
  } catch {
    return null;
  }
}

export async function pasteSteps(given, [left, top]) {
  const [x, y] = [Math.min(...given.steps.map((step) => step.x ?? 0)), Math.min(...given.steps.map((step) => step.y ?? 0))];
  const snap = (value) => Math.round(value / GRID) * GRID;
  const moved = given.steps.map((step) => ({ ...step, x: snap((step.x ?? 0) - x + left), y: snap((step.y ?? 0) - y + top) }));
  const answer = await act([{ op: "paste", steps: moved, connections: given.connections ?? [] }]);
  if (!answer) return;
  selection.select(answer.added);
  tell("pasted", answer.added.length);
}

// Where the pointer is over the canvas, else in the middle of it.
function target() {
  const box = view.getBoundingClientRect();
  const { x, y } = pointerAt;
  const isOver = x !== null && x > box.left && x < box.right && y > box.top && y < box.bottom;
  return isOver ? toWorld(x, y) : centre();
}

function paste(event) {
  if (isWriting(event) || !mayChange || !isHere()) return;
  const given = readSteps(event.clipboardData.getData("text/plain"));
  event.preventDefault();
  if (given) pasteSteps(given, target());
  else tell("nothing");
}

export function duplicate() {
  const chosen = copied(selection.selected);
  if (!chosen.steps.length) return;
  pasteSteps(chosen, [Math.min(...chosen.steps.map((step) => step.x)) + OFFSET, Math.min(...chosen.steps.map((step) => step.y)) + 2 * OFFSET]);
}

export function startClipboard() {
  document.addEventListener("copy", copy);
  document.addEventListener("cut", copy);
  document.addEventListener("paste", paste);
}
