// The designer of a page: a click in the preview opens a block, entries of the outline can be dragged.

const designer = () => document.getElementById("designer");

function markSelected() {
  const { selected } = designer()?.dataset ?? {};
  for (const each of document.querySelectorAll("[data-preview] [data-block]")) {
    each.classList.toggle("is-selected", each.dataset.block === selected);
  }
}

function open(block) {
  const address = `${designer().dataset.url}?block=${block}`;
  htmx.ajax("GET", address, { target: "#designer", swap: "outerHTML" }).then(() => {
    history.replaceState({ htmx: true }, ""); // so that htmx knows both when somebody goes back
    history.pushState({ htmx: true }, "", address);
  });
}

// Nothing in the preview leads away, by mouse or by keyboard.
document.addEventListener("click", (event) => {
  const inside = event.target.closest("[data-preview]");
  const block = event.target.closest("[data-preview] [data-block]");
  if (!inside) return;
  event.preventDefault();
  if (block) open(block.dataset.block);
});

// --- Drag: drop an entry on another one to put it before that, or into a list to put it at its end.

let dragged = null;

function spotOf(event) {
  const near = event.target.closest("[data-place], .c-outline__slot");
  if (!dragged || !near || dragged.contains(near)) return null;
  const list = near.matches("[data-place]") ? near : near.querySelector("[data-place]");
  const entry = event.target.closest("[data-entry]");
  return { list, entry: entry?.parentElement === list ? entry : null };
}

function clear() {
  for (const each of document.querySelectorAll(".is-over, .is-dragged")) each.classList.remove("is-over", "is-dragged");
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-entry]") ?? null;
  dragged?.classList.add("is-dragged");
});
document.addEventListener("dragover", (event) => {
  const spot = spotOf(event);
  if (!spot) return;
  event.preventDefault();
  for (const each of document.querySelectorAll(".is-over")) each.classList.remove("is-over");
  (spot.entry ?? spot.list).classList.add("is-over");
});
document.addEventListener("dragend", () => {
  clear();
  dragged = null;
});
document.addEventListener("drop", (event) => {
  const spot = spotOf(event);
  if (!spot) return;
  event.preventDefault();
  const others = [...spot.list.children].filter((each) => each !== dragged);
  const form = document.querySelector("[data-moves]");
  form.elements.place.value = spot.list.dataset.place;
  form.elements.position.value = spot.entry ? others.indexOf(spot.entry) : others.length;
  const values = Object.fromEntries(new FormData(form));
  htmx.ajax("POST", dragged.dataset.movesTo, { target: "#designer", swap: "outerHTML", values });
});

// --- Fields depend on the table: choosing another one draws the form again.

document.addEventListener("change", (event) => {
  if (!event.target.matches('#block-form select[name="table"]')) return;
  const form = event.target.form;
  const address = form.getAttribute("hx-post").replace(/save\/$/, "form/");
  const values = {};
  for (const [name, value] of new FormData(form)) (values[name] ??= []).push(value);
  htmx.ajax("GET", address, { target: "#block-form", swap: "outerHTML", values });
});

document.addEventListener("htmx:afterSettle", markSelected);
markSelected();
