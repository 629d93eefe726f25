// The queue page: which click and which key does what. queue/*.js do it; the rest comes when it is asked for.
import { isOpen, primaryMove } from "./drawer.js";
import { bind } from "./keys.js";
import { $ } from "./page.js";
import { keepCounting } from "./queue/counters.js";
import { listenToFilters, more, reload, settle, toggleOnly } from "./queue/list.js";
import { map } from "./queue/map.js";
import { arrive, close, followAddress, open, step, transfer } from "./queue/opened.js";
import { batch, clickPick, pickAll, pickCases, pickRange, togglePick, unpick } from "./queue/picks.js";
import { followPointer, head, list, rowOf, selected } from "./queue/rows.js";
import { askAbout, listenToFeed, loadWaiting } from "./queue/strip.js";
import { thousands } from "./text.js";

const MAP_CLICKS = {
  fit: () => {
    map.lock(false);
    map.fitAll();
  },
  cells: (button) => button.setAttribute("aria-pressed", String(map.toggleCells())),
  staff: async () => (await import("./queue/on-duty.js")).toggle(map),
  lasso: async (button) => (await import("./queue/lasso.js")).toggleLasso(map, button, list().dataset.rows, pickCases),
  in: () => zoom(1),
  out: () => zoom(-1),
};

function zoom(by) {
  map.lock(true);
  map.zoomBy(by);
}

function toggleMap(button) {
  const isShown = document.body.classList.toggle("show-map");
  button.setAttribute("aria-pressed", String(isShown));
  map.map.updateSize();
  if (isShown) map.fitAll();
}

const CLICKS = {
  "#strip": loadWaiting,
  "#more": more,
  "[data-drawer-close]": close,
  "[data-to-top]": reload,
  "[data-toggle-map]": toggleMap,
  "[data-map]": (button) => MAP_CLICKS[button.dataset.map](button),
  "[data-batch]": (button) => batch(button.dataset.batch, askAbout),
  "[data-export]": async () => (await import("./queue/exports.js")).openExports(list().dataset.rows),
  "[data-saved]": async () => (await import("./queue/saved.js")).openSaved(head().dataset.query, $("#list").dataset.share, reload),
};

document.addEventListener("click", (event) => {
  for (const [selector, act] of Object.entries(CLICKS)) {
    const target = event.target.closest(selector);
    if (target) {
      act(target);
      return;
    }
  }
  const row = event.target.closest(".case");
  if (row) clickRow(row, event);
});

function clickRow(row, event) {
  if (event.target.closest(".pick")) {
    if (event.target.matches("input")) clickPick(row, event);
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (event.shiftKey) pickRange(row, true);
  else open(row.dataset.case);
}

document.addEventListener("change", ({ target }) => target.id === "pick-all" && pickAll(target.checked));

function tickByKey(event) {
  const row = event.target.closest?.("button,summary,input") ? null : rowOf(selected());
  if (!row) return false;
  togglePick(row);
  return true;
}

/** Who reads the open case by keyboard scrolls it with the keys that walk the list elsewhere. */
const isReading = ({ target }) => target.closest?.("#drawer-body");

bind({
  ArrowDown: (event) => !isReading(event) && step(1, event),
  ArrowUp: (event) => !isReading(event) && step(-1, event),
  Enter: (event) => {
    if (event.target.closest("button,summary,a:not(.case a)") || !selected()) return false;
    return isOpen() ? $("#drawer-body")?.focus() : open(selected());
  },
  e: () => primaryMove() ?? false,
  t: transfer,
  r: loadWaiting,
  f: toggleOnly,
  x: tickByKey,
  " ": (event) => !isReading(event) && tickByKey(event),
  Escape: () => close() || unpick(),
  "Ctrl+k": () => $("#search").select(),
  "?": () => $("#keys").showModal(),
});

window.sanxianMap = map;
map.onPick(open);
map.onLock((isLocked) => $("#fit").setAttribute("aria-pressed", String(!isLocked)));
map.onCount((n) => ($("#on-map").textContent = thousands(n)));
followPointer();
listenToFeed();
listenToFilters();
keepCounting();
followAddress();
arrive(false);
settle();
arrive(true);
if ($("#incidents")) import("./incidents.js").then(({ listen }) => listen());
if ($('[data-map="staff"]')) import("./queue/on-duty.js").then(({ count }) => count());
if ("team" in $("#list").dataset) import("./queue/rings.js").then(({ listen }) => listen(open));
