// The page of step types: leaves those in which every typed word is found; Enter takes the first one.

const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();

function filter(page, typed) {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const groups = [...page.querySelectorAll("[data-kinds-group]")];
  for (const group of groups) {
    const kinds = [...group.querySelectorAll(".c-kind")];
    for (const kind of kinds) kind.hidden = !words.every((word) => plain(kind.textContent).includes(word));
    group.hidden = kinds.every((kind) => kind.hidden);
  }
  page.querySelector("[data-kinds-often]").hidden = words.length > 0;
  page.querySelector("[data-kinds-none]").hidden = groups.some((group) => !group.hidden);
}

for (const page of document.querySelectorAll("[data-kinds]")) {
  const search = page.querySelector("[data-kinds-search]");
  search.hidden = false;
  search.addEventListener("input", () => filter(page, search.value));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && search.value.trim()) page.querySelector("[data-kinds-group]:not([hidden]) .c-kind:not([hidden])")?.click();
  });
  if (matchMedia("(pointer: fine)").matches) search.focus(); // on a phone the keyboard would hide the list
  filter(page, search.value); // the browser may have kept it
}
