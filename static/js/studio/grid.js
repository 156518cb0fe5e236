// The grid: moving between cells with the keyboard, editing where one stands, columns by drag, rows in a drawer.

import { watchColumns } from "./grid_columns.js";
import { watchDrawer } from "./grid_drawer.js";
import { watchSelection } from "./grid_selection.js";

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const STOPS = "td, th summary, th a, thead th input"; // what can have the focus: a value, or what a head holds
const TYPED = "input:not([type=date], [type=time], [type=datetime-local], [type=file]), textarea";
const grid = () => document.querySelector(".c-sheet");
const cellOf = (element) => element.closest?.(".c-sheet :is(td, th)");

let typed = null; // what was typed before the editor was there
let opening = null; // the cell that waits for its editor
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

function edit(cell, character = null) {
  if (opening || !grid().classList.contains("is-editable") || cell.matches(".is-fixed, th") || cell.querySelector("form")) return;
  typed = character;
  cell.dataset.before = cell.innerHTML;
  const url = grid().dataset.cells.replace("/0/", `/${cell.parentElement.dataset.id}/`).replace("NAME", nameOf(cell));
  opening = cell;
  htmx.ajax("GET", url, { target: cell, swap: "innerHTML" }).then(() => (opening = null));
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
  if (cell === opening) typeAhead(event);
  else if (event.key in MOVES) focus(neighbour(cell, MOVES[event.key]));
  else if (event.key === "Home") focus(row.cells[1]);
  else if (event.key === "End") focus(row.cells[row.cells.length - 1]);
  else if (row.parentElement.matches("thead")) return;
  else if (event.key === " ") row.querySelector("[name=row]")?.click();
  else if (cell.matches("th")) return;
  else if (event.key === "Enter" || event.key === "F2") edit(cell);
  else if (isPlain && (event.key === "Delete" || event.key === "Backspace")) edit(cell, "");
  else if (isPlain && event.key.length === 1) edit(cell, event.key);
  else return;
  event.preventDefault();
});

function typeAhead({ key }) {
  if (key.length === 1) typed = (typed ?? "") + key;
}

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
  if (cellOf(event.target) && event.target.matches(STOPS)) enterAt(event.target);
});
// A click elsewhere saves what was typed, as a spreadsheet does.
document.addEventListener("pointerdown", (event) => {
  const form = document.querySelector(".c-sheet .c-cell-form");
  if (form && !form.contains(event.target)) save(form.closest("td"), null);
});
document.addEventListener("copy", (event) => {
  if (!event.target.matches?.(".c-sheet td") || !getSelection().isCollapsed) return;
  event.clipboardData.setData("text/plain", event.target.innerText.trim());
  event.preventDefault();
});

document.addEventListener("htmx:afterSettle", (event) => {
  const cell = event.detail.target;
  if (!cell.matches?.(".c-sheet td")) return;
  const input = cell.querySelector("form :is(input:not([type=hidden], [data-ids]), select, textarea)");
  if (!input) return settle(cell);
  if (typed !== null && input.matches(TYPED)) input.value = typed;
  else input.select?.();
  typed = null;
  input.focus();
});

// A value that was saved: on to the next cell, unless somebody has gone elsewhere by a click.
function settle(cell) {
  const next = leaveTo && neighbour(cell, leaveTo);
  leaveTo = null;
  if (next || document.activeElement === document.body) focus(next ?? cell);
}

function prepare() {
  for (const cell of grid()?.querySelectorAll("tbody td") ?? []) cell.tabIndex = -1;
  const stops = grid()?.querySelectorAll("th :is(summary, a, input)") ?? [];
  for (const stop of stops) stop.tabIndex = -1;
  grid()?.querySelector("tbody td")?.setAttribute("tabindex", "0");
}

watchColumns(grid);
watchSelection();
watchDrawer();
document.addEventListener("htmx:afterSettle", (event) => event.detail.target.id === "rows" && prepare());
prepare();
