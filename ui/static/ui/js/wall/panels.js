// What the panels show. Every text comes through escape(); nothing here asks the server.
import { duration } from "../clock.js";
import { escape, fill, gettext } from "../text.js";

const BOOKS = JSON.parse(document.getElementById("words").textContent);
const MARKS = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
const LINES = [
  ["HOTLINE", gettext("12345 热线")],
  ["GRID", gettext("网格巡查")],
  ["AFFAIRS", gettext("政务服务")],
];
const STEPS = {
  COLLECT: gettext("采集"),
  ACCEPT: gettext("受理"),
  DISPATCH: gettext("派遣"),
  HANDLE: gettext("处置"),
  CHECK: gettext("核查"),
  EVALUATE: gettext("评价"),
};
const RATES = {
  CLOSED_IN_TIME: [gettext("按期办结率"), "#35D6FF"],
  SIGNED_IN_TIME: [gettext("签收及时率"), "#35D6FF"],
  CONTENT: [gettext("群众满意率"), "#3DDCA0"],
  SOLVED_ONCE: [gettext("一次解决率"), "#FFC24B"],
};
const LOW = 0.9;
const LITTLE = 5; // a share of fewer cases says nothing
const MANY = 10; // above 1,000 % people think in times
const COUNT_UP_MS = 500;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const byId = (id) => document.getElementById(id);
const counting = new WeakMap();

export const number = (n) => Number(n).toLocaleString("en-US");
export const percent = (share, digits = 1) => (share === null ? "—" : `${(share * 100).toFixed(digits)}`);

export function clock(at, seconds = true) {
  const shape = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" };
  if (seconds) shape.second = "2-digit";
  return new Date(at).toLocaleTimeString("zh-CN", shape);
}

/** Write a whole number, counting up or down to it for half a second. */
export function count(element, wanted) {
  const text = wanted === null || wanted === undefined ? "—" : number(wanted);
  const before = Number(element.dataset.n);
  element.dataset.n = wanted ?? "";
  cancelAnimationFrame(counting.get(element));
  if (text === "—" || Number.isNaN(before) || element.textContent === "-" || calm.matches || document.hidden || before === wanted) {
    if (element.textContent !== text) element.textContent = text;
    return;
  }
  const began = performance.now();
  const step = (at) => {
    const part = Math.min(1, (at - began) / COUNT_UP_MS);
    element.textContent = number(Math.round(before + (wanted - before) * part));
    if (part < 1) counting.set(element, requestAnimationFrame(step));
  };
  counting.set(element, requestAnimationFrame(step));
}

/** Replace the inside of an element only where it differs. */
function put(element, html) {
  if (element.dataset.html === html) return;
  element.dataset.html = html;
  element.innerHTML = html;
}

function seal(line) {
  return `<i class="seal ${escape(line)}" aria-hidden="true">${MARKS[line] ?? ""}</i>`;
}

export function today({ total, lines }) {
  count(byId("today-total"), total);
  const list = byId("today-lines");
  if (!list.childElementCount) {
    list.innerHTML = LINES.map(
      ([line, name]) =>
        `<li>${seal(line)}<span>${name}</span><span class="bar ${line}"><i></i></span><b id="today-${line}">-</b></li>`,
    ).join("");
  }
  for (const [line] of LINES) {
    count(byId(`today-${line}`), lines[line]);
    const part = total ? (lines[line] / total) * 100 : 0;
    list.querySelector(`.bar.${line} i`).style.setProperty("--part", `${part.toFixed(1)}%`);
  }
}

const SIGNS = { up: ["up", "+", "▲ "], times: ["up", "", "▲ "], down: ["down", "−", "▼ "], "": ["", "", ""] };

/** A change as [up, times, down or "", words]: times above 1,000 %, cases where the base says little. */
function change(now, before, digits) {
  const way = now > before ? "up" : "down";
  if (now === before) return ["", gettext("持平")];
  if (before < LITTLE) return [way, fill(gettext("%(n)s 件"), { n: number(Math.abs(now - before)) })];
  if (now > before * (1 + MANY)) return ["times", fill(gettext("%(n)s 倍"), { n: (now / before).toFixed(1) })];
  const share = percent(Math.abs(now / before - 1), digits);
  return Number(share) ? [way, `${share}%`] : ["", gettext("持平")];
}

export function todayChange({ today_before: before, today_total: total }) {
  const element = byId("today-change");
  if (!before) {
    element.textContent = gettext("上周同日同时无数据");
    return;
  }
  const [way, words] = change(total, before, 1);
  const [kind, sign] = SIGNS[way];
  put(element, `<span class="note">${gettext("较上周同日同时")} </span><b class="${kind}">${sign}${words}</b>`);
}

export function figures(board) {
  for (const [name, n] of Object.entries(board)) {
    const element = byId(`n-${name}`);
    if (element) count(element, n);
  }
}

function changed(now, before) {
  if (!before) return `<span class="change new">${gettext("新增")}</span>`;
  const [way, words] = change(now, before, 0);
  const [kind, , mark] = SIGNS[way];
  return `<span class="change ${kind}">${mark}${words}</span>`;
}

export function issues(rows) {
  const items = rows.map(
    (row, n) =>
      `<li><span class="place">${n + 1}</span><span class="name">${escape(row.name)}</span><b>${number(row.n)}</b>${changed(row.n, row.before)}</li>`,
  );
  put(byId("issues"), items.join("") || `<li class="none">${gettext("今天还没有新工单")}</li>`);
}

function stay(found) {
  if (!found) return gettext("暂无流转");
  return fill(gettext("中位 %(time)s"), { time: duration(found.median_s) });
}

/** The closed loop: how many have come to each step, how many wait there, how long they stay. */
export function loop(steps, stays, bottleneck) {
  const items = steps.map(({ step, reached, waiting }) => {
    const isNarrow = step === bottleneck;
    const mark = isNarrow ? `<strong>${gettext("瓶颈")}</strong> ` : "";
    return `<li class="${isNarrow ? "narrow" : ""}" data-step="${step}" data-reached="${reached}" data-waiting="${waiting}"><span>${mark}${STEPS[step]}</span><b>${number(reached)}</b><em>${fill(gettext("停留 %(n)s"), { n: number(waiting) })}</em><em class="stay">${stay(stays?.[step])}</em></li>`;
  });
  put(byId("loop"), items.join(""));
}

const RADIUS = 34;
const ROUND = 2 * Math.PI * RADIUS;

export function rates(found) {
  const items = Object.entries(RATES).map(([name, [words, color]]) => {
    const { share, n } = found[name];
    const dash = `${(ROUND * (share ?? 0)).toFixed(1)} ${ROUND.toFixed(1)}`;
    return `<li><svg viewBox="0 0 82 82" aria-hidden="true"><circle class="way" cx="41" cy="41" r="${RADIUS}"/><circle cx="41" cy="41" r="${RADIUS}" stroke="${color}" stroke-dasharray="${dash}" transform="rotate(-90 41 41)"/></svg><p><b data-rate="${name}">${percent(share)}${share === null ? "" : "<small>%</small>"}</b><span>${words}</span><span class="of">${fill(gettext("%(n)s 件"), { n: number(n) })}</span></p></li>`;
  });
  put(byId("rates"), items.join(""));
}

function moved(places) {
  if (places === null) return `<span class="change"></span>`;
  if (places === 0) return `<span class="change">—</span>`;
  return `<span class="change ${places > 0 ? "down" : "up"}">${places > 0 ? "▲" : "▼"}${Math.abs(places)}</span>`;
}

export function ranking(rows) {
  const items = rows.map((row) => {
    const low = row.place && row.share < LOW ? " low" : "";
    const few = row.place ? "" : " few";
    const part = (row.share ?? 0) * 100;
    return `<li class="${low}${few}"><span class="place">${row.place ?? "·"}</span><span class="name">${escape(row.name)}</span><span class="bar"><i style="--part:${part.toFixed(1)}%"></i></span><b>${row.place ? percent(row.share) : fill(gettext("仅 %(n)s 件"), { n: row.n })}</b>${moved(row.moved)}</li>`;
  });
  put(byId("ranking"), items.join("") || `<li class="none">${gettext("近 7 天没有办结")}</li>`);
}

const topic = (code) => BOOKS.topic[code] ?? code;
export const state = (code) => BOOKS.state[code] ?? code;

/** The newest changes: which kind of thing, in which street. No house number, no name. */
export function feed(rows) {
  const items = rows.map(
    (row) =>
      `<li>${seal(row.line)}<span class="what"><span>${escape(row.street)} ${escape(row.category)}</span><small>${escape(topic(row.topic))}</small></span><time>${clock(row.at, false)}</time></li>`,
  );
  put(byId("feed"), items.join("") || `<li class="none">${gettext("还没有动态")}</li>`);
}

/** The queue of a past moment, in the place of the feed. */
export function queue(rows) {
  const items = rows.map(
    (row) =>
      `<li data-case="${escape(row.case_no)}">${seal(row.line)}<span class="what"><span>${"▲".repeat(row.priority === 0 ? 3 : row.priority === 1 ? 2 : 0)}${escape(row.street)} ${escape(row.category)}</span><small>${escape(state(row.state))}</small></span><time>${clock(row.created_at, false)}</time></li>`,
  );
  put(byId("feed"), items.join("") || `<li class="none">${gettext("当时没有在办工单")}</li>`);
}

function urgentWords(row) {
  const unit = row.unit ? ` · ${row.unit}` : "";
  const voices = row.voices > 1 ? ` · ${fill(gettext("关联诉求 %(n)s 件"), { n: row.voices })}` : "";
  return `${row.street} ${row.category} · ${state(row.state)}${unit}${voices}`;
}

/** The newest emergencies by name, and how many more there are. */
export function urgent(rows, inAll) {
  const line = byId("urgent");
  const html = rows.map((row) => `<span data-case="${escape(row.case_no)}">${escape(urgentWords(row))}</span>`).join("");
  put(line, html || gettext("当前没有特急事件"));
  const more = Math.max(0, inAll - rows.length);
  byId("urgent-more").hidden = !more;
  byId("urgent-more").textContent = more ? fill(gettext("另有 %(n)s 件"), { n: number(more) }) : "";
  document.querySelector(".ticker").classList.toggle("quiet", rows.length === 0);
}

/** Where the line of emergencies is longer than its place, show the next one first, in turn. */
export function turnUrgent() {
  const line = byId("urgent");
  const room = line.scrollWidth - line.clientWidth;
  const isAtEnd = line.scrollLeft >= room - 2;
  const next = [...line.children].find((item) => item.offsetLeft - line.offsetLeft > line.scrollLeft + 2);
  const left = isAtEnd || !next ? 0 : next.offsetLeft - line.offsetLeft;
  line.scrollTo({ left, behavior: calm.matches ? "auto" : "smooth" });
}
