// Counters of tiles and lines, and what has not been looked at yet; the server keeps the mark.
import { get, post } from "../api.js";
import { $, $$ } from "../page.js";
import { thousands } from "../text.js";
import { head } from "./rows.js";

const COUNT_EVERY_MS = 2000;
const COUNT_ANYWAY_MS = 60000;
const LOOKED_AFTER_MS = 1200;
const MOST_SHOWN = 99;
const others = window.BroadcastChannel ? new BroadcastChannel(`sx-queue-${$("#list").dataset.person}`) : null;
let counting = null;
let countedAt = 0;
let looking = null;

/** Ask for the counters, at most every two seconds. */
export function countSoon() {
  counting ??= setTimeout(countAgain, Math.max(0, countedAt + COUNT_EVERY_MS - Date.now()));
}

async function countAgain() {
  counting = null;
  countedAt = Date.now();
  try {
    show(await get($("#tiles").dataset.counters));
  } catch {
    setTimeout(countSoon, COUNT_EVERY_MS);
  }
}

function show(counts) {
  for (const element of $$("[data-count]")) {
    const count = counts[element.dataset.count];
    if (count !== undefined) element.textContent = thousands(count);
  }
  for (const [view, count] of Object.entries(counts.unseen)) showUnseen(view, count);
}

function showUnseen(view, count) {
  for (const badge of $$(`[data-unseen="${view}"]`)) {
    badge.hidden = !count;
    $("b", badge).textContent = count > MOST_SHOWN ? `${MOST_SHOWN}+` : count;
  }
}

/** The view on the screen counts as looked at once it has stood there for a moment. */
export function look(until) {
  clearTimeout(looking);
  const { view } = head().dataset;
  if (!view || document.hidden) return;
  looking = setTimeout(async () => {
    await post("/api/v1/queue/seen", { view, until }).catch(() => {});
    others?.postMessage("seen");
    countSoon();
  }, LOOKED_AFTER_MS);
}

/** Count again when another tab has looked, and every minute. */
export function keepCounting() {
  others?.addEventListener("message", countSoon);
  setInterval(() => document.hidden || countSoon(), COUNT_ANYWAY_MS);
}
