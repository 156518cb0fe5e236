// The settings shown beside a field are those of its type.

const KIND = 'select[name="kind"], select[name$="-kind"]';
const PROJECT = 'select[name="project"]'; // of a table that is added
const ROW = "tr, [data-field-settings]"; // of the list of fields, or of the page that changes a type

function show(row) {
  const kind = row.querySelector(KIND)?.value;
  for (const part of row.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
}

function rowsOf(root) {
  return [...root.querySelectorAll("[data-type-settings]")].map((settings) => settings.closest(ROW));
}

// Another project has other tables: the lists of all lines become those of the page that adds a table to it.
async function offer(project) {
  const chosen = project.value;
  const address = `${location.pathname}?${new URLSearchParams({ project: chosen })}`;
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) return;
  const added = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (project.value !== chosen) return; // chosen anew meanwhile
  for (const list of added.querySelectorAll('[name^="fields-__prefix__-settings-"][name$="-table"]')) {
    const name = list.name.replace("fields-__prefix__", "");
    for (const own of document.querySelectorAll(`select[name^="fields-"][name$="${name}"]`)) {
      own.replaceChildren(...[...list.options].map((option) => option.cloneNode(true)));
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches(KIND)) show(event.target.closest(ROW));
  if (event.target.matches(PROJECT)) offer(event.target);
});
document.addEventListener("formset:added", (event) => rowsOf(event.target).forEach(show));
rowsOf(document).forEach(show);
