// Sentences come from the page (translated there), as data- attributes of #c-words.
export function word(name) {
  return document.getElementById("c-words")?.dataset[name] ?? "";
}
