// What can be done with selected rows appears with the first of them; Shift selects a range.

export function watchSelection() {
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".c-sheet [name=row]");
    if (box && event.shiftKey && last) range(last, box);
    if (box) last = box;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
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

function show() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const count = boxes().filter((box) => box.checked).length;
  const output = bar.querySelector("output");
  bar.hidden = count === 0;
  output.textContent = count === 1 ? output.dataset.one : output.dataset.many.replace("{n}", count);
  const all = document.querySelector("[data-all]");
  if (all) all.indeterminate = count > 0 && count < boxes().length;
}
