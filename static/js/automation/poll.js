// Refreshes the part marked data-poll="seconds" by sending it the event "poll", which its hx-trigger waits for.
// Stops while the tab is hidden or the person paused it; a part without data-poll has finished.

const part = () => document.querySelector("[data-poll]");
const bar = document.querySelector("[data-poll-switch]");
const state = bar?.querySelector("[role=status]");
const button = bar?.querySelector("button");

let timer = 0;
let paused = false;
let lost = false;

function show() {
  if (!bar) return;
  const finished = !part();
  bar.hidden = false;
  button.hidden = finished;
  const word = finished ? "done" : paused ? "paused" : lost ? "lost" : "live";
  if (state.dataset.state === word) return;
  state.dataset.state = word;
  state.textContent = state.dataset[word];
  button.textContent = paused ? button.dataset.resume : button.dataset.pause;
  button.setAttribute("aria-pressed", String(paused));
}

function plan() {
  clearTimeout(timer);
  const element = part();
  if (element && !paused && !document.hidden) timer = setTimeout(poll, Number(element.dataset.poll) * 1000);
  show();
}

// Not while a question is open inside the part: the answer would be swapped away under the person's finger.
function poll() {
  const element = part();
  if (element?.querySelector("dialog[open]")) plan();
  else if (element) htmx.trigger(element, "poll");
}

button?.addEventListener("click", () => {
  paused = !paused;
  plan();
  if (!paused) poll();
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden && !paused) poll();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.elt.hasAttribute?.("data-poll")) return;
  lost = !event.detail.successful;
  plan();
});

// A part that was swapped in, by a poll or by a filter, starts its own clock.
document.addEventListener("htmx:afterSettle", plan);

plan();
