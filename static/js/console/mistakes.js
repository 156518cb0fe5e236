// Brings the first mistake of a refused form into view, with the cursor in its field.

const FIELD = "[aria-invalid=true]:not([type=hidden]), .has-errors :is(input:not([type=hidden]), select, textarea)";
const ROW = ".c-form-field, .field-row";

export function showMistakes() {
  const open = document.querySelector("dialog[open]") ?? document;
  const field = open.querySelector(FIELD);
  if (!field) return false;
  field.closest("details")?.setAttribute("open", "");
  field.focus({ preventScroll: true });
  (field.closest(ROW) ?? field).scrollIntoView({ block: "center" });
  return true;
}

// Half a date is sent as none at all: it is asked for before anything is saved, also where the server checks the rest.
function refuseHalf(event) {
  const half = [...event.target.elements].find((each) => each.validity?.badInput);
  if (!half) return;
  event.preventDefault();
  event.stopPropagation();
  half.reportValidity();
}

export function watchMistakes() {
  showMistakes();
  document.addEventListener("submit", refuseHalf, true);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.verb !== "post" || event.detail.target?.id === "preview") return;
    showMistakes() || document.querySelector("#main [role=alert]")?.scrollIntoView({ block: "nearest" });
  });
}
