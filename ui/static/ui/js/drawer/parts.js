// What the drawer consists of, under one roof: each part hears the clicks and keys that are meant for it.
import { follow } from "./clockbar.js";
import { compare, enlarge } from "./gallery.js";
import { keep, restore } from "./kept.js";
import * as moves from "./moves.js";
import { settle as settleNearest } from "./nearest.js";
import { spy } from "./sections.js";
import * as twins from "./twins.js";
import * as voices from "./voices.js";

export { keep, restore };
export const { complain, openForm, closeLayer } = moves;

/** Once, with the first case: listen on the drawer itself, whose content comes and goes. */
export function start(drawer, page) {
  moves.start(drawer, page);
  voices.start(drawer, page);
  twins.start(drawer, page);
  compare(drawer);
  enlarge(drawer);
  follow(drawer);
  spy(drawer);
}

/** After each new content. */
export function settle(drawer) {
  moves.settle(drawer);
  twins.settle(drawer);
  settleNearest(drawer);
  follow.settle(drawer);
}

/** True while a form is open that somebody has begun to fill. */
export function isWriting(drawer) {
  return Boolean(moves.openForm(drawer) || voices.openForm(drawer));
}

let composing = false;
addEventListener("compositionstart", () => {
  composing = true;
}, true);
addEventListener("compositionend", () => {
  composing = false;
}, true);

/** True while a Chinese word is being composed inside the drawer: nothing may be swapped then. */
export function isComposingText(drawer) {
  return composing && drawer.contains(document.activeElement);
}
