// The whole workflow, small, with the part one sees; a click or a drag in it goes there.
import { cards, root, view } from "./state.js";
import { at, bounds, look, onLook } from "./view.js";

const map = root.querySelector("[data-map]");
const all = map.querySelector(".b-map__cards");
const seen = map.querySelector(".b-map__view");
const MARGIN = 200;
const FEW = 4; // so few are seen at once

function showCards() {
  all.setAttribute("d", [...cards.values()].map((card) => `M${card.x} ${card.y}h${card.width}v${card.height}h${-card.width}z`).join(""));
  map.toggleAttribute("data-hidden", cards.size < FEW);
  showView();
}

function showView() {
  const drawn = bounds();
  if (!drawn) return;
  const [left, top] = [-at.x / at.scale, -at.y / at.scale];
  const [width, height] = [view.clientWidth / at.scale, view.clientHeight / at.scale];
  const box = [Math.min(drawn.left - MARGIN, left), Math.min(drawn.top - MARGIN, top)];
  box.push(Math.max(drawn.right + MARGIN, left + width) - box[0], Math.max(drawn.bottom + MARGIN, top + height) - box[1]);
  map.setAttribute("viewBox", box.join(" "));
  for (const [name, value] of Object.entries({ x: left, y: top, width, height })) seen.setAttribute(name, value);
}

function go(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
  look(view.clientWidth / 2 - point.x * at.scale, view.clientHeight / 2 - point.y * at.scale);
}

export function startMinimap() {
  onLook(showView);
  root.addEventListener("builder:drawn", showCards);
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    go(event);
  });
  map.addEventListener("pointermove", (event) => map.hasPointerCapture(event.pointerId) && go(event));
  addEventListener("resize", showView);
  showCards();
}
