// The command-centre wall: tells how old its figures are, and looks after itself for weeks.
import { duration, now } from "../clock.js";
import { fill, gettext } from "../text.js";
import { Link } from "./link.js";
import { Machine } from "./past.js";
import * as panels from "./panels.js";
import { watch, wish } from "./renew.js";
import { fit } from "./scale.js";
import { Stage } from "./stage.js";
import { draw, inWords } from "./trend.js";

const STALE_AFTER = 5000;
const PANELS_EVERY = 60000;
const URGENT_TURNS_EVERY = 6000;
const PANELS_STALE_AFTER = 180000;
const WORDS = {
  connecting: gettext("连接中"),
  live: gettext("实时"),
  reconnecting: gettext("重连中"),
  refused: gettext("无权查看"),
};
const root = document.documentElement.dataset;
const byId = (id) => document.getElementById(id);
const wall = { link: "connecting", asOf: { pulse: null, panels: null }, panels: null, latest: null, stage: null, began: Date.now(), shown: Date.now(), refreshed: Date.now() };
let machine = null;

async function fetchJson(path) {
  const response = await fetch(`/api/v1/screen/${path}?district=${root.area}`);
  if (response.status === 401) wish("signed out");
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

function isPast() {
  return machine?.isOpen;
}

function showPulse(message) {
  panels.today(message.today);
  panels.figures(message.board);
  panels.loop(message.loop, wall.panels?.stays, wall.panels?.bottleneck);
  panels.urgent(message.emergencies, message.emergencies_in_all);
  if (message.feed) panels.feed(message.feed);
  wall.stage?.setLabels(message.labels);
  wall.stage?.setUrgent(message.emergencies);
}

function hearTally(message) {
  const { points, ...pulse } = message;
  wall.latest = pulse;
  wall.asOf.pulse = Date.parse(message.at);
  if (!isPast()) {
    showPulse(message);
    wall.stage?.change(points);
  }
  wall.shown = Date.now();
}

function showPanels(body) {
  wall.panels = body;
  wall.asOf.panels = Date.parse(body.at);
  if (!isPast()) panels.todayChange(body);
  panels.issues(body.issues);
  panels.rates(body.rates);
  panels.ranking(body.ranking);
  byId("trend-words").textContent = inWords(body.trend);
  drawTrend();
}

function drawTrend() {
  if (wall.panels) draw(byId("trend"), wall.panels.trend, wall.scale ?? 1);
}

async function refreshPanels() {
  try {
    const body = await fetchJson("panels");
    if (body.version !== root.version) setTimeout(() => wish("new files"), Math.random() * 20000);
    showPanels(body.panels);
    wall.refreshed = Date.now();
    if (!isPast()) showMap(body);
  } catch (error) {
    console.info("the panels cannot be read", error.message);
  }
}

function showMap(body) {
  wall.stage?.setDensity(body.density);
  wall.stage?.setPoints(body.points);
}

/** Everything from the beginning: at the start, after a gap, and back from the past. */
async function refreshAll() {
  const body = await fetchJson("state");
  if (isPast()) return body;
  wall.latest = body;
  wall.asOf.pulse = Date.parse(body.at);
  showPanels(body.panels);
  showPulse(body);
  showMap(body);
  return body;
}

function showPast(model) {
  panels.today(model.today);
  panels.figures(model.board);
  panels.loop(model.loop, null, "");
  panels.queue(model.list);
  panels.urgent(model.urgentRows, model.urgent.size);
  wall.stage?.setLabels(model.labels);
  wall.stage?.setUrgent(model.urgentRows);
}

function setLink(state, again) {
  wall.link = state;
  if (state === "live" && again) refreshAll().catch(() => {});
  if (state === "refused") wish("refused");
}

/** The date in words, with the spaces that Chinese typesetting puts around figures. */
function dayWords(at) {
  const shape = { year: "numeric", month: "long", day: "numeric", weekday: "long", timeZone: "Asia/Shanghai" };
  const words = new Date(at).toLocaleDateString(document.documentElement.lang, shape);
  return words.replace(/(\d+)([年月日])/g, "$1 $2 ");
}

/** Once a second: the clock, how old the figures are, and grey when they are too old. */
function tick() {
  const at = now();
  byId("clock").textContent = panels.clock(at);
  byId("day").textContent = dayWords(at);
  const age = wall.asOf.pulse === null ? Infinity : at - wall.asOf.pulse;
  const isStale = age > STALE_AFTER;
  document.body.classList.toggle("stale", isStale);
  byId("link").dataset.state = isStale && wall.link === "live" ? "stale" : wall.link;
  byId("link-word").textContent = isStale && wall.link === "live" ? gettext("数据陈旧") : WORDS[wall.link];
  byId("age").textContent = Number.isFinite(age) ? fill(gettext("数据延迟 %(time)s"), { time: ageWords(Math.max(0, age)) }) : "";
  tellAge(at);
  if (!isPast()) tellStale(isStale, age);
  const since = (moment) => Date.now() - moment;
  watch({ clock: panels.clock(at, false), age: since(wall.began), pulseAge: since(wall.shown), panelsAge: since(wall.refreshed) });
}

function tellAge(at) {
  for (const panel of document.querySelectorAll("[data-fed]")) {
    const since = isPast() && panel.dataset.fed === "pulse" ? machine.at : wall.asOf[panel.dataset.fed];
    const element = panel.querySelector(".as-of");
    if (element && since) element.textContent = fill(gettext("截至 %(clock)s"), { clock: panels.clock(since) });
    if (panel.dataset.fed === "panels") panel.classList.toggle("old", since !== null && at - since > PANELS_STALE_AFTER);
  }
}

function ageWords(age) {
  if (!Number.isFinite(age)) return "—";
  return age < 60000 ? fill(gettext("%(s)s 秒"), { s: (age / 1000).toFixed(age < 10000 ? 1 : 0) }) : duration(age / 1000);
}

function tellStale(isStale, age) {
  const banner = byId("banner");
  banner.hidden = !isStale || document.body.classList.contains("loading");
  if (banner.hidden) return;
  const clock = wall.asOf.pulse ? panels.clock(wall.asOf.pulse) : "—";
  const told = wall.link === "live" ? gettext("数据已 %(time)s 未更新 · 截至 %(clock)s · 等待新数据") : gettext("数据已 %(time)s 未更新 · 截至 %(clock)s · 正在重连");
  const words = fill(told, { time: ageWords(age), clock });
  if (banner.textContent !== words) banner.textContent = words;
}

async function begin() {
  fit(({ scale }) => {
    wall.scale = scale;
    requestAnimationFrame(() => {
      wall.stage?.resize();
      drawTrend();
    });
  });
  document.addEventListener("sx:turned", drawTrend);
  setInterval(tick, 1000);
  setInterval(panels.turnUrgent, URGENT_TURNS_EVERY);
  const { area } = await untilThere(() => refreshAll());
  document.body.classList.remove("loading");
  wall.stage = new Stage(area);
  machine = new Machine({
    area,
    shown: (model) => {
      showPast(model);
      wall.stage.setPoints(model.points);
    },
    changed: (model) => {
      showPast(model);
      wall.stage.change(model.takeChanges());
    },
    left: () => {
      byId("banner").hidden = true;
      refreshAll().catch(() => {});
    },
  });
  new Link({ district: root.area, told: hearTally, state: setLink });
  setInterval(refreshPanels, PANELS_EVERY);
  await wall.stage.begin();
  await refreshAll();
  document.body.dataset.ready = "1";
}

async function untilThere(work) {
  for (let wait = 1000; ; wait = Math.min(30000, wait * 2)) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

begin();
