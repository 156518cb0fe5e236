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
  const box = svg.parentElement;
  bar.hidden = false;
  // At first as much as can be read, from the left, half way down: layers stand beside each other, centred.
  show(Math.max(0.6, Math.min(1, box.clientWidth / width)));
  box.scrollTop = (box.scrollHeight - box.clientHeight) / 2;
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.by) show(scale * Number(button.dataset.by));
    else if (button) show(Math.min(box.clientWidth / width, box.clientHeight / height));
  });
}
