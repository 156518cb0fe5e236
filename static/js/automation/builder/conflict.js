// Questions that stop the saving until they are answered: somebody else was faster, or the server is away.
import { root } from "./state.js";

export function ask(name, changes = []) {
  const dialog = root.querySelector(`[data-${name}]`);
  const list = dialog.querySelector("[data-conflict-list]");
  const entry = dialog.querySelector("[data-conflict-entry]");
  list?.replaceChildren(...changes.slice(0, 8).map((change) => {
    const item = entry.content.cloneNode(true);
    for (const part of ["who", "what", "when"]) item.querySelector(`[data-${part}]`).textContent = change[part];
    return item;
  }));
  dialog.showModal();
  return new Promise((resolve) => {
    const answer = (event) => {
      const choice = ["theirs", "mine", "again"].find((each) => event.target.closest(`[data-${each}]`));
      if (!choice) return;
      dialog.removeEventListener("click", answer);
      dialog.removeEventListener("close", stay);
      dialog.close();
      resolve(choice);
    };
    const stay = () => dialog.showModal(); // there is no way around an answer
    dialog.addEventListener("click", answer);
    dialog.addEventListener("close", stay);
  });
}
