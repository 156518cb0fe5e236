// A line pulled out of an output: dropped on a step it connects, dropped on the ground it asks for the next step.
import { addAfter } from "./actions.js";
import { act, hold, release } from "./draft.js";
import { into, outOf, showDraft } from "./lines.js";
import { cards, root } from "./state.js";
import { toWorld } from "./view.js";

function under({ clientX, clientY }, source) {
  const card = cards.get(document.elementFromPoint(clientX, clientY)?.closest?.("[data-card]")?.dataset.card);
  return card && card !== source && !card.isNote ? card : null;
}

function mark(target) {
  root.querySelector(".b-card.is-target")?.classList.remove("is-target");
  target?.element.classList.add("is-target");
}

export function startLine(event, source, port, follow) {
  const start = outOf(source, port);
  hold();
  follow(event, {
    move(_dx, _dy, now) {
      root.classList.add("is-dragging");
      const target = under(now, source);
      mark(target);
      showDraft(start, target ? into(target) : toWorld(now.clientX, now.clientY));
    },
    end(hasMoved, last, isCancelled) {
      const target = hasMoved && !isCancelled ? under(last, source) : null;
      mark(null);
      release();
      if (isCancelled) return showDraft(null);
      if (target) {
        showDraft(null);
        return act([{ op: "connect", source: source.key, port, target: target.key }]);
      }
      const place = hasMoved ? toWorld(last.clientX, last.clientY) : null;
      addAfter(source.key, port, { place, near: [last.clientX, last.clientY] }).finally(() => showDraft(null));
    },
  });
}
