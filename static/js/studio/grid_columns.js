// Columns are moved by dragging their heads and resized by dragging the grip; the menu of each head does the same by keyboard.

const NARROWEST = 60;

export function watchColumns(grid) {
  let moved = null;

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (grip) resize(grid(), grip.closest("th"), event);
  });
  document.addEventListener("dragstart", (event) => {
    moved = event.target.closest?.(".c-sheet th[data-name]");
    if (moved) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    if (moved && event.target.closest?.(".c-sheet th[data-name]")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const target = event.target.closest?.(".c-sheet th[data-name]");
    if (!moved || !target || target === moved) return;
    event.preventDefault();
    move(grid(), moved.cellIndex, target.cellIndex);
    const after = grid().tHead.rows[0].cells[moved.cellIndex + 1];
    tell(grid(), { column: moved.dataset.name, do: "move", before: after?.dataset.name ?? "" });
  });
  document.addEventListener("dragend", () => (moved = null));
}

function move(table, from, to) {
  const rows = [table.querySelector("colgroup"), ...table.rows];
  for (const row of rows) {
    const [cell, target] = [row.children[from], row.children[to]];
    row.insertBefore(cell, from < to ? target.nextSibling : target);
  }
}

function resize(table, head, start) {
  start.preventDefault();
  const column = table.querySelector("colgroup").children[head.cellIndex];
  const before = head.offsetWidth;
  const width = (event) => Math.max(NARROWEST, Math.round(before + event.clientX - start.clientX));
  const drag = (event) => (column.style.width = `${width(event)}px`);
  document.addEventListener("pointermove", drag);
  document.addEventListener("pointerup", (event) => {
    document.removeEventListener("pointermove", drag);
    tell(table, { column: head.dataset.name, do: "resize", width: width(event) });
  }, { once: true });
}

function tell(table, values) {
  values.csrfmiddlewaretoken = document.getElementById("arrange").elements.csrfmiddlewaretoken.value;
  if (table.dataset.view) values.view = table.dataset.view;
  htmx.ajax("POST", table.dataset.arrange, { values, swap: "none" });
}
