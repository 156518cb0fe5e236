// The builder: puts its parts together.
import { addAfter, addLoose, addNext, arrange, cut, insertOn } from "./actions.js";
import { startClipboard } from "./clipboard.js";
import { redo, showMarks, undo } from "./draft.js";
import { startKeys } from "./keys.js";
import { startMinimap } from "./minimap.js";
import { startPanel } from "./panel.js";
import { startPicker } from "./picker.js";
import { startPointer } from "./pointer.js";
import { startRename } from "./rename.js";
import { cards, lines, read, root, view } from "./state.js";
import { at, fit, look, reveal, startView, zoom } from "./view.js";
import * as selection from "./selection.js";

const DOES = {
  add: () => addNext(),
  note: () => addLoose("note"),
  undo: () => undo(),
  redo: () => redo(),
  arrange: async () => (await arrange()) && fit(),
  choose: (button) => button.setAttribute("aria-pressed", String(button.ariaPressed !== "true")),
  help: () => root.querySelector("[data-help]").showModal(),
  in: () => zoom(1.2),
  out: () => zoom(1 / 1.2),
  one: () => look(at.x, at.y, 1),
  fit: () => fit(),
};

function click(event) {
  const button = event.target.closest("[data-do]");
  if (button) return DOES[button.dataset.do](button);
  if (event.target.closest("[data-first]")) return addLoose(null, [40, 40]);
  const near = [event.clientX, event.clientY];
  const port = event.target.closest("[data-add-after]")?.closest("[data-port]");
  if (port) return addAfter(port.closest("[data-card]").dataset.card, port.dataset.port, { near });
  const line = lines.get(event.target.closest("[data-line]")?.dataset.line);
  if (line && event.target.closest("[data-insert]")) return insertOn(line, near);
  if (line && event.target.closest("[data-cut]")) return cut(line);
  const problem = event.target.closest("[data-go]");
  return problem && goTo(problem.dataset.go);
}

function goTo(key) {
  if (!cards.has(key)) return;
  selection.select([key]);
  reveal(cards.get(key));
  root.dispatchEvent(new CustomEvent("builder:open", { detail: { key } }));
}

read();
startView();
startMinimap();
startPicker();
startPanel();
startPointer();
startKeys();
startClipboard();
startRename();
showMarks();
selection.refresh();
root.addEventListener("click", click);
const note = root.querySelector("[data-do=note]");
if (note) note.hidden = !root.querySelector('[data-picker] [data-value="note"]');
goTo(location.hash.slice(1));
view.dataset.ready = "";
