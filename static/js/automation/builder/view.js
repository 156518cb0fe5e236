// Where one looks: pan by dragging the ground, the middle button or space; zoom by wheel, pinch and keys.
import { cards, root, view, world } from "./state.js";

const [SMALLEST, LARGEST] = [0.1, 2];
const READABLE = 0.5;
const MARGIN = 48;
const TOOLS = 64; // the width of what floats at the left
const label = root.querySelector("[data-zoom]");
const kept = `builder.${root.dataset.workflow}`;

export const at = { x: 0, y: 0, scale: 1 };
let listeners = [];
let frame = 0;

export const onLook = (listener) => listeners.push(listener);

export function look(x, y, scale = at.scale) {
  Object.assign(at, { x, y, scale });
  world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  view.style.backgroundPosition = `${x}px ${y}px`;
  view.style.backgroundSize = `${20 * scale}px ${20 * scale}px`;
  frame ||= requestAnimationFrame(settled);
}

// What need not follow each event of a gesture.
function settled() {
  frame = 0;
  label.textContent = `${Math.round(at.scale * 100)} %`;
  root.classList.toggle("is-far", at.scale < 0.45);
  for (const listener of listeners) listener();
}

export function toWorld(clientX, clientY) {
  const box = view.getBoundingClientRect();
  return [(clientX - box.left - at.x) / at.scale, (clientY - box.top - at.y) / at.scale];
}

export function toClient(x, y) {
  const box = view.getBoundingClientRect();
  return [box.left + at.x + x * at.scale, box.top + at.y + y * at.scale];
}

export function centre() {
  const box = view.getBoundingClientRect();
  return toWorld(box.left + box.width / 2, box.top + box.height / 2);
}

export function zoom(factor, clientX, clientY) {
  const box = view.getBoundingClientRect();
  const [left, top] = [(clientX ?? box.left + box.width / 2) - box.left, (clientY ?? box.top + box.height / 2) - box.top];
  const scale = Math.min(Math.max(at.scale * factor, SMALLEST), LARGEST);
  look(left - ((left - at.x) * scale) / at.scale, top - ((top - at.y) * scale) / at.scale, scale);
}

export function bounds() {
  const all = [...cards.values()];
  if (!all.length) return null;
  return {
    left: Math.min(...all.map((card) => card.x)),
    top: Math.min(...all.map((card) => card.y)),
    right: Math.max(...all.map((card) => card.x + card.width)),
    bottom: Math.max(...all.map((card) => card.y + card.height)),
  };
}

export function fit() {
  const all = bounds();
  if (!all) return look(TOOLS, MARGIN, 1);
  const left = view.clientWidth > 6 * TOOLS ? TOOLS : 0;
  const [width, height] = [view.clientWidth - left - 2 * MARGIN, view.clientHeight - 2 * MARGIN];
  const scale = Math.max(Math.min(width / (all.right - all.left), height / (all.bottom - all.top), 1), SMALLEST);
  look(
    (left + view.clientWidth - (all.left + all.right) * scale) / 2,
    (view.clientHeight - (all.top + all.bottom) * scale) / 2,
    scale,
  );
}

// Of what is too large to be read whole, the left end.
function showBeginning() {
  const first = [...cards.values()].filter((card) => !card.isNote).sort((a, b) => a.x - b.x)[0];
  look(TOOLS + MARGIN - first.x * READABLE, view.clientHeight / 2 - (first.y + first.height / 2) * READABLE, READABLE);
}

// Brings a card into view, with room around it.
export function reveal(card) {
  const sheet = root.querySelector("[data-panel]:not([hidden])")?.getBoundingClientRect();
  const covered = sheet ? Math.max(view.getBoundingClientRect().bottom - sheet.top, 0) : 0;
  const height = view.clientHeight - (covered < view.clientHeight ? covered : 0); // the panel comes from below on a phone
  const [left, top] = [at.x + card.x * at.scale, at.y + card.y * at.scale];
  const [right, bottom] = [left + card.width * at.scale, top + card.height * at.scale];
  const dx = left < MARGIN ? MARGIN - left : Math.min(view.clientWidth - MARGIN - right, 0);
  const dy = top < MARGIN ? MARGIN - top : Math.min(height - MARGIN - bottom, 0);
  if (dx || dy) look(at.x + dx, at.y + dy);
}

// A wheel turns in large steps; two fingers on a pad glide.
function isWheel(event) {
  return event.ctrlKey || event.metaKey || event.deltaMode !== 0 || (event.deltaX === 0 && Math.abs(event.deltaY) >= 50);
}

function turn(event) {
  event.preventDefault();
  if (!isWheel(event)) return look(at.x - event.deltaX, at.y - event.deltaY);
  const step = event.deltaMode ? event.deltaY * 33 : event.deltaY;
  zoom(Math.exp(-Math.max(Math.min(step, 200), -200) * (event.ctrlKey && Math.abs(step) < 50 ? 0.01 : 0.002)), event.clientX, event.clientY);
}

export function startView() {
  view.addEventListener("wheel", turn, { passive: false });
  view.addEventListener("scroll", () => view.scrollTo(0, 0)); // a browser scrolls to what has the focus
  addEventListener("pagehide", () => sessionStorage.setItem(kept, JSON.stringify(at)));
  const before = JSON.parse(sessionStorage.getItem(kept) ?? "null");
  if (before) return look(before.x, before.y, before.scale);
  fit();
  if (at.scale < READABLE) showBeginning();
}
