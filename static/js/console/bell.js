// The bell: asks how much is unread, every minute while the page is seen, and fills its box when that opens.

const EVERY = 60_000;

export function listenToBell() {
  const box = document.getElementById("bell-box");
  if (!box) return;
  const ask = () => document.hidden || htmx.trigger("#bell-count", "bell-asks");
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  // What had the focus may just have been swapped away: it stays in the box, from where Escape gives it back.
  box.addEventListener("htmx:afterSettle", () => document.activeElement === document.body && box.focus());
  box.addEventListener("toggle", (event) => event.newState === "open" && htmx.trigger(box, "bell-opens"));
}
