// Enter in the palette goes to the first result; Unfold's own needs an arrow key before and fails without.

export function enterGoesToFirst() {
  const input = document.getElementById("search-input-command");
  if (!input) return;
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id === "command-results") press(input, "ArrowDown");
  });
  input.parentElement.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !document.querySelector("#command-results-list li.active")) event.stopPropagation();
  }, { capture: true });
}

function press(input, key) {
  input.dispatchEvent(new KeyboardEvent("keydown", { key }));
}
