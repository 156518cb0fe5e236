// Choosing rows of another table: words are searched on the server, the ids stand in a hidden input.

const boxOf = (element) => element.closest?.("[data-rows-choice]");
const part = (box, name) => box.querySelector(`[data-${name}]`);
const idsOf = (box) => part(box, "ids").value.split(/[\s,]+/).filter(Boolean);
let waiting = null;
let dropping = null;

async function ask(box, query, target) {
  const answer = await fetch(`${box.dataset.rowsChoice}?${new URLSearchParams(query)}`);
  if (answer.ok && !answer.redirected) target.innerHTML = await answer.text();
}

// A list of a page that works without scripts becomes what is searched.
function typed(list) {
  const ids = document.createElement("input");
  for (const { name, value } of list.attributes) if (name !== "multiple" && name !== "size") ids.setAttribute(name, value);
  ids.value = [...list.selectedOptions].map((option) => option.value).filter(Boolean).join(", ");
  list.replaceWith(ids);
  return ids;
}

function showChosen(box) {
  const ids = idsOf(box);
  const chosen = part(box, "chosen");
  if (ids.length) ask(box, { ids: ids.join(",") }, chosen);
  else chosen.replaceChildren();
}

function close(box) {
  clearTimeout(waiting);
  part(box, "options").hidden = true;
  part(box, "search").setAttribute("aria-expanded", "false");
}

async function search(box) {
  const words = part(box, "search").value;
  await ask(box, { q: words }, part(box, "options"));
  if (!box.contains(document.activeElement) || part(box, "search").value !== words) return;
  part(box, "options").hidden = false;
  part(box, "search").setAttribute("aria-expanded", "true");
}

function put(box, ids) {
  const input = part(box, "ids");
  input.value = ids.join(", ");
  input.dispatchEvent(new Event("change", { bubbles: true }));
  showChosen(box);
}

function prepare(root) {
  for (const box of root.querySelectorAll("[data-rows-choice]:not(.is-ready)")) {
    const words = part(box, "search");
    const ids = part(box, "ids").matches("select") ? typed(part(box, "ids")) : part(box, "ids");
    box.classList.add("is-ready");
    words.id = ids.id; // the label belongs to what is typed into
    ids.removeAttribute("id");
    const options = part(box, "options");
    options.id = `${words.id}_options`;
    options.setAttribute("aria-label", words.placeholder);
    words.setAttribute("aria-controls", options.id);
    if (ids.hasAttribute("aria-label")) words.setAttribute("aria-label", ids.getAttribute("aria-label"));
    if (ids.hasAttribute("aria-describedby")) words.setAttribute("aria-describedby", ids.getAttribute("aria-describedby"));
    ids.type = "hidden";
    words.hidden = false;
    showChosen(box);
  }
}

document.addEventListener("input", (event) => {
  const box = event.target.matches("[data-search]") && boxOf(event.target);
  if (!box) return;
  close(box); // what was found for other words is nothing to choose from
  waiting = setTimeout(search, 200, box);
});

document.addEventListener("focusin", (event) => {
  for (const open of document.querySelectorAll("[data-rows-choice].is-ready")) if (!open.contains(event.target)) close(open);
  const box = event.target.matches("[data-search]") && boxOf(event.target);
  if (box && box !== dropping && part(box, "options").hidden) search(box);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose], [data-drop]");
  const box = button && boxOf(button);
  for (const open of document.querySelectorAll("[data-rows-choice].is-ready")) if (!open.contains(event.target)) close(open);
  if (!box) return;
  const { choose, drop } = button.dataset;
  const others = idsOf(box).filter((id) => id !== (choose ?? drop));
  put(box, choose ? ["many" in box.dataset ? others : [], choose].flat() : others);
  part(box, "search").value = "";
  dropping = drop ? box : null; // who takes a row away wants to see what is left, not a list over it
  part(box, "search").focus();
  dropping = null;
  if (choose) close(box);
});

document.addEventListener("keydown", (event) => {
  const box = boxOf(event.target);
  if (!box) return;
  if (event.key === "Enter" && event.target.matches("[data-search]")) event.preventDefault(); // chooses, never saves
  if (part(box, "options").hidden) return;
  const options = [...box.querySelectorAll("[data-choose]")];
  if (event.key === "Escape") {
    close(box);
    event.stopPropagation();
  } else if (event.key === "Enter" && event.target.matches("[data-search]")) {
    options[0]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = options.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
    (options[next] ?? part(box, "search")).focus();
  }
}, true);

document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
prepare(document);
