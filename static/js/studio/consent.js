// What a change of structure would do comes from the server as an open dialog; here it is put above the page.

function raise(place) {
  const dialog = place.querySelector("dialog[data-consent]");
  if (!dialog) return;
  dialog.close();
  dialog.showModal();
}

document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "consent" && raise(event.detail.target));
raise(document);
