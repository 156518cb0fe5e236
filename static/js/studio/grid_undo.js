// Ctrl+Z takes back the last change of the grid, pressed again the one before it.

const ANY = "00000000-0000-0000-0000-000000000000";
const OWN = "input:not([type=checkbox]), select, textarea, dialog"; // they take back what was typed in them
const acts = [];

const place = () => document.getElementById("undone");

export function watchUndo() {
  if (place()?.dataset.last) acts.push(place().dataset.last);
  document.addEventListener("grid-act", ({ detail }) => acts.push(detail.batch));
  document.addEventListener("keydown", pressed);
}

function pressed(event) {
  const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
  if (!isUndo || event.target.closest(OWN) || !acts.length || !place()) return;
  event.preventDefault();
  takeBack(document.activeElement.closest(".c-sheet td"));
}

function takeBack(cell) {
  const [row, column] = [cell?.parentElement.dataset.id, cell?.cellIndex];
  const act = acts.pop();
  if (act === place().dataset.last) document.getElementById("undo-offer")?.remove();
  const values = { csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value };
  htmx.ajax("POST", place().dataset.undo.replace(ANY, act), { target: place(), swap: "innerHTML", values });
  document.addEventListener("htmx:afterSettle", function back({ detail: { target } }) {
    if (target.id !== "rows") return;
    document.removeEventListener("htmx:afterSettle", back);
    document.querySelector(`.c-sheet tr[data-id="${row}"]`)?.cells[column]?.focus();
  });
}
