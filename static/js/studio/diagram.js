// Makes the diagram larger and smaller; without JavaScript it has its natural size.

const bar = document.querySelector("[data-zoom]");
const svg = document.querySelector(".c-erd svg");

if (bar && svg) {
  const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
  let scale = 1;
  const show = (next) => {
    scale = Math.min(Math.max(next, 0.2), 2);
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  };
  bar.hidden = false;
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.by) show(scale * Number(button.dataset.by));
    else if (button) show(svg.parentElement.clientWidth / width);
  });
}
