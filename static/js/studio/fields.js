// The settings shown beside a field are those of its type.

function show(row) {
  const kind = row.querySelector('select[name$="-kind"]')?.value;
  for (const part of row.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
}

function rowsOf(root) {
  return [...root.querySelectorAll("[data-type-settings]")].map((settings) => settings.closest("tr"));
}

document.addEventListener("change", (event) => {
  if (event.target.matches('select[name$="-kind"]')) show(event.target.closest("tr"));
});
document.addEventListener("formset:added", (event) => rowsOf(event.target).forEach(show));
rowsOf(document).forEach(show);
