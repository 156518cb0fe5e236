// Refreshes the part marked data-poll="seconds" by sending it the event "poll", which its hx-trigger waits for. Not while
// the tab is hidden; a part without data-poll has finished.

let timer = 0;

function plan() {
  clearTimeout(timer);
  const part = document.querySelector("[data-poll]");
  if (part && !document.hidden) timer = setTimeout(() => htmx.trigger(part, "poll"), Number(part.dataset.poll) * 1000);
}

for (const moment of ["visibilitychange", "htmx:afterRequest", "htmx:afterSettle"]) document.addEventListener(moment, plan);
plan();
