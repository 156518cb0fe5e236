// The settings shown beside a field are those of its type.

const KIND = 'select[name="kind"], select[name$="-kind"]';
const ROW = "tr, [data-field-settings]"; // of the list of fields, or of the page that changes a type

function show(row) {
  const kind = row.querySelector(KIND)?.value;
  for (const part of row.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
}

function rowsOf(root) {
  return [...root.querySelectorAll("[data-type-settings]")].map((settings) => settings.closest(ROW));
}

document.addEventListener("change", (event) => {
  const looked = event.target.closest("[data-field-settings]") && document.querySelector("[data-preview-of-type]");
  looked?.remove(); // what was looked at is no longer what is chosen
  if (event.target.matches(KIND)) show(event.target.closest(ROW));
});
document.addEventListener("formset:added", (event) => rowsOf(event.target).forEach(show));
rowsOf(document).forEach(show);
