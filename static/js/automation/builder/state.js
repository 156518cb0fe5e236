// What is on the canvas: cards and lines, read from the page, which the server drew.

export const root = document.getElementById("builder");
export const mayChange = root.hasAttribute("data-may-change");
export const view = root.querySelector("[data-view]");
export const world = root.querySelector("[data-world]");
const lineBox = root.querySelector("[data-lines]");
const cardBox = root.querySelector("[data-cards]");

export const GRID = 20;
export const cards = new Map(); // key → card
export const lines = new Map(); // id → line

function readCard(element) {
  const { card: key, x, y, width, height, label } = element.dataset;
  const ports = new Map([...element.querySelectorAll("[data-port]")].map((port) => [port.dataset.port, Number(port.dataset.y)]));
  const card = { key, label, element, ports, isNote: "note" in element.dataset, width: Number(width), height: Number(height) };
  Object.assign(element.style, { width: `${width}px`, height: `${height}px` });
  for (const port of element.querySelectorAll("[data-port]")) port.style.top = `${port.dataset.y}px`;
  cards.set(key, card);
  place(card, Number(x), Number(y));
}

function readLine(element) {
  const { line: id, source, port, target } = element.dataset;
  lines.set(id, { id, source, port, target, element, paths: element.querySelectorAll(":scope > path"), tools: element.querySelector(".b-line__tools") });
}

export function place(card, x, y) {
  [card.x, card.y] = [x, y];
  card.element.style.transform = `translate(${x}px, ${y}px)`;
}

// An output that leads nowhere offers the next step all the time.
export function markOutputs() {
  const used = new Set([...lines.values()].map(({ source, port }) => `${source}.${port}`));
  for (const { key, element } of cards.values()) {
    for (const port of element.querySelectorAll("[data-port]")) port.classList.toggle("is-used", used.has(`${key}.${port.dataset.port}`));
  }
}

// Elements by their id as the server sends them, null for one that is gone.
export function draw(html) {
  for (const [id, text] of Object.entries(html)) {
    const old = document.getElementById(id);
    const hadFocus = old?.contains(document.activeElement);
    forget(old);
    if (text === null) continue;
    const element = parse(text, id.startsWith("line-"));
    if (id.startsWith("line-")) {
      lineBox.append(element);
      readLine(element);
    } else {
      cardBox.append(element);
      readCard(element);
    }
    if (hadFocus) element.focus({ preventScroll: true });
  }
  markOutputs();
}

export function drawAll(html) {
  for (const each of [...lines.values(), ...cards.values()]) forget(each.element);
  draw(html);
}

function forget(element) {
  if (!element) return;
  if (element.dataset.card) cards.delete(element.dataset.card);
  else lines.delete(element.dataset.line);
  element.remove();
}

function parse(text, isLine) {
  const template = document.createElement("template");
  template.innerHTML = isLine ? `<svg>${text}</svg>` : text;
  return isLine ? template.content.querySelector("g") : template.content.querySelector("[data-card]");
}

export function read() {
  for (const element of cardBox.children) readCard(element);
  for (const element of lineBox.querySelectorAll("[data-line]")) readLine(element);
  markOutputs();
  root.classList.add("is-ready");
}

export const steps = () => [...cards.values()].filter((card) => !card.isNote);
export const linesFrom = (key) => [...lines.values()].filter((line) => line.source === key);
export const linesInto = (key) => [...lines.values()].filter((line) => line.target === key);
export const icon = (card) => card.element.dataset.icon ?? "sticky_note_2";
export const isOff = (card) => card.element.classList.contains("is-off");
