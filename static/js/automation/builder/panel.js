// The settings of a step beside the canvas: the form comes from the server, each change of it is saved at once.
import { remove, switchOff } from "./actions.js";
import { duplicate } from "./clipboard.js";
import { act, problemsOf } from "./draft.js";
import { cards, icon, isOff, mayChange, root } from "./state.js";
import { reveal } from "./view.js";
import * as selection from "./selection.js";

const SOON = 700; // after the last key
const panel = root.querySelector("[data-panel]");
const body = document.getElementById("panel-body");
let key = null;
let savedAs = "";
let timer = 0;
let [isLoading, isStale, wantsFocus] = [false, false, false];
let ours = 0; // answers to what was typed here that are still to come

const form = () => body.querySelector("[data-step-form]");

// As a browser would send it, without what belongs to the page.
function spelled() {
  const data = new FormData(form());
  for (const name of ["csrfmiddlewaretoken", "seen_at"]) data.delete(name);
  return new URLSearchParams(data).toString();
}

export function open(wanted, { focus = false } = {}) {
  if (!cards.has(wanted)) return;
  if (key !== wanted) save();
  key = wanted;
  wantsFocus = focus;
  showHead();
  const wasHidden = panel.hidden;
  panel.hidden = false;
  if (wasHidden) requestAnimationFrame(() => cards.has(key) && reveal(cards.get(key)));
  load();
}

// One after the other: of several that were wanted meanwhile only the last is fetched.
async function load() {
  isStale = true;
  if (isLoading) return;
  isLoading = true;
  while (isStale && cards.has(key)) {
    isStale = false;
    await htmx.ajax("GET", cards.get(key).element.dataset.form, { source: body, target: body, swap: "innerHTML" });
  }
  isLoading = false;
  if (form()?.dataset.stepForm !== key) return body.replaceChildren();
  savedAs = spelled();
  showProblems();
  if (wantsFocus) body.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

export function close() {
  if (panel.hidden) return;
  save();
  const card = cards.get(key);
  [panel.hidden, key] = [true, null];
  body.replaceChildren();
  card?.element.focus({ preventScroll: true });
}

function showHead() {
  const card = cards.get(key);
  panel.querySelector("[data-panel-icon]").textContent = icon(card);
  panel.querySelector("[data-panel-title]").textContent = card.label;
  panel.querySelector("[data-panel-page]").href = card.element.dataset.form;
  panel.querySelector("[data-panel-do=switch]")?.setAttribute("aria-pressed", String(isOff(card)));
}

async function save() {
  clearTimeout(timer);
  if (!key || form()?.dataset.stepForm !== key || !mayChange || spelled() === savedAs) return;
  const [step, text] = [key, spelled()];
  savedAs = text;
  ours += 1;
  const answer = await act([{ op: "configure", step, form: text }]);
  ours -= 1;
  if (!answer || key === null) return;
  if (!cards.has(key)) follow({ detail: answer });
  if (key) showHead();
  showMistakes(answer.mistakes);
  showProblems();
}

// What the form refuses, at the input it is about.
function showMistakes(mistakes) {
  for (const old of body.querySelectorAll("[data-mistake]")) old.remove();
  for (const input of body.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const field of body.querySelectorAll(".has-errors")) field.classList.remove("has-errors");
  for (const [name, messages] of Object.entries(mistakes)) {
    const input = body.querySelector(`[name="${CSS.escape(name)}"], [name^="${CSS.escape(name)}-"]`);
    const field = input?.closest(".c-form-field");
    if (!field) continue;
    const line = document.createElement("p");
    Object.assign(line, { className: "c-form-field__errors", textContent: messages.join(" ") });
    line.dataset.mistake = name;
    input.setAttribute("aria-invalid", "true");
    field.classList.add("has-errors");
    field.append(line);
  }
}

function showProblems() {
  const box = panel.querySelector("[data-panel-problems]");
  const found = problemsOf(key);
  box.hidden = !found.length;
  box.querySelector("ul").replaceChildren(...found.map((each) => {
    const line = document.createElement("li");
    line.textContent = each.field ? `${each.field}: ${each.message}` : each.message;
    return line;
  }));
}

// Somebody undid, renamed or switched what is shown here; a new key is a card that came for one that went.
function follow({ detail: answer }) {
  if (!key || ours) return;
  if (!cards.has(key)) {
    const renamed = Object.keys(answer.html).map((id) => id.slice(5)).find((each) => cards.get(each)?.element.dataset.form === panel.querySelector("[data-panel-page]").getAttribute("href"));
    if (!renamed) return close();
    key = renamed;
    if (form()) form().dataset.stepForm = key;
  }
  if (`card-${key}` in answer.html) open(key);
}

const DOES = { close, switch: () => switchOff(), duplicate: () => duplicate(), remove: () => remove() };

export function startPanel() {
  root.addEventListener("builder:open", ({ detail }) => open(detail.key, detail));
  root.addEventListener("builder:drawn", follow);
  body.addEventListener("change", save);
  body.addEventListener("click", (event) => event.target.closest("[data-rows-remove]") && setTimeout(save));
  body.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, SOON);
  });
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  panel.addEventListener("click", (event) => {
    const name = event.target.closest("[data-panel-do]")?.dataset.panelDo;
    if (!name) return;
    if (key && name !== "close") selection.select([key], { focus: false });
    DOES[name]();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]") || event.defaultPrevented) return;
    if (!panel.hidden) close();
    else selection.clear();
  });
}
