// What a hand does on the canvas: drag steps, the ground or a box, pull a line out of an output, pinch.
import { startLine } from "./connect.js";
import { act, hold, release } from "./draft.js";
import { redraw, touching } from "./lines.js";
import { cards, GRID, mayChange, place, root, view } from "./state.js";
import { at, look, toWorld, zoom } from "./view.js";
import * as selection from "./selection.js";

const FAR = 4; // pixels a pointer moves before it drags
const box = root.querySelector("[data-box]");
const pointers = new Map(); // fingers on the ground
let spaceIsDown = false;

export const pointerAt = { x: null, y: null }; // the last place of the pointer, where something is pasted

// Follows one pointer until it is lifted: move(dx, dy, event) once per frame, then end(hasMoved, event).
function follow(event, { move, end }) {
  const [x, y] = [event.clientX, event.clientY];
  let [latest, frame, hasMoved] = [null, 0, false];
  const step = () => {
    frame = 0;
    move?.(latest.clientX - x, latest.clientY - y, latest);
  };
  const onMove = (next) => {
    if (next.pointerId !== event.pointerId) return;
    hasMoved ||= Math.hypot(next.clientX - x, next.clientY - y) > FAR;
    latest = next;
    if (hasMoved) frame ||= requestAnimationFrame(step);
  };
  const onEnd = (next) => {
    if (next.pointerId !== undefined && next.pointerId !== event.pointerId) return;
    if (next.type === "keydown" && next.key !== "Escape") return;
    cancelAnimationFrame(frame);
    if (frame) step();
    for (const [name, listener] of listeners) removeEventListener(name, listener, true);
    root.classList.remove("is-dragging");
    end(hasMoved, next, next.type !== "pointerup");
  };
  const listeners = [["pointermove", onMove], ["pointerup", onEnd], ["pointercancel", onEnd], ["keydown", onEnd]];
  for (const [name, listener] of listeners) addEventListener(name, listener, true);
}

// --- Cards

function dragCards(event, card) {
  const wasSelected = selection.selected.has(card.key);
  if (event.shiftKey) return selection.toggle(card.key);
  if (!wasSelected) selection.select([card.key]);
  else card.element.focus({ preventScroll: true });
  const moving = mayChange ? [...selection.selected].map((key) => cards.get(key)) : [];
  const starts = new Map(moving.map((each) => [each, [each.x, each.y]]));
  const moved = touching(selection.selected);
  hold();
  follow(event, {
    move(dx, dy) {
      root.classList.add("is-dragging");
      const [shiftX, shiftY] = snapped(starts.get(card) ?? [0, 0], dx / at.scale, dy / at.scale);
      for (const [each, [x, y]] of starts) place(each, x + shiftX, y + shiftY);
      moved.forEach(redraw);
    },
    end(hasMoved, next, isCancelled) {
      if (isCancelled) for (const [each, [x, y]] of starts) place(each, x, y);
      if (isCancelled) moved.forEach(redraw);
      release();
      const places = Object.fromEntries([...starts].filter(([each, [x, y]]) => each.x !== x || each.y !== y).map(([each]) => [each.key, [each.x, each.y]]));
      if (Object.keys(places).length) act([{ op: "move", places }]);
      else if (!hasMoved && !isCancelled) {
        if (wasSelected) selection.select([card.key]);
        root.dispatchEvent(new CustomEvent("builder:open", { detail: { key: card.key } }));
      }
    },
  });
}

function snapped([x, y], dx, dy) {
  return [Math.round((x + dx) / GRID) * GRID - x, Math.round((y + dy) / GRID) * GRID - y];
}

// --- Ground

function dragGround(event) {
  const { x, y } = at;
  follow(event, {
    move(dx, dy) {
      if (pointers.size > 1) return;
      root.classList.add("is-dragging");
      look(x + dx, y + dy);
    },
    end(hasMoved) {
      if (!hasMoved && event.button === 0) selection.clear();
    },
  });
}

function dragBox(event) {
  const [left, top] = toWorld(event.clientX, event.clientY);
  const before = event.shiftKey ? [...selection.selected] : [];
  follow(event, {
    move(_dx, _dy, { clientX, clientY }) {
      const [right, bottom] = toWorld(clientX, clientY);
      const area = { left: Math.min(left, right), top: Math.min(top, bottom), right: Math.max(left, right), bottom: Math.max(top, bottom) };
      box.hidden = false;
      Object.assign(box.style, { transform: `translate(${area.left}px, ${area.top}px)`, width: `${area.right - area.left}px`, height: `${area.bottom - area.top}px` });
      const inside = [...cards.values()].filter((card) => card.x < area.right && card.x + card.width > area.left && card.y < area.bottom && card.y + card.height > area.top);
      selection.select([...before, ...inside.map((card) => card.key)], { focus: false });
    },
    end(hasMoved) {
      box.hidden = true;
      if (hasMoved) selection.select([...selection.selected]);
      else selection.clear();
      root.querySelector("[data-do=choose]")?.setAttribute("aria-pressed", "false");
    },
  });
}

// Two fingers: their distance zooms, their middle moves.
function pinch() {
  const [one, two] = [...pointers.values()];
  const now = { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, apart: Math.hypot(one.x - two.x, one.y - two.y) };
  if (pinch.last) {
    look(at.x + now.x - pinch.last.x, at.y + now.y - pinch.last.y);
    zoom(now.apart / pinch.last.apart, now.x, now.y);
  }
  pinch.last = now;
}

function lift(event) {
  pointers.delete(event.pointerId);
  pinch.last = null;
}

const isChoosing = (event) => event.shiftKey || root.querySelector("[data-do=choose]")?.getAttribute("aria-pressed") === "true";

function press(event) {
  if (event.target.closest("button, a, input, textarea, .b-tools, .b-zoom, .b-map, .b-line__tool")) return;
  const card = cards.get(event.target.closest("[data-card]")?.dataset.card);
  const port = event.target.closest("[data-pull]")?.closest("[data-port]")?.dataset.port;
  const line = event.target.closest("[data-line]");
  if (event.pointerType === "touch" && !card) pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (event.button > 1) return;
  if (event.target.closest("[contenteditable=plaintext-only]")) return;
  event.preventDefault();
  if (document.activeElement !== view && !view.contains(document.activeElement)) document.activeElement?.blur();
  if (event.button === 1 || spaceIsDown) return dragGround(event);
  if (card && port && mayChange) return startLine(event, card, port, follow);
  if (card) return dragCards(event, card);
  if (line) return selection.selectLine(line.dataset.line);
  view.focus({ preventScroll: true });
  if (isChoosing(event)) return dragBox(event);
  dragGround(event);
}

export function startPointer() {
  view.tabIndex = -1;
  view.addEventListener("pointerdown", press);
  addEventListener("pointermove", (event) => {
    [pointerAt.x, pointerAt.y] = [event.clientX, event.clientY];
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 2) pinch();
  });
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift);
  addEventListener("keydown", (event) => event.code === "Space" && view.contains(document.activeElement) && (spaceIsDown = true));
  addEventListener("keyup", (event) => event.code === "Space" && (spaceIsDown = false));
}
