// A graph that is larger than its frame: starts at what matters, can be shown whole, and keeps its place when a poll
// swaps it.

const READABLE = 0.6;

let chosen = null; // whole or not, once the person said so
let place = null; // where the person scrolled to
let drawn = [0, 0]; // where we put it

const frame = () => document.getElementById("graph");
const button = () => document.querySelector("[data-graph-size]");

// The step that needs a look; without one the drawing starts at its left end.
function centre(graph) {
  [graph.scrollLeft, graph.scrollTop] = [0, 0];
  const node = graph.querySelector(".is-failed, .is-running, .is-waiting");
  if (!node) return;
  const [inner, outer] = [node.getBoundingClientRect(), graph.getBoundingClientRect()];
  graph.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  graph.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
}

// Wider than its frame, and still readable when it is made to fit.
function fitsReadably(graph) {
  const svg = graph.querySelector("svg");
  const { paddingLeft, paddingRight } = getComputedStyle(graph);
  const room = graph.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  const scale = Math.min(room / svg.getAttribute("width"), (innerHeight * 0.8) / svg.getAttribute("height"));
  return room < svg.getAttribute("width") && scale >= READABLE;
}

function draw() {
  const graph = frame();
  if (!graph) return;
  const whole = chosen ?? fitsReadably(graph);
  graph.classList.toggle("is-whole", whole);
  const tooLarge = graph.scrollWidth > graph.clientWidth + 1 || graph.scrollHeight > graph.clientHeight + 1;
  if (button()) {
    button().hidden = !tooLarge && !whole;
    button().setAttribute("aria-pressed", String(whole));
  }
  if (place) [graph.scrollLeft, graph.scrollTop] = place;
  else centre(graph);
  drawn = [graph.scrollLeft, graph.scrollTop];
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-graph-size]")) return;
  chosen = !frame().classList.contains("is-whole");
  place = null;
  draw();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const graph = frame();
  if (!graph || !event.detail.target.contains(graph)) return;
  const now = [graph.scrollLeft, graph.scrollTop];
  if (now.some((each, axis) => Math.abs(each - drawn[axis]) > 1)) place = now;
});
document.addEventListener("htmx:afterSettle", draw);

draw();
