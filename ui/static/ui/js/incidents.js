// Area incidents above the list: asked for by this door; what draws them comes with the first one.
import { get } from "./api.js";
import { $ } from "./page.js";

const GROWN_MS = 3000;
const DECIDED_MS = 150;
const GROWS = /^(case\.registered|intake\.attached)$/;
let strip = null;
let asking = null;

async function ask() {
  asking = null;
  const box = $("#incidents");
  const found = box && (await get(`/api/v1/incidents?district=${box.dataset.district}`).catch(() => null));
  if (!found || (!found.items.length && !strip)) return;
  strip ??= await import("./incidents/strip.js");
  strip.show(found, () => askIn(0));
}

function askIn(wait) {
  if (wait === GROWN_MS && asking) return;
  clearTimeout(asking);
  asking = setTimeout(ask, wait);
}

/** Listen for offers, decisions and, while one stands there, for voices that make it grow. */
export function listen() {
  document.addEventListener("sx:event", ({ detail }) => {
    if (detail.topic.startsWith("incident.")) askIn(DECIDED_MS);
    else if (strip && GROWS.test(detail.topic)) askIn(GROWN_MS);
  });
  document.addEventListener("sx:reload", () => askIn(0));
  document.addEventListener("sx:settled", () => askIn(0));
  ask();
}
