// Sentences come from the page, translated there; what happened is also told to those who cannot see it.
import { root } from "./state.js";

const words = root.querySelector("[data-sentences]").dataset;
const told = root.querySelector("[data-told]");

export const word = (name, value = "") => words[`say${name[0].toUpperCase()}${name.slice(1)}`].replace("%s", value);

export function tell(name, value) {
  told.textContent = word(name, value);
}
