// The queue page: list and map in step, live strip, pages, keys. The rest is loaded when it is asked for.
import { fragment, get, post } from "./api.js";
import { now, tick } from "./clock.js";
import { closeDrawer, isOpen, openDrawer, primaryMove, refreshDrawer } from "./drawer.js";
import { bind } from "./keys.js";
import { $, $$, toast } from "./page.js";
import { QueueMap } from "./queuemap.js";
import { fill, gettext } from "./text.js";

const BATCH_MS = 120;
const GAP_MS = [400, 4000]; // between two batches: the busier the district, the longer
const GAP_PER_CASE_MS = 40;
const HIDDEN_GAP_MS = 5000;
const COUNT_EVERY_MS = 2000;
const COUNT_ANYWAY_MS = 60000;
const LOOKED_AFTER_MS = 1200;
const MOST_ROWS = 1000;
const DROPPED_ROWS = 200;
const DRAWER_CLEARANCE = 420;
const TRANSFERS = ["sub_dispatch", "dispatch", "emergency_dispatch", "add_support", "request_return"];
const pending = new Map(); // cases that wait in the live strip: number -> <li>
const picked = new Map(); // ticked cases: number -> { case_no, version, title }
let asked = new Set();
let asking = null;
let mayAskAt = 0;
let selected = new URL(location.href).searchParams.get("case");
let dropped = 0;

const list = () => $("#cases");
const head = () => $("#head");
const rowOf = (number) => document.getElementById(`case-${number}`);
const map = new QueueMap("map", { center: $("#map").dataset.center.split(",").map(Number) });
const others = window.BroadcastChannel ? new BroadcastChannel(`sx-queue-${$("#list").dataset.person}`) : null;
window.sanxianMap = map;

function pointOf(row) {
  const { case: number, line, lon, lat, due } = row.dataset;
  return { number, line, lon: Number(lon) || 0, lat: Number(lat) || 0, isOver: due && Number(due) * 1000 < now() };
}

const pointOfCase = (number) => (number && rowOf(number) ? pointOf(rowOf(number)) : map.pointOf(number));

function mark(number) {
  for (const row of $$(".case[aria-current]")) row.removeAttribute("aria-current");
  selected = number;
  const row = number && rowOf(number);
  row?.setAttribute("aria-current", "true");
  return row;
}

function remember(number) {
  const url = new URL(location.href);
  if (number) url.searchParams.set("case", number);
  else url.searchParams.delete("case");
  history.replaceState(history.state, "", url);
}

function makeRoom() {
  document.body.classList.add("has-drawer");
  if (innerWidth > 900) map.keepClear([0, DRAWER_CLEARANCE, 0, 0]);
}

async function open(number) {
  mark(number)?.scrollIntoView({ block: "nearest" });
  remember(number);
  map.remember();
  makeRoom();
  map.select(pointOfCase(number));
  await openDrawer(number);
  if (!map.selected) find(number);
}

/** A case that is neither in the list nor alone on the map: ask where it is. */
async function find(number) {
  const { location: place, line, due } = await get(`/api/v1/cases/${encodeURIComponent(number)}`).catch(() => ({}));
  if (place && number === selected) map.select({ number, line, ...place, isOver: due?.state === "OVERDUE" });
}

function close() {
  if (!isOpen()) return false;
  closeDrawer();
  document.body.classList.remove("has-drawer");
  map.keepClear([0, 0, 0, 0]);
  map.comeBack();
  remember(null);
  rowOf(selected)?.querySelector("a").focus({ preventScroll: true });
  return true;
}

function step(by, event) {
  const rows = $$(".case");
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.dataset.case === selected);
  const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? 0 : here + by))];
  if (event.shiftKey) pick([rows[Math.max(0, here)], next], true);
  next.querySelector("a").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (isOpen()) open(next.dataset.case);
  else {
    mark(next.dataset.case);
    map.select(pointOf(next));
  }
}

/** Go to another filter without leaving the page. */
function go(href) {
  history.pushState(null, "", href);
  window.htmx.ajax("GET", href, { target: "#list" });
}

/** Another district has another feed, map and head: the page is opened anew. */
function leaveOrGo(href) {
  const district = new URL(href, location.href).searchParams.get("district");
  if (district && district !== $("#live").dataset.district) location.assign(href);
  else go(href);
}

/** F: the page narrows to one case, and back. */
function toggleOnly() {
  const back = $("[data-only-off]");
  if (back) go(back.getAttribute("href"));
  else if (selected) {
    const url = new URL(location.href);
    url.searchParams.set("only", selected);
    url.searchParams.delete("case");
    go(url.pathname + url.search);
  }
}

function transfer() {
  const button = TRANSFERS.map((move) => $(`#drawer [data-open-move="${move}"]`)).find(Boolean);
  if (!isOpen() || !button) return false;
  button.click();
  return true;
}

let lastPicked = null;

function pick(rows, isOn) {
  for (const row of rows) {
    const { case: number, version } = row.dataset;
    $(".pick input", row).checked = isOn;
    row.classList.toggle("is-picked", isOn);
    if (isOn) picked.set(number, { case_no: number, version: Number(version), title: $(".title a", row).textContent });
    else picked.delete(number);
  }
  showPicked();
}

function showPicked() {
  const rows = $$(".case");
  $("#picked-words").textContent = picked.size ? fill(gettext("已选 %(n)s"), { n: picked.size }) : gettext("全选");
  $("#pick-all").checked = rows.length > 0 && rows.every((row) => picked.has(row.dataset.case));
  $("#pick-all").indeterminate = picked.size > 0 && !$("#pick-all").checked;
  for (const button of $$("[data-batch]")) button.disabled = !picked.size;
}

function pickRange(row, isOn) {
  const rows = $$(".case");
  const [from, to] = [rows.indexOf(lastPicked), rows.indexOf(row)].sort((a, b) => a - b);
  pick(from < 0 ? [row] : rows.slice(from, to + 1), isOn);
}

/** What a lasso holds: ticked in the list where it shows, and kept also where it does not. */
function pickCases(cases) {
  for (const one of cases) picked.set(one.case_no, one);
  for (const row of $$(".case")) if (picked.has(row.dataset.case)) pick([row], true);
  showPicked();
}

/** Untick cases: those that are done, or all. */
function unpick(numbers = [...picked.keys()]) {
  for (const number of numbers) {
    picked.delete(number);
    if (rowOf(number)) pick([rowOf(number)], false);
  }
  showPicked();
}

/** Ask again about cases, as after a batch. */
function askAbout(numbers) {
  for (const number of numbers) asked.add(number);
  askSoon();
}

async function batch(kind) {
  const { startBatch } = await import("./batch.js");
  startBatch(kind, [...picked.values()], { unpick, askAbout });
}

function parse(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

function replaceRow(old, row) {
  const number = row.dataset.case;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(row);
  if (number === selected) row.setAttribute("aria-current", "true");
  if (picked.has(number)) pick([row], true);
  if (hadFocus) row.querySelector("a").focus({ preventScroll: true });
  row.classList.add("is-new");
}

function take(row) {
  const number = row.dataset.case;
  const old = rowOf(number);
  if (old) replaceRow(old, row);
  else pending.set(number, row);
  if (number === selected) {
    if (isOpen()) map.select(pointOf(row));
    if (isOpen()) refreshDrawer(Number(row.dataset.version));
  }
}

/** A case that somebody else took or that went elsewhere: it stays where it is, grey, with the name. */
function leave(number, words) {
  pending.delete(number);
  const row = rowOf(number);
  if (!row || row.classList.contains("is-gone")) return;
  row.classList.add("is-gone");
  pick([row], false);
  $(".pick input", row).disabled = true;
  const note = document.createElement("span");
  note.className = "tag gone";
  note.textContent = words || gettext("已不在您的列表");
  $(".title", row).append(note);
}

function showStrip() {
  const counts = { HOTLINE: 0, GRID: 0, AFFAIRS: 0 };
  for (const row of pending.values()) counts[row.dataset.line] += 1;
  const words = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
  const parts = Object.keys(counts).filter((line) => counts[line]).map((line) => `${words[line]} ${counts[line]}`);
  $("#strip").hidden = pending.size === 0;
  $("#strip-words").textContent = fill(gettext("刚刚进入 %(n)s 件（%(parts)s）"), { n: pending.size, parts: parts.join(" · ") });
  document.title = document.title.replace(/\(\d+\) /, "");
  if (pending.size) document.title = `(${pending.size}) ${document.title}`;
}

async function ask() {
  asking = null;
  const numbers = [...asked].slice(0, 100);
  mayAskAt = Date.now() + Math.min(GAP_MS[1], Math.max(GAP_MS[0], numbers.length * GAP_PER_CASE_MS));
  asked = new Set([...asked].slice(100));
  const gone = new Map(numbers.map((number) => [number, ""]));
  try {
    const answer = parse(await fragment(`/queue/rows?${list().dataset.rows}&ids=${numbers.join(",")}`));
    for (const note of $$("[data-gone]", answer)) gone.set(note.dataset.gone, note.dataset.words);
    for (const row of $$(".case", answer)) {
      gone.delete(row.dataset.case);
      take(row);
    }
    gone.forEach((words, number) => leave(number, words));
    showStrip();
    countSoon();
    map.soon();
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
    for (const [view, count] of Object.entries(counts.unseen)) showUnseen(view, count);
  } catch {
    setTimeout(countSoon, COUNT_EVERY_MS);
  }
}

function showUnseen(view, count) {
  for (const badge of $$(`[data-unseen="${view}"]`)) {
    badge.hidden = !count;
    $("b", badge).textContent = count > 99 ? "99+" : count;
  }
}

let looking = null;
/** The view on the screen counts as looked at once it has stood there for a moment. */
function look(until) {
  clearTimeout(looking);
  const { view } = head().dataset;
  if (!view || document.hidden) return;
  looking = setTimeout(async () => {
    await post("/api/v1/queue/seen", { view, until }).catch(() => {});
    others?.postMessage("seen");
    countSoon();
  }, LOOKED_AFTER_MS);
}

others?.addEventListener("message", countSoon);
setInterval(() => document.hidden || countSoon(), COUNT_ANYWAY_MS);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  countSoon();
  map.soon();
  if (!pending.size) look(head().dataset.asOf);
});

document.addEventListener("sx:event", ({ detail }) => {
  asked.add(detail.case_no);
  askSoon();
});

document.addEventListener("sx:reload", () => reload());

function isBefore(row, other) {
  const [a, b] = [row.dataset, other.dataset];
  const due = (Number(a.due) || Infinity) - (Number(b.due) || Infinity) || 0;
  if (head().dataset.sort === "created") return Number(a.created) > Number(b.created);
  if (head().dataset.sort === "priority" && a.priority !== b.priority) return a.priority < b.priority;
  return due < 0;
}

/** Put the waiting cases where they belong; what is under the eyes stays where it is. */
function loadPending() {
  const box = list();
  if (!pending.size) return;
  look(new Date(now()).toISOString());
  if (!box.isConnected || !$(".case")) {
    reload();
    return;
  }
  const anchor = $$(".case").find((row) => row.offsetTop + row.offsetHeight > box.scrollTop + box.offsetTop);
  const before = anchor.getBoundingClientRect().top;
  const atTop = box.scrollTop < 4;
  for (const row of pending.values()) {
    box.insertBefore(row, $$(".case").find((other) => isBefore(row, other)) || null);
    row.classList.add("is-new");
  }
  if (!atTop) box.scrollTop += anchor.getBoundingClientRect().top - before;
  pending.clear();
  showStrip();
  countRows();
  mark(selected);
}

function countRows() {
  $("#shown").textContent = dropped + $$(".case").length;
}

async function reload() {
  $("#list").innerHTML = await fragment(location.pathname + location.search);
  settle();
}

async function more() {
  const box = list();
  let answer;
  try {
    answer = parse(await fragment(`/queue/rows?${box.dataset.rows}&cursor=${encodeURIComponent(box.dataset.next)}`));
  } catch {
    toast(gettext("下一页没有取到"), { over: true, action: gettext("重试"), run: more });
    return;
  }
  for (const row of $$(".case", answer)) if (!rowOf(row.dataset.case)) box.append(row);
  box.dataset.next = $("[data-next]", answer)?.dataset.next || "";
  $("#more").hidden = !box.dataset.next;
  recycle(box);
  countRows();
}

/** A list that grows for ever gets slow: beyond a thousand rows the first ones go. */
function recycle(box) {
  const rows = $$(".case", box);
  if (rows.length <= MOST_ROWS) return;
  const height = box.scrollHeight;
  const scroll = box.scrollTop;
  for (const row of rows.slice(0, DROPPED_ROWS)) row.remove();
  dropped += DROPPED_ROWS;
  let earlier = $("#earlier");
  if (!earlier) {
    box.insertAdjacentHTML("afterbegin", '<li id="earlier"><button type="button" class="btn sm" data-to-top></button></li>');
    earlier = $("#earlier");
  }
  $("button", earlier).textContent = fill(gettext("前面 %(n)s 件已收起，回到开头"), { n: dropped });
  box.scrollTop = scroll - (height - box.scrollHeight);
}

/** After the list was swapped: nothing waits any more, the map follows the new filters. */
function settle() {
  window.htmx?.process($("#list"));
  pending.clear();
  dropped = 0;
  showStrip();
  tick();
  mark(selected);
  pickCases([]);
  look(head().dataset.asOf);
  document.dispatchEvent(new CustomEvent("sx:settled"));
  showMap();
}

async function showMap() {
  try {
    const n = await map.show(list().dataset.rows);
    if (n !== null) $("#on-map").textContent = n;
  } catch {
    toast(gettext("地图点位没有取全"), { over: true, action: gettext("重试"), run: showMap });
  }
}

document.addEventListener("htmx:after:swap", settle);
document.addEventListener("htmx:error", () => toast(gettext("列表没有取到"), { over: true, action: gettext("重试"), run: reload }));

async function onMap(button) {
  const what = button.dataset.map;
  if (what === "fit") {
    map.lock(false);
    map.fitAll();
  } else if (what === "cells") button.setAttribute("aria-pressed", String(map.toggleCells()));
  else if (what === "lasso") {
    const { toggleLasso } = await import("./lasso.js");
    toggleLasso(map, button, list().dataset.rows, pickCases);
  } else {
    map.lock(true);
    map.zoomBy(what === "in" ? 1 : -1);
  }
}

function toggleMap(button) {
  const isShown = document.body.classList.toggle("show-map");
  button.setAttribute("aria-pressed", String(isShown));
  map.map.updateSize();
  if (isShown) map.fitAll();
}

const CLICKS = {
  "#strip": loadPending,
  "#more": more,
  "[data-drawer-close]": close,
  "[data-to-top]": reload,
  "[data-toggle-map]": toggleMap,
  "[data-map]": onMap,
  "[data-batch]": (button) => batch(button.dataset.batch),
  "[data-export]": async () => (await import("./exports.js")).openExports(list().dataset.rows),
  "[data-saved]": async () => (await import("./saved.js")).openSaved(head().dataset.query, $("#list").dataset.share, reload),
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
  if (!row) return;
  if (event.target.closest(".pick")) {
    if (event.target.matches("input")) clickPick(row, event);
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (event.shiftKey) pickRange(row, true);
  else open(row.dataset.case);
});

function clickPick(row, event) {
  if (event.shiftKey) pickRange(row, event.target.checked);
  else pick([row], event.target.checked);
  lastPicked = row;
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-go]")) leaveOrGo(target.value);
  if (target.id === "pick-all") pick($$(".case:not(.is-gone)"), target.checked);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-filter-form]")) return;
  event.preventDefault();
  const filled = [...new FormData(event.target)].filter(([, value]) => value !== "");
  event.target.closest("dialog").close();
  go(`/queue/?${new URLSearchParams(filled)}`);
});

document.addEventListener("sx:moved", ({ detail }) => askAbout([detail.case_no]));

$("#list").addEventListener("pointerover", ({ target }) => {
  const row = target.closest?.(".case");
  map.hover(row ? pointOf(row) : null);
});
$("#list").addEventListener("pointerleave", () => map.hover(null));
map.hovered = (number) => {
  for (const row of $$(".case.is-hovered")) if (row.dataset.case !== number) row.classList.remove("is-hovered");
  if (number) rowOf(number)?.classList.add("is-hovered");
};
map.onLock((isLocked) => $("#fit").setAttribute("aria-pressed", String(!isLocked)));

function togglePick(event) {
  if (event.target.closest?.("button,summary,input")) return false;
  const row = rowOf(selected);
  if (!row) return false;
  pick([row], !picked.has(selected));
  lastPicked = row;
  return true;
}

bind({
  ArrowDown: (event) => step(1, event),
  ArrowUp: (event) => step(-1, event),
  Enter: (event) => {
    if (event.target.closest("button,summary,a:not(.case a)") || !selected) return false;
    return open(selected);
  },
  e: () => primaryMove() ?? false,
  t: () => transfer(),
  r: () => loadPending(),
  f: () => toggleOnly(),
  x: togglePick,
  " ": togglePick,
  Escape: () => close() || (picked.size ? unpick() ?? true : false),
  "Ctrl+k": () => $("#search").select(),
  "?": () => $("#keys").showModal(),
});

map.onPick((number) => open(number));
if (selected) makeRoom();
settle();
if (selected) {
  map.select(pointOfCase(selected));
  if (!map.selected) find(selected);
}
if ($("#incidents")) import("./incidents.js").then(({ listen }) => listen());
if ("team" in $("#list").dataset) import("./rings.js").then(({ listen }) => listen(open));
