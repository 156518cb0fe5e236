// The grid: moving between cells with the keyboard, editing where one stands, columns by drag, rows in a drawer.

import { watchColumns } from "./grid_columns.js";
import { watchDrawer } from "./grid_drawer.js";
import { watchSelection } from "./grid_selection.js";
import { forget, goOn, isLetter, isWaiting, isWritten, wait, watchTyping } from "./grid_typing.js";
import { watchUndo } from "./grid_undo.js";

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const STOPS = "td, th summary, th a, thead th input"; // what can have the focus: a value, or what a head holds
const grid = () => document.querySelector(".c-sheet");
const cellOf = (element) => element.closest?.(".c-sheet :is(td, th)");

let opening = null; // the cell that waits for its editor
let isReplaced = false; // whether what is typed replaces the value
let leaveTo = null; // where the focus goes once a value is saved

function nameOf(cell) {
  return grid().tHead.rows[0].cells[cell.cellIndex].dataset.name;
}

function neighbour(cell, [down, right]) {
  return grid().rows[cell.parentElement.rowIndex + down]?.cells[cell.cellIndex + right];
}

function focus(cell) {
  const stop = cell?.matches("td") ? cell : cell?.querySelector(STOPS);
  if (!stop) return;
  enterAt(stop);
  stop.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Tab enters the grid at one place and leaves it from there; the arrows reach the others.
function enterAt(stop) {
  for (const other of grid().querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
  stop.tabIndex = 0;
}

function edit(cell, { replaces = false, first = null } = {}) {
  if (isWaiting() || !grid().classList.contains("is-editable") || cell.matches(".is-fixed, th") || cell.querySelector("form")) return;
  hideFailure();
  cell.dataset.before = cell.innerHTML;
  const url = grid().dataset.cells.replace("/0/", `/${cell.parentElement.dataset.id}/`).replace("NAME", nameOf(cell));
  opening = cell;
  isReplaced = replaces;
  wait(cell, first);
  htmx.ajax("GET", url, { target: cell, swap: "innerHTML" });
}

function cancel(cell) {
  cell.innerHTML = cell.dataset.before;
  focus(cell);
}

function save(cell, goTo) {
  leaveTo = goTo;
  cell.querySelector("form").requestSubmit();
}

document.addEventListener("keydown", (event) => {
  const cell = cellOf(event.target);
  if (!cell || event.defaultPrevented) return; // a menu has taken it
  if (cell.querySelector("form") && cell.matches("td")) return keyInEditor(event, cell);
  const row = cell.parentElement;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key in MOVES) focus(neighbour(cell, MOVES[event.key]));
  else if (event.key === "Home") focus(row.cells[1]);
  else if (event.key === "End") focus(row.cells[row.cells.length - 1]);
  else if (row.parentElement.matches("thead")) return;
  else if (event.key === " ") row.querySelector("[name=row]")?.click();
  else if (cell.matches("th")) return;
  else if (event.key === "Enter" || event.key === "F2") edit(cell);
  else if (isPlain && (event.key === "Delete" || event.key === "Backspace")) edit(cell, { replaces: true });
  else if (isLetter(event)) edit(cell, { replaces: true, first: event });
  else return;
  event.preventDefault();
});

function keyInEditor(event, cell) {
  const lines = event.target.matches("textarea");
  if (event.key === "Escape") cancel(cell);
  else if (event.key === "Tab") save(cell, [0, event.shiftKey ? -1 : 1]);
  else if (event.key === "Enter" && (!lines || event.ctrlKey || event.metaKey)) save(cell, [1, 0]);
  else return;
  event.preventDefault();
}

document.addEventListener("dblclick", (event) => {
  const cell = cellOf(event.target);
  if (cell) edit(cell);
});
document.addEventListener("focusin", (event) => {
  if (!cellOf(event.target)) return;
  hideFailure();
  if (event.target.matches(STOPS)) enterAt(event.target);
});
// A click elsewhere saves what was typed, as a spreadsheet does.
document.addEventListener("pointerdown", (event) => {
  const form = document.querySelector(".c-sheet .c-cell-form");
  if (isWaiting()) leaveTo = null;
  else if (form && !form.contains(event.target)) save(form.closest("td"), null);
});
document.addEventListener("copy", (event) => {
  if (!event.target.matches?.(".c-sheet td") || !getSelection().isCollapsed) return;
  event.clipboardData.setData("text/plain", event.target.innerText.trim());
  event.preventDefault();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".c-sheet .c-cell-form")) return;
  hideFailure();
  wait(event.target.closest("td"));
});
document.addEventListener("htmx:afterSettle", (event) => {
  const cell = event.detail.target;
  if (!cell.matches?.(".c-sheet td")) return;
  const input = editorOf(cell);
  if (!input) return cell === opening ? fail(cell) : settle(cell);
  const isNew = cell === opening;
  opening = null;
  if (isNew && isReplaced && isWritten(input)) input.value = "";
  else input.select?.();
  input.focus();
  if (isNew) goOn();
  else forget(); // a refused value: what followed was meant for another cell
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:sendAbort", "htmx:timeout"])
  document.addEventListener(failure, ({ detail: { target } }) => target?.matches?.(".c-sheet td") && fail(target));

function editorOf(cell) {
  return cell.querySelector(".c-cell-form :is(input:not([type=hidden], [data-ids]), select, textarea)");
}

// The server gave no answer that helps: a cell shows its old value, an editor keeps what was typed, and both say so.
function fail(cell) {
  if (cell === opening) cell.innerHTML = cell.dataset.before;
  opening = leaveTo = null;
  forget();
  if (editorOf(cell)) editorOf(cell).focus();
  else focus(cell);
  const words = document.createElement("p");
  words.className = "c-cell-form__error";
  words.dataset.failure = "";
  words.role = "alert";
  words.textContent = grid().dataset.failed;
  cell.append(words);
  words.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function hideFailure() {
  for (const words of grid().querySelectorAll("[data-failure]")) words.remove();
}

// A value that was saved: on to the next cell, unless somebody has gone elsewhere by a click.
function settle(cell) {
  const next = leaveTo && neighbour(cell, leaveTo);
  leaveTo = null;
  if (next || document.activeElement === document.body) focus(next ?? cell);
  goOn();
}

function prepare() {
  const labels = [...(grid()?.tHead.rows[0].cells ?? [])].map((head) => head.querySelector("summary")?.textContent);
  for (const cell of grid()?.querySelectorAll("tbody td") ?? []) {
    cell.tabIndex = -1;
    cell.dataset.label = labels[cell.cellIndex]; // which a small screen shows beside the value
  }
  const stops = grid()?.querySelectorAll("th :is(summary, a, input)") ?? [];
  for (const stop of stops) stop.tabIndex = -1;
  grid()?.querySelector("tbody td")?.setAttribute("tabindex", "0");
}

watchColumns(grid);
watchSelection();
watchTyping();
watchDrawer();
watchUndo();
document.addEventListener("htmx:afterSettle", (event) => event.detail.target.id === "rows" && prepare());
prepare();
