// The choices of an import: a new field asks for its name and type, and only a field that is there can be a key.

function follow(target) {
  const line = target.closest("[data-column]");
  const isNew = target.value === "+";
  line.querySelector("[data-new]").hidden = !isNew;
  const key = line.querySelector("[data-key]");
  if (!key) return;
  key.disabled = isNew || target.value === "";
  if (key.disabled) key.checked = false;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-target]")) follow(event.target);
});
