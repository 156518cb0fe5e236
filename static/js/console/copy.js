// A button with data-copy="text" puts the text on the clipboard; without text, what the <pre> beside it shows.

function fallback(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function watchCopyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copyFrom(button);
  });
}

async function copyFrom(button) {
  const text = button.dataset.copy || button.closest("[data-copyable]").querySelector("pre").textContent;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else fallback(text);
  const label = button.querySelector("[data-copy-label]");
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => { label.textContent = before; }, 1500);
}
