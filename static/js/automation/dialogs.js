// Native dialogs: data-opens="#id" opens one, [data-closes] closes the one around it, and a dialog that htmx filled
// (data-drawer) opens by itself. The element that had the focus gets it back.

// One dialog may serve many rows: its opener says where to post, and what it is about.
function open(dialog, { action, name }) {
  if (action) dialog.querySelector("form").action = action;
  if (name) dialog.querySelector("[data-about]").textContent = name;
  dialog.showModal();
}

function isOutside({ target, clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    open(document.querySelector(opener.dataset.opens), opener.dataset);
  }
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  if (event.target instanceof HTMLDialogElement && isOutside(event)) event.target.close(); // a click on the backdrop
});

document.addEventListener("htmx:afterSwap", (event) => {
  const drawer = event.detail.target?.closest?.("dialog[data-drawer]");
  if (drawer && !drawer.open) drawer.showModal();
});
