// The list one chooses from, by searching: step types, or steps of the canvas.
import { icon, root } from "./state.js";
import { word } from "./words.js";

const dialog = root.querySelector("[data-picker]");
const search = dialog.querySelector("[data-picker-search]");
const kinds = dialog.querySelector("[data-picker-kinds]");
const steps = dialog.querySelector("[data-picker-steps]");
const none = dialog.querySelector("[data-picker-none]");
const blank = dialog.querySelector("[data-picker-step]");
const EDGE = 12;

let done = null;
let marked = null;

const shown = () => [...(steps.hidden ? kinds : steps).querySelectorAll(".b-choice:not([hidden])")];

function markChoice(choice) {
  marked?.setAttribute("aria-selected", "false");
  marked = choice ?? null;
  marked?.setAttribute("aria-selected", "true");
  marked?.scrollIntoView({ block: "nearest" });
  search.setAttribute("aria-activedescendant", marked?.id ?? "");
}

const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();

// Every word must be found; those whose name begins with what was typed come first to the mark.
function filter() {
  const words = plain(search.value).split(/\s+/).filter(Boolean);
  for (const choice of dialog.querySelectorAll(".b-choice")) {
    const text = plain(choice.dataset.words);
    choice.hidden = !words.every((each) => text.includes(each));
  }
  for (const group of kinds.querySelectorAll("[data-picker-group]")) group.hidden = !group.querySelector(".b-choice:not([hidden])");
  const left = shown();
  none.hidden = left.length > 0;
  markChoice(left.find((each) => words.length && plain(each.dataset.words).startsWith(words[0])) ?? left[0]);
}

function open(title, near) {
  dialog.querySelector("[data-picker-title]").textContent = title;
  search.value = "";
  dialog.showModal();
  filter();
  const [x, y] = near ?? [(innerWidth - dialog.offsetWidth) / 2, (innerHeight - dialog.offsetHeight) / 3];
  dialog.style.left = `${Math.max(EDGE, Math.min(x, innerWidth - dialog.offsetWidth - EDGE))}px`;
  dialog.style.top = `${Math.max(EDGE, Math.min(y, innerHeight - dialog.offsetHeight - EDGE))}px`;
  search.focus();
  return new Promise((resolve) => (done = resolve));
}

// The kind of a step, or null.
export function chooseKind(title, near) {
  [kinds.hidden, steps.hidden] = [false, true];
  return open(word(title), near);
}

// One of the given cards, each with a remark; or null.
export function chooseStep(title, choices, near) {
  [kinds.hidden, steps.hidden] = [true, false];
  steps.replaceChildren(...choices.map(({ card, value, remark }, place) => {
    const choice = blank.content.firstElementChild.cloneNode(true);
    const [name, note] = choice.querySelectorAll(".b-choice__text > span");
    [name.textContent, note.textContent] = [card.label, remark];
    choice.querySelector(".b-choice__icon").textContent = icon(card);
    Object.assign(choice.dataset, { value, words: `${card.label} ${card.key} ${remark}` });
    choice.id = `pick-step-${place}`;
    return choice;
  }));
  return open(title, near);
}

function close(value) {
  const answer = done;
  done = null;
  if (dialog.open) dialog.close();
  answer?.(value);
}

export function startPicker() {
  search.addEventListener("input", filter);
  dialog.addEventListener("close", () => close(null));
  dialog.addEventListener("click", (event) => {
    const choice = event.target.closest(".b-choice");
    if (choice) close(choice.dataset.value);
  });
  dialog.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Enter" && marked) close(marked.dataset.value);
    else if (moves[event.key]) {
      const all = shown();
      markChoice(all.at((all.indexOf(marked) + moves[event.key]) % all.length));
    } else return;
    event.preventDefault();
  });
}
