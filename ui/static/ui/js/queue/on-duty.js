// Inspectors on duty: the chip's count is the server's; marks and names come with the first press on it.
import { get } from "../api.js";
import { $ } from "../page.js";
import { thousands } from "../text.js";

const EVERY_MS = 30000;
const AFTER_EVENT_MS = 5000;
const chip = $('[data-map="staff"]');
let layer = null;
let asking = null;
let askedAt = 0;

async function ask() {
  asking = null;
  askedAt = Date.now();
  try {
    const { n, items } = await get(`/api/v1/grid/on-duty?district=${chip.dataset.district}`);
    $(".num", chip).textContent = thousands(n);
    layer?.show(items);
    chip.classList.remove("is-stale");
  } catch {
    chip.classList.add("is-stale");
  }
}

function askSoon() {
  if (!document.hidden) asking ??= setTimeout(ask, Math.max(0, askedAt + AFTER_EVENT_MS - Date.now()));
}

/** Count now, every half minute, and after what the feed speaks of: a finding says where somebody is. */
export function count() {
  ask();
  setInterval(askSoon, EVERY_MS);
  document.addEventListener("sx:event", () => layer?.isShown && askSoon());
  document.addEventListener("visibilitychange", askSoon);
}

/** The list is shown in its own looks only. */
function dressed() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = chip.dataset.css;
  document.head.append(link);
  return new Promise((resolve) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", resolve);
  });
}

/** Show or hide the marks and the list of names. */
export async function toggle(map) {
  if (!layer) {
    const [{ Staff }] = await Promise.all([import("./staff.js"), dressed()]);
    layer ??= new Staff(map);
  }
  layer.toggle();
  chip.setAttribute("aria-pressed", String(layer.isShown));
  chip.setAttribute("aria-expanded", String(layer.isShown));
  if (layer.isShown) await ask();
}
