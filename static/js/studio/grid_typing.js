// Keys pressed while a cell waits for the server (its editor is not there yet, or its value is being saved) are kept in
// order and pressed again once something can take them: no speed of a hand or of a server loses what was typed.

const KEPT = /^(Enter|Tab|Escape|Backspace|Delete|Home|End|Arrow(Left|Right|Up|Down))$/;
const WRITTEN = "input:not([type=date], [type=time], [type=datetime-local], [type=file], [type=checkbox], [type=radio]), textarea";

let waiting = null; // the cell that waits
let keys = []; // what was pressed meanwhile
let word = ""; // what was pressed for a list of options

export const isWritten = (input) => input.matches(WRITTEN);
export const isWaiting = () => Boolean(waiting?.isConnected);

// A letter, also one that needs AltGr; not a shortcut.
export function isLetter(event) {
  const isShortcut = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
  return event.key.length === 1 && !isShortcut;
}

export function wait(cell, first = null) {
  waiting = cell;
  waiting.ariaBusy = "true";
  if (first) keys.unshift(first);
}

// The wait is over: what has the focus now gets the keys, up to the one that makes a cell wait again.
export function goOn() {
  end();
  while (keys.length && !isWaiting()) press(keys.shift());
}

// What was expected did not come: the keys were not meant for what is there instead.
export function forget() {
  end();
  keys = [];
}

function end() {
  if (waiting) waiting.ariaBusy = null;
  waiting = null;
  word = "";
}

function press(event) {
  const place = document.activeElement;
  if (place.closest(".c-sheet") && place.dispatchEvent(new KeyboardEvent("keydown", event))) write(place, event);
}

// What a browser does with a key that nobody else takes.
function write(input, event) {
  if (input.matches("select")) return choose(input, event);
  if (!isWritten(input)) return;
  const text = event.key === "Enter" && input.matches("textarea") ? "\n" : event.key;
  const end = input.value.length;
  const [from, to] = [input.selectionStart ?? end, input.selectionEnd ?? end];
  const back = from === to ? 1 : 0; // without a selection one letter goes
  if (text.length === 1) replace(input, from, to, text);
  else if (text === "Backspace") replace(input, Math.max(from - back, 0), to, "");
  else if (text === "Delete") replace(input, from, to + back, "");
  else if (text === "ArrowLeft") input.setSelectionRange(Math.max(from - back, 0), Math.max(from - back, 0));
  else if (text === "ArrowRight") input.setSelectionRange(to + back, to + back);
  else if (text === "Home") input.setSelectionRange(0, 0);
  else if (text === "End") input.setSelectionRange(end, end);
}

function replace(input, from, to, text) {
  input.value = input.value.slice(0, from) + text + input.value.slice(to);
  if (input.selectionStart !== null) input.setSelectionRange(from + text.length, from + text.length);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function choose(list, event) {
  if (event.key.length !== 1) return;
  word += event.key.toLowerCase();
  const option = [...list.options].find((each) => each.text.trim().toLowerCase().startsWith(word));
  if (option) list.value = option.value;
}

function keep(event) {
  const isOurs = event.target === document.body || event.target.closest(".c-sheet");
  if (!isWaiting() || !isOurs || event.isComposing) return;
  if (!isLetter(event) && (event.altKey || !KEPT.test(event.key))) return;
  keys.push(event);
  event.preventDefault();
  event.stopImmediatePropagation();
}

export function watchTyping() {
  window.addEventListener("keydown", keep, true);
}
