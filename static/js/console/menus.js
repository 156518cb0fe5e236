// Menus are <details class="c-menu">: one at a time, inside the window, closed by Escape or by going elsewhere.

const OPEN = "details.c-menu[open]";
const MARGIN = 8; // between a menu and the edge of the window

export function watchMenus() {
  document.addEventListener("toggle", ({ target }) => target.matches?.(OPEN) && place(target), true);
  document.addEventListener("click", leave);
  document.addEventListener("focusin", leave);
  document.addEventListener("keydown", keyInMenu);
  window.addEventListener("scroll", ({ target }) => target.closest?.(".c-menu") || placeAll(), true);
  window.addEventListener("resize", placeAll);
}

function placeAll() {
  document.querySelectorAll(OPEN).forEach(place);
}

// Below what opens it, or above where there is more room; CSS alone draws it below, wherever the window ends.
function place(menu) {
  const body = menu.querySelector(".c-menu__body");
  const at = menu.getBoundingClientRect();
  const [below, above] = [innerHeight - at.bottom - MARGIN, at.top - MARGIN];
  const goesUp = body.scrollHeight > below && above > below;
  body.style.maxHeight = `${goesUp ? above : below}px`;
  body.style.left = `${Math.max(MARGIN, Math.min(at.left, innerWidth - body.offsetWidth - MARGIN))}px`;
  body.style.top = `${goesUp ? at.top - body.offsetHeight - MARGIN : at.bottom}px`;
}

function leave({ target }) {
  for (const menu of document.querySelectorAll(OPEN)) if (!menu.contains(target)) menu.open = false;
}

function keyInMenu(event) {
  const menu = event.target.closest?.(OPEN);
  if (!menu) return;
  const summary = menu.querySelector("summary");
  if (event.key === "Escape") {
    menu.open = false;
    summary.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const stops = [summary, ...menu.querySelectorAll(".c-menu__item")];
    const place = stops.indexOf(event.target);
    if (place < 0 || stops.length === 1) return;
    stops.at((place + (event.key === "ArrowDown" ? 1 : -1)) % stops.length).focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
