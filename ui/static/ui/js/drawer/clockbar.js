// The clock picture: what is pointed at, or reached by the arrow keys, says its minutes below.
import { $, $$ } from "../page.js";

function say(track, part) {
  for (const other of $$(".is-on", track)) other.classList.remove("is-on");
  part.classList.add("is-on");
  $("#clock-words").textContent = part.dataset.words;
}

function step(track, by) {
  const all = $$("[data-words]", track);
  const here = all.findIndex((part) => part.classList.contains("is-on"));
  say(track, all[Math.min(all.length - 1, Math.max(0, here + by))]);
}

export function follow(drawer) {
  drawer.addEventListener("pointerover", ({ target }) => {
    const part = target.closest?.(".clock-track [data-words]");
    if (part) say(part.parentElement, part);
  });
  drawer.addEventListener("keydown", (event) => {
    const track = event.target.closest?.(".clock-track");
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!track || !by) return;
    step(track, by);
    event.preventDefault();
    event.stopPropagation();
  });
}

/** Until somebody points, the words are those of who holds the case now. */
follow.settle = (drawer) => {
  const held = $$(".clock-track .seg", drawer).at(-1);
  if (held) $("#clock-words", drawer).textContent = held.dataset.words;
};
