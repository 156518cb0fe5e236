// Rows open in a drawer; without JavaScript the same links are pages.

const FIELD = ".c-card__body :is(input:not([type=hidden], [data-search]), select, textarea)";
const drawer = document.getElementById("drawer");
let opened = null; // the row whose link opened the drawer; none for a new one
let isChanged = false; // by what stayed in the drawer, as an earlier value that was brought back

export function watchDrawer() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link);
    } else if (event.target.closest("#drawer [data-close]") || event.target === drawer) {
      event.preventDefault();
      drawer.close();
    }
  });
  document.body.addEventListener("rows-changed", () => drawer.close());
  document.addEventListener("htmx:afterSettle", settle);
  drawer.addEventListener("close", closed);
}

async function open(link) {
  opened = link.closest("tr")?.dataset.id ?? null;
  link.setAttribute("aria-busy", "true");
  await htmx.ajax("GET", link.href, { target: "#drawer-body", swap: "innerHTML" });
  link.removeAttribute("aria-busy");
  if (!drawer.firstElementChild.childElementCount) return; // it was refused, and the page says why
  drawer.showModal();
  begin();
}

// What had the focus may have been swapped away: on in the drawer, or back in the grid to where it was opened.
function settle(event) {
  const { id } = event.detail.target;
  if (id === "drawer-body" && event.detail.requestConfig?.verb === "post") isChanged = true;
  if (id === "drawer-body" && drawer.open && !document.activeElement.closest("#drawer-body *")) begin();
  if (id === "rows" && document.activeElement === document.body) openerOf(opened)?.focus();
}

function closed() {
  drawer.firstElementChild.replaceChildren();
  if (!isChanged) return;
  isChanged = false;
  htmx.trigger(document.body, "rows-changed");
}

function begin() {
  (drawer.querySelector(FIELD) ?? drawer.querySelector("[data-close]"))?.focus();
}

function openerOf(row) {
  return document.querySelector(row ? `.c-sheet tr[data-id="${row}"] a[data-open]` : "#grid-tools a[data-open]");
}
