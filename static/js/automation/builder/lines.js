// Lines that follow cards while they are dragged; nocode/automation/drawing/routes.py draws the same curve.
import { cards, lines, root } from "./state.js";

const [BEND, WIDEST_BEND] = [40, 160];
const draft = root.querySelector("[data-draft-line]");

export function curve([x1, y1], [x2, y2]) {
  const width = x2 - x1;
  const reach = Math.max(BEND, width >= 0 ? width / 2 : Math.min(-width / 2, WIDEST_BEND));
  return `M${x1} ${y1}C${x1 + reach} ${y1} ${x2 - reach} ${y2} ${x2} ${y2}`;
}

export const outOf = (card, port) => [card.x + card.width, card.y + (card.ports.get(port) ?? card.height)];
export const into = (card) => [card.x, card.y + card.height / 2];

export const touching = (keys) => [...lines.values()].filter((line) => keys.has(line.source) || keys.has(line.target));

export function redraw(line) {
  const [start, end] = [outOf(cards.get(line.source), line.port), into(cards.get(line.target))];
  const path = curve(start, end);
  for (const each of line.paths) each.setAttribute("d", path);
  line.tools?.setAttribute("transform", `translate(${(start[0] + end[0]) / 2} ${(start[1] + end[1]) / 2})`);
}

export function showDraft(start, end) {
  draft.setAttribute("d", start ? curve(start, end) : "");
}
