// Makes what Unfold draws as plain clickable boxes reachable and named for keyboards and screen readers.
import { word } from "./words.js";

const NATIVE = "a[href], button, input, select, textarea, summary, label";
const CLICKABLE = "[x-on\\:click]";
// Icon-only controls: the ligature's name → what it does.
const ICON_WORDS = { close: "close", more_horiz: "actions", more_vert: "actions", menu: "menu", dock_to_right: "menu", search: "search" };

/** Treat what is there now, and whatever is added later (row menus, dialogs, htmx parts). */
export function makeOperable(root) {
  const main = document.getElementById("main");
  main?.setAttribute("role", "main");
  main?.setAttribute("tabindex", "-1");
  treat(root);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach((node) => node.nodeType === 1 && treat(node));
  }).observe(root, { childList: true, subtree: true });
  document.addEventListener("keydown", pressOnEnterOrSpace);
}

function treat(root) {
  within(root, CLICKABLE).forEach(asButton);
  within(root, ".material-symbols-outlined").forEach(hideIconName);
}

function within(root, selector) {
  return [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
}

function asButton(element) {
  if (element.matches(NATIVE) || element.id === "changelist-filter-close") return;
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  nameByIcon(element);
}

function nameByIcon(element) {
  const name = ICON_WORDS[element.textContent.trim()];
  if (name && !element.hasAttribute("aria-label")) element.setAttribute("aria-label", word(name));
}

// The ligature's text ("more_horiz") is no word; a control that is the icon itself keeps its label instead.
function hideIconName(icon) {
  const control = icon.closest("a, button, [role=button]");
  if (control && control.textContent.trim() === icon.textContent.trim()) nameByIcon(control);
  if (control !== icon) icon.setAttribute("aria-hidden", "true");
}

function pressOnEnterOrSpace(event) {
  const target = event.target;
  if (!["Enter", " "].includes(event.key) || !target.matches?.("[role=button]") || target.matches(NATIVE)) return;
  event.preventDefault();
  target.click();
}
