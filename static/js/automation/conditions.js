// Shows a field (data-when="input name" data-values="a b") only while that input has one of the values.

function valueOf(name) {
  const input = document.querySelector(`[name="${CSS.escape(name)}"]`);
  return input?.type === "checkbox" ? String(input.checked) : input?.value;
}

function apply() {
  for (const field of document.querySelectorAll("[data-when]")) {
    field.hidden = !field.dataset.values.split(" ").includes(valueOf(field.dataset.when));
  }
}

document.addEventListener("change", apply);
document.addEventListener("htmx:afterSettle", apply);
apply();
