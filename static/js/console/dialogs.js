// Unfold's dialog box: announced as one, focused when it opens, and focus given back when it closes.

const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0']";
let openedBy = null;

export function watchDialogs() {
  const box = document.getElementById("modal-content");
  const overlay = document.getElementById("modal-overlay");
  if (!box || !overlay) return;
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-modal", "true");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === box) openedBy = document.activeElement;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === box) announce(box);
  });
  box.addEventListener("keydown", (event) => event.key === "Tab" && keepInside(box, event));
  new MutationObserver(() => overlay.style.display === "none" && giveBack()).observe(overlay, { attributeFilter: ["style"] });
}

function announce(box) {
  const title = box.querySelector("h1");
  if (title) {
    title.id = "modal-title";
    box.setAttribute("aria-labelledby", title.id);
  }
  // The box appears after this event, with Alpine's next tick.
  requestAnimationFrame(() => firstField(box)?.focus());
}

function firstField(box) {
  return box.querySelector("form :is(input:not([type=hidden]), select, textarea)") ?? box.querySelector("button[type=submit]");
}

function keepInside(box, event) {
  const stops = [...box.querySelectorAll(FOCUSABLE)].filter((each) => each.offsetParent);
  const [first, last] = [stops.at(0), stops.at(-1)];
  const leaving = event.shiftKey ? first : last;
  if (!leaving || document.activeElement !== leaving) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

function giveBack() {
  openedBy?.focus();
  openedBy = null;
}
