// A graph that is larger than its frame: starts at what matters, can be shown whole, and keeps its place when a poll
// swaps it.

let whole = false;
let place = null;

const frame = () => document.getElementById("graph");
const button = () => document.querySelector("[data-graph-size]");

function centre(graph) {
  const node = graph.querySelector(".is-failed, .is-running, .is-waiting") ?? graph.querySelector(".c-node");
  if (!node) return;
  const [inner, outer] = [node.getBoundingClientRect(), graph.getBoundingClientRect()];
  graph.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  graph.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
}

function draw() {
  const graph = frame();
  if (!graph) return;
  graph.classList.toggle("is-whole", whole);
  const tooLarge = graph.scrollWidth > graph.clientWidth + 1 || graph.scrollHeight > graph.clientHeight + 1;
  if (button()) {
    button().hidden = !tooLarge && !whole;
    button().setAttribute("aria-pressed", String(whole));
  }
  if (place) [graph.scrollLeft, graph.scrollTop] = place;
  else centre(graph);
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-graph-size]")) return;
  whole = !whole;
  place = null;
  draw();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const graph = frame();
  if (graph && event.detail.target.contains(graph)) place = [graph.scrollLeft, graph.scrollTop];
});
document.addEventListener("htmx:afterSettle", draw);

draw();
