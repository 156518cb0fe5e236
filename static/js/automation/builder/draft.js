// The draft: each act is a list of operations, sent one after the other; the answer draws what changed. The operations
// that take an act back come with it: undo and redo are stacks of those.
import { ask } from "./conflict.js";
import { cards, draw, drawAll, place, root } from "./state.js";
import { tell, word } from "./words.js";
import * as selection from "./selection.js";

const saved = root.querySelector("[data-saved]");
const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
const stacks = { undo: [], redo: [] };
let revision = Number(root.dataset.revision);
let last = Promise.resolve();
let waiting = 0;
let held = null; // while a hand drags, nothing is drawn under it

// Sends operations (or a function that gives them when it is their turn); the answer, or null when they were refused.
export function act(operations, { onto = "undo", keepRedo = false } = {}) {
  waiting += 1;
  showSaved();
  const turn = last.then(() => send(typeof operations === "function" ? operations() : operations, onto, keepRedo));
  last = turn.catch(() => null);
  return turn.finally(() => {
    waiting -= 1;
    showSaved();
  });
}

async function send(operations, onto, keepRedo) {
  if (!operations?.length) return null;
  const answer = await post(operations);
  if (!answer) return null;
  await held?.promise;
  show(answer);
  if (answer.inverse.length) stacks[onto].push(answer.inverse);
  if (onto === "undo" && !keepRedo) stacks.redo.length = 0;
  showButtons();
  return answer;
}

async function post(operations) {
  for (;;) {
    const response = await request(operations);
    const answer = await response.json();
    if (response.ok) return answer;
    if (response.status !== 409) {
      complain(answer.error ?? response.statusText);
      return null;
    }
    const choice = await ask("conflict", answer.changes);
    await refetch();
    if (choice === "theirs") {
      stacks.undo.length = stacks.redo.length = 0;
      showButtons();
      tell("refreshed");
      return null;
    }
  }
}

async function request(operations) {
  for (;;) {
    try {
      return await fetch(root.dataset.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ revision, ops: operations }),
      });
    } catch {
      saved.textContent = word("unsaved");
      await ask("offline");
    }
  }
}

async function refetch() {
  const answer = await (await fetch(root.dataset.url)).json();
  revision = answer.revision;
  drawAll(answer.html);
  finish(answer);
}

function show(answer) {
  revision = answer.revision;
  for (const [key, [x, y]] of Object.entries(answer.places)) if (cards.has(key)) place(cards.get(key), x, y);
  draw(answer.html);
  finish(answer);
}

function finish(answer) {
  if (answer.problems) mark(answer.problems, answer.problem_list);
  showMarks();
  root.querySelector("[data-empty]").hidden = cards.size > 0;
  const publish = root.querySelector("[data-publish]");
  if (publish) publish.hidden = cards.size === 0;
  selection.refresh();
  root.dispatchEvent(new CustomEvent("builder:drawn", { detail: answer }));
}

let problems = JSON.parse(root.dataset.problems);

export const problemsOf = (key) => problems.filter((each) => each.step === key);

function mark(found, list) {
  problems = found;
  root.querySelector("[data-problem-menu]").hidden = !found.length;
  root.querySelector("[data-problem-count]").textContent = found.length;
  root.querySelector("[data-problem-list]").innerHTML = list;
}

export function showMarks() {
  for (const { key, element } of cards.values()) {
    const text = problemsOf(key).map((each) => (each.field ? `${each.field}: ${each.message}` : each.message)).join("\n");
    element.classList.toggle("is-troubled", Boolean(text));
    element.title = text;
    if (text) element.setAttribute("aria-description", `${word("trouble")}: ${text}`);
    else element.removeAttribute("aria-description");
  }
}

function complain(why) {
  const box = root.querySelector("[data-complaint]");
  box.querySelector("[data-why]").textContent = why;
  box.hidden = false;
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => (box.hidden = true), 8000);
}

export const undo = () => goBack("undo", "redo", "undone");
export const redo = () => goBack("redo", "undo", "redone");

async function goBack(from, onto, done) {
  const answer = await act(() => stacks[from].pop(), { onto, keepRedo: true });
  if (answer) {
    selection.select(Object.keys(answer.html).filter((id) => id.startsWith("card-") && answer.html[id]).map((id) => id.slice(5)));
    tell(done);
  }
  showButtons();
}

function showButtons() {
  for (const name of ["undo", "redo"]) {
    const button = root.querySelector(`[data-do=${name}]`);
    if (button) button.disabled = !stacks[name].length;
  }
}

function showSaved() {
  saved.textContent = word(waiting ? "saving" : "saved");
  root.toggleAttribute("data-saving", waiting > 0);
}

export function hold() {
  held = {};
  held.promise = new Promise((resolve) => (held.release = resolve));
}

export function release() {
  held?.release();
  held = null;
}

addEventListener("beforeunload", (event) => waiting && event.preventDefault());
