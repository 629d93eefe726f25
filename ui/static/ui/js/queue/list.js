// The list as a whole: other filters, the next page, everything anew. Its address says all of it.
import { fragment } from "../api.js";
import { tick } from "../clock.js";
import { $, $$, toast } from "../page.js";
import { fill, gettext, thousands } from "../text.js";
import { look } from "./counters.js";
import { map } from "./map.js";
import { pickCases } from "./picks.js";
import { head, list, mark, parse, rowOf, selected } from "./rows.js";

const MOST_ROWS = 1000;
const DROPPED_ROWS = 200;
const BY_HTMX = "[hx-get],[data-go]";
let dropped = 0;
let fetching = null;
let isReady = false;

/** htmx swaps the list when a filter is pressed; it comes with the first pointer or focus on one. */
function fetchHtmx() {
  fetching ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = $("#list").dataset.htmx;
    script.addEventListener("load", () => setTimeout(resolve)); // it reads the page in a timer of its own
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  fetching.then(() => (isReady = true), () => (fetching = null));
  return fetching;
}

/** Do something that needs htmx; where it does not come, say so and offer to try again. */
async function withHtmx(act) {
  try {
    await fetchHtmx();
  } catch {
    notFetched(() => withHtmx(act));
    return;
  }
  act();
}

/** Go to another filter without leaving the page. */
export function go(href) {
  withHtmx(() => {
    history.pushState(null, "", href);
    window.htmx.ajax("GET", href, { target: "#list" });
  });
}

/** Another district has another feed, map and head: the page is opened anew. */
export function leaveOrGo(href) {
  const district = new URL(href, location.href).searchParams.get("district");
  if (district && district !== $("#live").dataset.district) location.assign(href);
  else go(href);
}

/** F: the page narrows to one case, and back. */
export function toggleOnly() {
  const back = $("[data-only-off]");
  if (back) go(back.getAttribute("href"));
  else if (selected()) {
    const url = new URL(location.href);
    url.searchParams.set("only", selected());
    url.searchParams.delete("case");
    go(url.pathname + url.search);
  }
}

/** How many rows stand there, of how many. */
export function countRows() {
  $("#shown").textContent = thousands(dropped + $$(".case").length);
}

/** The list anew, as the address says. */
export async function reload() {
  try {
    $("#list").innerHTML = await fragment(location.pathname + location.search);
  } catch {
    notFetched();
    return;
  }
  settle();
}

function notFetched(run = reload) {
  toast(gettext("列表没有取到"), { over: true, action: gettext("重试"), run });
}

/** The next page, below. */
export async function more() {
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
  if (!$("#earlier")) box.insertAdjacentHTML("afterbegin", '<li id="earlier"><button type="button" class="btn sm" data-to-top></button></li>');
  $("#earlier button").textContent = fill(gettext("前面 %(n)s 件已收起，回到开头"), { n: dropped });
  box.scrollTop = scroll - (height - box.scrollHeight);
}

/** After the list was swapped: nothing waits any more, the map follows the new filters. */
export function settle() {
  window.htmx?.process($("#list"));
  dropped = 0;
  tick();
  mark(selected());
  pickCases([]);
  look(head().dataset.asOf);
  document.dispatchEvent(new CustomEvent("sx:settled"));
  showMap();
}

async function showMap() {
  try {
    await map.show(list().dataset.rows);
  } catch {
    toast(gettext("地图点位没有取全"), { over: true, action: gettext("重试"), run: showMap });
  }
}

/** The form of filters goes into the address, without what was left empty. */
function sendForm(form) {
  const filled = [...new FormData(form)].filter(([, value]) => value !== "");
  form.closest("dialog").close();
  go(`/queue/?${new URLSearchParams(filled)}`);
}

/** Filters by link, by choice and by form; back and forward. */
export function listenToFilters() {
  const near = ({ target }) => target.closest?.(BY_HTMX) && fetchHtmx().catch(() => {});
  for (const name of ["pointerover", "focusin"]) $("#list").addEventListener(name, near);
  document.addEventListener("click", beforeHtmx);
  document.addEventListener("htmx:after:swap", settle);
  document.addEventListener("htmx:error", () => notFetched());
  document.addEventListener("htmx:before:history:restore", (event) => event.preventDefault());
  addEventListener("popstate", () => location.hash || reload());
  document.addEventListener("change", ({ target }) => target.matches("[data-go]") && leaveOrGo(target.value));
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filter-form]")) return;
    event.preventDefault();
    sendForm(event.target);
  });
}

/** A filter that was pressed before htmx has come is pressed again when it has. */
function beforeHtmx(event) {
  const link = isReady ? null : event.target.closest(BY_HTMX);
  if (!link?.href || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  withHtmx(() => link.isConnected && link.click());
}
