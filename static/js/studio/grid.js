// The grid: moving between cells with the keyboard, editing where one stands, columns by drag, rows in a drawer.

import { watchColumns } from "./grid_columns.js";
import { watchSelection } from "./grid_selection.js";

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const drawer = document.getElementById("drawer");
const grid = () => document.querySelector(".c-sheet");
const cellOf = (element) => element.closest?.(".c-sheet tbody td");

let typed = null; // the character that opened the editor
let leaveTo = null; // where the focus goes once a value is saved

function nameOf(cell) {
  return grid().tHead.rows[0].cells[cell.cellIndex].dataset.name;
}

function neighbour(cell, [down, right]) {
  const row = grid().tBodies[0].rows[cell.parentElement.sectionRowIndex + down];
  const next = row?.cells[cell.cellIndex + right];
  return next?.tagName === "TD" ? next : null;
}

function focus(cell) {
  if (!cell) return;
  grid().querySelector("td[tabindex='0']")?.setAttribute("tabindex", "-1");
  cell.tabIndex = 0;
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function edit(cell, character = null) {
  if (!grid().classList.contains("is-editable") || cell.classList.contains("is-fixed") || cell.querySelector("form")) return;
  typed = character;
  cell.dataset.before = cell.innerHTML;
  const url = grid().dataset.cells.replace("/0/", `/${cell.parentElement.dataset.id}/`).replace("NAME", nameOf(cell));
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
  if (!cell) return;
  const form = event.target.closest("form");
  if (form) return keyInEditor(event, cell);
  if (event.key in MOVES) focus(neighbour(cell, MOVES[event.key]));
  else if (event.key === "Home") focus(cell.parentElement.cells[1]);
  else if (event.key === "End") focus(cell.parentElement.cells[cell.parentElement.cells.length - 1]);
  else if (event.key === "Enter" || event.key === "F2") edit(cell);
  else if (event.key === " ") cell.parentElement.querySelector("[name=row]")?.click();
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) edit(cell, event.key);
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
  const cell = cellOf(event.target);
  if (cell && event.target === cell) focus(cell);
});
// A click elsewhere saves what was typed, as a spreadsheet does.
document.addEventListener("pointerdown", (event) => {
  const form = document.querySelector(".c-sheet .c-cell-form");
  if (form && !form.contains(event.target)) save(form.closest("td"), null);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const cell = event.detail.target;
  if (!cell.matches?.(".c-sheet td")) return;
  const input = cell.querySelector("form :is(input:not([type=hidden]), select, textarea)");
  if (!input) return settle(cell);
  if (typed !== null && input.matches("input:not([type=date], [type=time], [type=datetime-local], [type=file]), textarea")) input.value = typed;
  else input.select?.();
  typed = null;
  input.focus();
});

// A value that was saved: on to the next cell.
function settle(cell) {
  const next = leaveTo && neighbour(cell, leaveTo);
  leaveTo = null;
  focus(next ?? cell);
}

// --- Rows open in a drawer; without JavaScript the same links are pages.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    htmx.ajax("GET", link.href, { target: "#drawer-body", swap: "innerHTML" }).then(() => drawer.showModal());
  } else if (event.target.closest("#drawer [data-close]") || event.target === drawer) {
    event.preventDefault();
    drawer.close();
  }
});
document.body.addEventListener("rows-changed", () => drawer.close());
drawer.addEventListener("close", () => drawer.firstElementChild.replaceChildren());

// One menu at a time, and Escape closes it.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.c-menu") || !event.target.open) return;
  for (const other of document.querySelectorAll("details.c-menu[open]")) if (other !== event.target) other.open = false;
}, true);
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.c-menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.c-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

watchColumns(grid);
watchSelection();
// The first cell is where Tab enters the grid.
const enter = () => grid()?.querySelector("tbody td")?.setAttribute("tabindex", "0");
document.addEventListener("htmx:afterSettle", (event) => event.detail.target.id === "rows" && enter());
enter();
