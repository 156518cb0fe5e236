// After "@" in a comment, the colleagues whose name or address has what is typed; the chosen one is written as an address.

const MENTION = /(^|[^\w@.])@([^\s@]{0,60})$/;
const MOST = 6;
let field = null; // the comment that is being written
let chosen = 0;

document.addEventListener("input", ({ target }) => target.matches?.("[data-mentions]") && offer(target));
document.addEventListener("keydown", keyed);
document.addEventListener("pointerdown", ({ target }) => {
  const option = target.closest?.(".c-mentions [role=option]");
  if (option) setTimeout(() => write(option)); // once the field has the focus again
  else close();
});

const list = () => field?.parentElement.querySelector(".c-mentions");
const words = () => MENTION.exec(field.value.slice(0, field.selectionStart))?.[2].toLowerCase();

function offer(target) {
  close();
  field = target;
  const asked = words();
  if (asked === undefined) return;
  const people = [...field.form.querySelector("[data-colleagues]").options];
  const found = people.filter((each) => `${each.text} ${each.value}`.toLowerCase().includes(asked)).slice(0, MOST);
  if (found.length) show(found);
}

function show(people) {
  const box = document.createElement("ul");
  box.className = "c-mentions";
  box.id = "mentions";
  box.role = "listbox";
  for (const [number, person] of people.entries()) {
    const option = document.createElement("li");
    option.id = `mention-${number}`;
    option.role = "option";
    option.dataset.address = person.value;
    option.append(person.text);
    if (person.text !== person.value) option.append(Object.assign(document.createElement("span"), { className: "c-muted", textContent: ` ${person.value}` }));
    box.append(option);
  }
  field.after(box);
  field.setAttribute("aria-controls", box.id);
  point(0);
}

function point(number) {
  const options = [...list().children];
  chosen = (number + options.length) % options.length;
  options.forEach((each, place) => (each.ariaSelected = String(place === chosen)));
  field.setAttribute("aria-activedescendant", options[chosen].id);
}

function keyed(event) {
  if (event.target !== field || !list()) return;
  if (event.key === "ArrowDown") point(chosen + 1);
  else if (event.key === "ArrowUp") point(chosen - 1);
  else if (event.key === "Enter" || event.key === "Tab") write(list().children[chosen]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function write(option) {
  const at = field.selectionStart - words().length;
  field.setRangeText(`${option.dataset.address} `, at, field.selectionStart, "end");
  close();
  field.focus();
}

function close() {
  list()?.remove();
  field?.removeAttribute("aria-activedescendant");
}
