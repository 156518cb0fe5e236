// What can be done with selected rows appears with the first of them; Shift selects a range. With a whole page selected,
// all rows of the list are offered.

export function watchSelection() {
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".c-sheet [name=row]");
    if (box && event.shiftKey && last) range(last, box);
    if (box) last = box;
    if (event.target.closest?.("[data-select-rows]")) selectRows(true);
    if (event.target.closest?.("[data-select-all]")) selectAll(true);
    if (event.target.closest?.("[data-select-page]")) selectAll(false);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-all]")) return selectRows(event.target.checked);
    if (event.target.matches?.(".c-sheet [name=row]")) offer();
    show();
  });
  document.addEventListener("htmx:afterSettle", show);
}

const boxes = () => [...document.querySelectorAll(".c-sheet [name=row]")];

function range(from, to) {
  const all = boxes();
  const [first, last] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
  for (const box of all.slice(first, last + 1)) box.checked = to.checked;
}

function selectRows(isSelected) {
  for (const box of boxes()) box.checked = isSelected;
  offer();
  show();
}

// The server is asked for the number of all rows once a page is selected; another selection takes the offer back.
function offer() {
  const place = document.getElementById("bulk-all");
  if (!place) return;
  const isWhole = boxes().every((box) => box.checked);
  place.replaceChildren();
  if (isWhole) htmx.trigger(place, "page-selected");
}

function selectAll(isAll) {
  const [link, all] = document.querySelectorAll("#bulk-all > [data-select-all], #bulk-all > [data-all-selected]");
  link.hidden = isAll;
  all.hidden = all.disabled = !isAll;
  (isAll ? all.querySelector("[tabindex]") : link).focus();
  show();
}

function show() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const count = boxes().filter((box) => box.checked).length;
  const output = bar.querySelector("output");
  bar.hidden = count === 0;
  bar.querySelector("[data-select-rows]").hidden = count === boxes().length;
  output.textContent = count === 1 ? output.dataset.one : output.dataset.many.replace("{n}", count);
  output.hidden = bar.querySelector("[data-all-selected]:not([disabled])") !== null;
  const all = document.querySelector("[data-all]");
  if (!all) return;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
}
