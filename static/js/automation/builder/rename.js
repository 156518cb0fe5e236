// The name of a step, written where it stands: F2 or a double click, Enter keeps it, Escape does not.
import { rename } from "./actions.js";
import { cards, mayChange, view } from "./state.js";

const LONGEST = 150;

export function renameOn(card) {
  const name = card?.element.querySelector("[data-name]");
  if (!name) return;
  name.contentEditable = "plaintext-only";
  name.focus();
  getSelection().selectAllChildren(name);
  let isDropped = false;
  const keys = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") isDropped = true;
    if (event.key === "Escape" || event.key === "Enter") {
      event.preventDefault();
      name.blur();
      card.element.focus({ preventScroll: true });
    }
  };
  const end = () => {
    name.removeEventListener("keydown", keys);
    name.removeAttribute("contenteditable");
    getSelection().removeAllRanges();
    const label = name.textContent.trim().slice(0, LONGEST);
    name.textContent = isDropped || !label ? card.label : label;
    if (!isDropped && label && label !== card.label) rename(card.key, label);
  };
  name.addEventListener("keydown", keys);
  name.addEventListener("blur", end, { once: true });
}

export function startRename() {
  view.addEventListener("dblclick", (event) => {
    const name = event.target.closest("[data-name]");
    if (name && mayChange) renameOn(cards.get(name.closest("[data-card]").dataset.card));
  });
}
