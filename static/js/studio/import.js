// The choices of an import: a new field asks for its name and type, a relation how its rows are found; only a field
// that is there can be a key.

function follow(target) {
  const line = target.closest("[data-column]");
  const isNew = target.value === "+";
  line.querySelector("[data-new]").hidden = !isNew;
  askHow(line.querySelector("[data-naming]"), target.value);
  const key = line.querySelector("[data-key]");
  if (!key) return;
  key.disabled = isNew || target.value === "" || template(target.value)?.dataset.many !== undefined;
  if (key.disabled) key.checked = false;
}

const template = (field) => document.querySelector(`template[data-naming-of="${CSS.escape(field)}"]`);

function askHow(place, field) {
  const asked = template(field)?.content.cloneNode(true);
  place.replaceChildren(...(asked ? [asked] : []));
  for (const input of place.querySelectorAll("[name]")) {
    const [question] = input.name.split("-");
    input.name = `${question}-${place.dataset.index}`;
    if (place.dataset[question]) input.value = place.dataset[question]; // what the texts of the column suggest
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-target]")) follow(event.target);
});
