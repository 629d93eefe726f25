// The live strip: cases the feed speaks of are asked for anew; a row changes where it stands, a new case waits until R.
import { fragment } from "../api.js";
import { now } from "../clock.js";
import { isOpen, refreshDrawer } from "../drawer.js";
import { $, $$ } from "../page.js";
import { fill, gettext } from "../text.js";
import { countSoon, look } from "./counters.js";
import { countRows, reload } from "./list.js";
import { map } from "./map.js";
import { isPicked, pick } from "./picks.js";
import { head, isBefore, list, mark, parse, pointOf, rowOf, selected } from "./rows.js";

const BATCH_MS = 120;
const GAP_MS = [400, 4000]; // between two batches: the busier the district, the longer
const GAP_PER_CASE_MS = 40;
const HIDDEN_GAP_MS = 5000;
const AGAIN_MS = 3000;
const AT_ONCE = 100;
const waiting = new Map(); // new cases: number -> <li>
let asked = new Set();
let asking = null;
let mayAskAt = 0;

/** Ask again about cases, as after an event or a batch. */
export function askAbout(numbers) {
  for (const number of numbers) asked.add(number);
  askSoon();
}

/** The first event is asked about at once; under load cases are gathered, most of all unseen. */
function askSoon() {
  const wait = Math.max(BATCH_MS, mayAskAt - Date.now(), document.hidden ? HIDDEN_GAP_MS : 0);
  asking ??= setTimeout(ask, wait);
}

async function ask() {
  asking = null;
  const numbers = [...asked].slice(0, AT_ONCE);
  mayAskAt = Date.now() + Math.min(GAP_MS[1], Math.max(GAP_MS[0], numbers.length * GAP_PER_CASE_MS));
  asked = new Set([...asked].slice(AT_ONCE));
  try {
    takeAll(numbers, parse(await fragment(`/queue/rows?${list().dataset.rows}&ids=${numbers.join(",")}`)));
  } catch {
    for (const number of numbers) asked.add(number);
    setTimeout(askSoon, AGAIN_MS);
    return;
  }
  if (asked.size) askSoon();
}

/** The server's answer about cases: rows of those that are here, notes about those that are not. */
function takeAll(numbers, answer) {
  const gone = new Map(numbers.map((number) => [number, ""]));
  for (const note of $$("[data-gone]", answer)) gone.set(note.dataset.gone, note.dataset.words);
  for (const row of $$(".case", answer)) {
    gone.delete(row.dataset.case);
    take(row);
  }
  gone.forEach((words, number) => {
    waiting.delete(number);
    greyOut(number, words);
  });
  showStrip();
  countSoon();
  map.soon();
}

function take(row) {
  const number = row.dataset.case;
  const old = rowOf(number);
  if (old) replaceRow(old, row);
  else waiting.set(number, row);
  if (number !== selected() || !isOpen()) return;
  map.select(pointOf(row));
  refreshDrawer(Number(row.dataset.version));
}

/** Put a fresh row where the old one stands; tick, selection and focus stay. */
function replaceRow(old, row) {
  const number = row.dataset.case;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(row);
  if (number === selected()) row.setAttribute("aria-current", "true");
  if (isPicked(number)) pick([row], true);
  if (hadFocus) row.querySelector("a").focus({ preventScroll: true });
  row.classList.add("is-new");
}

/** A case that somebody else took or that went elsewhere: it stays where it is, grey, with the name. */
function greyOut(number, words) {
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
  for (const row of waiting.values()) counts[row.dataset.line] += 1;
  const words = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
  const parts = Object.keys(counts).filter((line) => counts[line]).map((line) => `${words[line]} ${counts[line]}`);
  $("#strip").hidden = waiting.size === 0;
  $("#strip-words").textContent = fill(gettext("刚刚进入 %(n)s 件（%(parts)s）"), { n: waiting.size, parts: parts.join(" · ") });
  document.title = document.title.replace(/\(\d+\) /, "");
  if (waiting.size) document.title = `(${waiting.size}) ${document.title}`;
}

/** Nothing waits any more. */
function emptyStrip() {
  waiting.clear();
  showStrip();
}

/** Put the waiting cases where they belong; what is under the eyes stays where it is. */
export function loadWaiting() {
  const box = list();
  if (!waiting.size) return;
  look(new Date(now()).toISOString());
  if (!box.isConnected || !$(".case")) {
    reload();
    return;
  }
  const anchor = $$(".case").find((row) => row.offsetTop + row.offsetHeight > box.scrollTop + box.offsetTop);
  const before = anchor.getBoundingClientRect().top;
  const atTop = box.scrollTop < 4;
  for (const row of waiting.values()) {
    box.insertBefore(row, $$(".case").find((other) => isBefore(row, other)) || null);
    row.classList.add("is-new");
  }
  if (!atTop) box.scrollTop += anchor.getBoundingClientRect().top - before;
  emptyStrip();
  countRows();
  mark(selected());
}

/** Hear the feed, what this person's own moves changed, a list read anew, and a page seen again. */
export function listenToFeed() {
  document.addEventListener("sx:event", ({ detail }) => askAbout([detail.case_no]));
  document.addEventListener("sx:moved", ({ detail }) => askAbout([detail.case_no]));
  document.addEventListener("sx:reload", () => reload());
  document.addEventListener("sx:settled", emptyStrip);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    countSoon();
    map.soon();
    if (!waiting.size) look(head().dataset.asOf);
  });
}
