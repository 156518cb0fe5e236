// On a phone each value of a line of a form is named by its column; CSS could only give every word of that name a capital.
export function nameValues() {
  for (const cell of document.querySelectorAll(".inline-related [data-label]")) {
    const name = cell.dataset.label;
    cell.dataset.label = name.charAt(0).toUpperCase() + name.slice(1);
  }
}
