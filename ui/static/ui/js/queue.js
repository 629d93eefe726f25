// The queue page: list and map in step, live strip, keyset pages, drawer, keys.
import { fragment, get } from "./api.js";
import { now, tick } from "./clock.js";
import { closeDrawer, isOpen, openDrawer, primaryMove, refreshDrawer } from "./drawer.js";
import { bind } from "./keys.js";
import { CityMap } from "./map.js";
import { $, $$, toast } from "./page.js";
import { fill, gettext } from "./text.js";

const BATCH_MS = 120;
const GAP_MS = [400, 4000]; // between two batches: the busier the district, the longer
const GAP_PER_CASE_MS = 40;
const HIDDEN_GAP_MS = 5000;
const COUNT_EVERY_MS = 2000;
const MOST_ON_MAP = 1000;
const DRAWER_CLEARANCE = 420;
const pending = new Map(); // cases that wait in the live strip: number -> <li>
let asked = new Set();
let asking = null;
let mayAskAt = 0;
let selected = new URL(location.href).searchParams.get("case");

const list = () => $("#cases");
const rowOf = (number) => document.getElementById(`case-${number}`);
const map = new CityMap("map", { center: $("#map").dataset.center.split(",").map(Number) });
window.sanxianMap = map;

function pointOf(row) {
  const { case: number, line, lon, lat, due } = row.dataset;
  return { number, line, lon: Number(lon) || 0, lat: Number(lat) || 0, isOver: due && Number(due) * 1000 < now() };
}

/** Points of every case under the filters; the rows that are here show at once. */
async function loadPoints() {
  const query = list().dataset.rows;
  const points = new Map($$(".case").map((row) => [row.dataset.case, pointOf(row)]));
  map.showCases([...points.values()].filter((point) => point.lon));
  let cursor = "";
  do {
    const page = await get(`/queue/points?${query}&cursor=${encodeURIComponent(cursor)}`);
    if (query !== list().dataset.rows) return;
    for (const [number, line, lon, lat, due] of page.points) {
      points.set(number, { number, line, lon, lat, isOver: due !== null && due * 1000 < now() });
    }
    cursor = page.next;
  } while (cursor && points.size < MOST_ON_MAP);
  map.showCases([...points.values()].filter((point) => point.lon));
  $("#on-map").textContent = cursor ? `${points.size}+` : String(points.size);
  if (selected) map.select(selected);
}

function mark(number) {
  for (const row of $$(".case[aria-current]")) row.removeAttribute("aria-current");
  selected = number;
  const row = number && rowOf(number);
  row?.setAttribute("aria-current", "true");
  map.select(number);
  return row;
}

function remember(number) {
  const url = new URL(location.href);
  if (number) url.searchParams.set("case", number);
  else url.searchParams.delete("case");
  history.replaceState(history.state, "", url);
}

async function open(number) {
  mark(number)?.scrollIntoView({ block: "nearest" });
  remember(number);
  document.body.classList.add("has-drawer");
  if (innerWidth > 900) map.keepClear([0, DRAWER_CLEARANCE, 0, 0]);
  map.select(number);
  await openDrawer(number);
}

function close() {
  if (!isOpen()) return false;
  closeDrawer();
  document.body.classList.remove("has-drawer");
  map.keepClear([0, 0, 0, 0]);
  remember(null);
  rowOf(selected)?.querySelector("a").focus({ preventScroll: true });
  return true;
}

function step(by) {
  const rows = $$(".case");
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.dataset.case === selected);
  const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? 0 : here + by))];
  next.querySelector("a").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (isOpen()) open(next.dataset.case);
  else mark(next.dataset.case);
}

// --- what the socket says -------------------------------------------------------------------

function parseRows(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return $$(".case", holder.content);
}

function replaceRow(old, row) {
  const isSelected = old.dataset.case === selected;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(row);
  if (isSelected) row.setAttribute("aria-current", "true");
  if (hadFocus) row.querySelector("a").focus({ preventScroll: true });
  row.classList.add("is-new");
}

function take(row) {
  const number = row.dataset.case;
  const old = rowOf(number);
  map.putCase(pointOf(row));
  if (old) replaceRow(old, row);
  else pending.set(number, row);
  if (number === selected) {
    map.select(number);
    if (isOpen()) refreshDrawer(Number(row.dataset.version));
  }
}

function leave(number) {
  pending.delete(number);
  rowOf(number)?.classList.add("is-gone");
  map.putCase({ number });
}

function showStrip() {
  const counts = { HOTLINE: 0, GRID: 0, AFFAIRS: 0 };
  for (const row of pending.values()) counts[row.dataset.line] += 1;
  const words = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
  const parts = Object.keys(counts).filter((line) => counts[line]).map((line) => `${words[line]} ${counts[line]}`);
  $("#strip").hidden = pending.size === 0;
  $("#strip-words").textContent = fill(gettext("刚刚进入 %(n)s 件（%(parts)s）"), { n: pending.size, parts: parts.join(" · ") });
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (pending.size) document.title = `(${pending.size}) ${document.title}`;
}

async function ask() {
  asking = null;
  const numbers = [...asked].slice(0, 100);
  mayAskAt = Date.now() + Math.min(GAP_MS[1], Math.max(GAP_MS[0], numbers.length * GAP_PER_CASE_MS));
  asked = new Set([...asked].slice(100));
  const gone = new Set(numbers);
  try {
    for (const row of parseRows(await fragment(`/queue/rows?${list().dataset.rows}&ids=${numbers.join(",")}`))) {
      gone.delete(row.dataset.case);
      take(row);
    }
    gone.forEach(leave);
    showStrip();
    countSoon();
  } catch {
    for (const number of numbers) asked.add(number);
    setTimeout(askSoon, 3000);
    return;
  }
  if (asked.size) askSoon();
}

/** The first event is asked about at once; under load cases are gathered, most of all unseen. */
function askSoon() {
  const wait = Math.max(BATCH_MS, mayAskAt - Date.now(), document.hidden ? HIDDEN_GAP_MS : 0);
  asking ??= setTimeout(ask, wait);
}

let counting = null;
let countedAt = 0;
function countSoon() {
  counting ??= setTimeout(countAgain, Math.max(0, countedAt + COUNT_EVERY_MS - Date.now()));
}

async function countAgain() {
  counting = null;
  countedAt = Date.now();
  try {
    const counts = await get($("#tiles").dataset.counters);
    for (const element of $$("[data-count]")) {
      const count = counts[element.dataset.count];
      if (count !== undefined) element.textContent = count;
    }
  } catch {
    setTimeout(countSoon, COUNT_EVERY_MS);
  }
}

document.addEventListener("sx:event", ({ detail }) => {
  asked.add(detail.case_no);
  askSoon();
});

document.addEventListener("sx:reload", () => reload());

/** Put the waiting cases where they belong; what is under the eyes stays where it is. */
function loadPending() {
  const box = list();
  if (!pending.size) return;
  if (!box.isConnected || !$(".case")) {
    reload();
    return;
  }
  const anchor = $$(".case").find((row) => row.offsetTop + row.offsetHeight > box.scrollTop + box.offsetTop);
  const before = anchor.getBoundingClientRect().top;
  const atTop = box.scrollTop < 4;
  for (const row of pending.values()) {
    const due = Number(row.dataset.due) || Infinity;
    const later = $$(".case").find((other) => (Number(other.dataset.due) || Infinity) > due);
    box.insertBefore(row, later || null);
    row.classList.add("is-new");
  }
  if (!atTop) box.scrollTop += anchor.getBoundingClientRect().top - before;
  pending.clear();
  showStrip();
  $("#shown").textContent = $$(".case").length;
  mark(selected);
}

async function reload() {
  const html = await fragment(location.pathname + location.search);
  $("#list").innerHTML = html;
  settle();
}

async function more() {
  const box = list();
  const holder = document.createElement("template");
  try {
    holder.innerHTML = await fragment(`/queue/rows?${box.dataset.rows}&cursor=${encodeURIComponent(box.dataset.next)}`);
  } catch {
    toast(gettext("下一页没有取到"), { over: true, action: gettext("重试"), run: more });
    return;
  }
  for (const row of $$(".case", holder.content)) if (!rowOf(row.dataset.case)) box.append(row);
  box.dataset.next = $("[data-next]", holder.content)?.dataset.next || "";
  $("#more").hidden = !box.dataset.next;
  $("#shown").textContent = $$(".case").length;
}

/** After the list was swapped: nothing waits any more, the map follows the new filters. */
function settle() {
  window.htmx?.process($("#list"));
  pending.clear();
  showStrip();
  tick();
  mark(selected);
  loadPoints().catch(() => toast(gettext("地图点位没有取全"), { over: true, action: gettext("重试"), run: loadPoints }));
}

document.addEventListener("htmx:after:swap", settle);
document.addEventListener("htmx:error", () => toast(gettext("列表没有取到"), { over: true, action: gettext("重试"), run: reload }));

document.addEventListener("click", (event) => {
  const target = event.target;
  if (target.closest("#strip")) loadPending();
  else if (target.closest("#more")) more();
  else if (target.closest("[data-drawer-close]")) close();
  else if (target.closest("[data-toggle-map]")) {
    const isShown = document.body.classList.toggle("show-map");
    target.closest("[data-toggle-map]").setAttribute("aria-pressed", String(isShown));
    map.map.updateSize();
    if (isShown) map.fitCases();
  } else if (target.closest("[data-map]")) {
    const button = target.closest("[data-map]");
    const what = button.dataset.map;
    if (what === "fit") map.fitCases();
    else if (what === "cells") button.setAttribute("aria-pressed", String(map.toggleCells()));
    else map.zoomBy(what === "in" ? 1 : -1);
  } else {
    const row = target.closest(".case");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(row.dataset.case);
  }
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-go]")) return;
  window.htmx.ajax("GET", target.value, { target: "#list" });
  history.pushState(null, "", target.value);
});

document.addEventListener("sx:moved", ({ detail }) => {
  asked.add(detail.case_no);
  askSoon();
});

bind({
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Enter: (event) => {
    if (event.target.closest("button,summary,a:not(.case a)") || !selected) return false;
    return open(selected);
  },
  e: () => primaryMove() ?? false,
  r: () => loadPending(),
  Escape: () => close(),
  "Ctrl+k": () => $("#search").select(),
  "?": () => $("#keys").showModal(),
});

document.addEventListener("sx:open-case", (event) => {
  event.preventDefault();
  open(event.detail.case_no);
});
map.onPick(open);
if (selected) {
  document.body.classList.add("has-drawer");
  if (innerWidth > 900) map.keepClear([0, DRAWER_CLEARANCE, 0, 0]);
}
settle();
if (!selected) loadPoints().then(() => map.fitCases()).catch(() => {});
