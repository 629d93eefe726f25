// The time machine: the wall at a past minute, played forward from the log. Never mistaken for now:
// an orange frame, words, and one key (Esc) back.
import { now } from "../clock.js";
import { fill, gettext } from "../text.js";
import { clock } from "./panels.js";

const MINUTE = 60000;
const READING_GOOD_FOR = 2 * MINUTE;
const TICK = 250;
const AHEAD_S = 8; // real seconds of the log that are fetched ahead
const MOST_QUEUE = 30;
const MOST_URGENT = 6; // as many as the server names: MOST_EMERGENCIES of screen/board.py
const ENDED = new Set(["CLOSED", "ARCHIVED", "REJECTED", "VOIDED", "MERGED"]);
const LOOP = [
  ["COLLECT", ["REGISTERED", "VERIFYING", "PENDING_FILING"]],
  ["ACCEPT", ["PENDING_DISPATCH"]],
  ["DISPATCH", ["PENDING_SIGN", "RETURN_REVIEW", "ARBITRATION"]],
  ["HANDLE", ["PROCESSING", "SUSPENDED"]],
  ["CHECK", ["PENDING_CHECK", "CHECKING"]],
  ["EVALUATE", ["PENDING_CALLBACK"]],
];
const byId = (id) => document.getElementById(id);
const day = (at) => new Date(at).toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" });

async function ask(path, params) {
  const response = await fetch(`/api/v1/screen/${path}?${new URLSearchParams(params)}`);
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** One moment of the past, moved on by the steps of the log; the server's figures.py says the same. */
export class Moment {
  constructor(body, isCity) {
    const { loop: _recounted, ...told } = body;
    Object.assign(this, told);
    this.isCity = isCity;
    this.rows = new Map(body.queue.map((row) => [row.case_no, row]));
    this.urgent = new Set(body.urgent); // all of them, told by name or not
    for (const row of body.emergencies) this.rows.set(row.case_no, row);
    this.changes = [];
  }

  apply(step) {
    const { from_state: from, to_state: to } = step;
    if (step.case_no) this.urgent[step.priority === 0 && !ENDED.has(to) ? "add" : "delete"](step.case_no);
    if (from === to) {
      const row = this.rows.get(step.case_no);
      if (row) this.rows.set(step.case_no, { ...row, ...step, state: to });
      return;
    }
    const was = from !== "" && !ENDED.has(from);
    const is = !ENDED.has(to);
    this.move(from, -1, was);
    this.move(to, 1, is);
    if (from === "") {
      this.today.total += 1;
      this.today.lines[step.line] += 1;
    }
    if (to === "CLOSED") this.board.closed += 1;
    if (to === "CLOSED" && from === "PENDING_CALLBACK") this.called_back += 1;
    const change = Number(is) - Number(was);
    this.open_lines[step.line] += change;
    const place = this.isCity ? step.district : step.street_code;
    this.labels[place] = (this.labels[place] ?? 0) + change;
    this.board.open += change;
    this.board.waiting_dispatch = this.states.PENDING_DISPATCH ?? 0;
    this.put(step, is);
  }

  move(state, by, counts) {
    if (counts) this.states[state] = (this.states[state] ?? 0) + by;
  }

  put(step, isOpen) {
    if (!step.case_no) return;
    const row = this.rows.get(step.case_no);
    if (!isOpen) this.rows.delete(step.case_no);
    else this.rows.set(step.case_no, { ...row, ...step, state: step.to_state });
    if (step.lon !== null) this.changes.push([step.case_no, step.lon, step.lat, step.line, step.priority, Number(isOpen)]);
  }

  /** The reading of the deadlines is one of its minute: later it is a dash, never an old figure. */
  forgetOldReading(at) {
    if (this.due_at && at - Date.parse(this.due_at) <= READING_GOOD_FOR) return;
    this.board.due_soon = null;
    this.board.overdue = null;
  }

  takeChanges() {
    return this.changes.splice(0);
  }

  get loop() {
    let beyond = this.called_back;
    const steps = [...LOOP].reverse().map(([step, states]) => {
      const waiting = states.reduce((sum, state) => sum + (this.states[state] ?? 0), 0);
      beyond += waiting;
      return { step, reached: beyond, waiting };
    });
    return steps.reverse();
  }

  get list() {
    const order = (a, b) => a.priority - b.priority || (a.created_at < b.created_at ? -1 : 1);
    return [...this.rows.values()].sort(order).slice(0, MOST_QUEUE);
  }

  get urgentRows() {
    const newest = (a, b) => (a.created_at > b.created_at ? -1 : 1);
    return [...this.rows.values()].filter((row) => row.priority === 0).sort(newest).slice(0, MOST_URGENT);
  }
}

export class Machine {
  constructor({ area, shown, changed, left }) {
    Object.assign(this, { area, shown, changed, left });
    this.isOpen = false;
    byId("moment").addEventListener("input", () => this.slide());
    byId("reach").addEventListener("change", () => this.setReach());
    byId("play").addEventListener("click", () => this.toggle());
    byId("back").addEventListener("click", () => this.close());
    byId("travel").addEventListener("click", () => this.open());
    addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && this.isOpen) this.close();
    else if (event.key.toLowerCase() === "t" && !this.isOpen) this.open();
    else if (event.key === " " && this.isOpen && event.target.tagName !== "BUTTON") {
      event.preventDefault();
      this.toggle();
    }
  }

  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    byId("machine").hidden = false;
    document.body.classList.add("past");
    byId("moment").value = "-60";
    byId("moment").focus();
    this.slide();
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.pause();
    this.asked = null;
    byId("machine").hidden = true;
    document.body.classList.remove("past");
    this.left();
  }

  setReach() {
    const slider = byId("moment");
    slider.min = String(-Number(byId("reach").value));
    this.slide();
  }

  slide() {
    clearTimeout(this.waiting);
    this.pause();
    const at = Math.floor(now() / MINUTE) * MINUTE + Number(byId("moment").value) * MINUTE;
    this.say(at);
    this.waiting = setTimeout(() => this.seek(at), 150);
  }

  say(at) {
    this.at = at;
    const words = `${day(at)} ${clock(at)}`;
    byId("moment-words").textContent = words;
    byId("moment").setAttribute("aria-valuetext", words);
    document.body.dataset.pastWords = fill(gettext("历史回放 %(moment)s · 非实时"), { moment: words });
    byId("banner").textContent = document.body.dataset.pastWords;
    byId("banner").hidden = false;
  }

  async seek(at) {
    const asked = {};
    this.asked = asked;
    try {
      const body = await ask("at", { district: this.area.code, at: new Date(at).toISOString() });
      if (this.asked !== asked || !this.isOpen) return;
      this.model = new Moment(body, this.area.is_city);
      this.buffer = [];
      this.cursor = { since: body.at, after: Number.MAX_SAFE_INTEGER };
      this.fetched = at;
      this.shown(this.model);
    } catch (error) {
      byId("moment-words").textContent = gettext("这一刻暂时取不到，请稍后再试");
      console.info("the past cannot be read", error.message);
    }
  }

  toggle() {
    if (this.timer) this.pause();
    else this.play();
  }

  play() {
    if (!this.model) return;
    byId("play").textContent = gettext("暂停");
    byId("play").setAttribute("aria-pressed", "true");
    this.beat = performance.now();
    this.timer = setInterval(() => this.tick(), TICK);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    byId("play").textContent = gettext("播放");
    byId("play").setAttribute("aria-pressed", "false");
  }

  async tick() {
    if (this.busy) return;
    const beat = performance.now();
    const speed = Number(byId("speed").value);
    const target = Math.min(this.at + (beat - this.beat) * speed, now());
    this.beat = beat;
    this.busy = true;
    try {
      if (target > this.fetched) await this.fetchTo(Math.min(now(), target + AHEAD_S * 1000 * speed));
      if (this.timer) this.advance(target);
    } catch (error) {
      byId("moment-words").textContent = gettext("这一刻暂时取不到，请稍后再试");
      console.info("the log cannot be read on", error.message);
    } finally {
      this.busy = false;
    }
  }

  async fetchTo(until) {
    const asked = this.asked;
    let next = { ...this.cursor };
    while (next) {
      const params = { district: this.area.code, ...next, until: new Date(until).toISOString() };
      const body = await ask("steps", params);
      if (this.asked !== asked) return;
      this.buffer.push(...body.items);
      this.cursor = body.last ?? this.cursor;
      next = body.next;
    }
    this.fetched = until;
  }

  advance(target) {
    if (day(target) !== day(this.at)) {
      this.say(target);
      this.seek(target);
      return;
    }
    while (this.buffer.length && Date.parse(this.buffer[0].at) <= target) this.model.apply(this.buffer.shift());
    this.model.forgetOldReading(target);
    this.say(target);
    byId("moment").value = String(Math.round((target - now()) / MINUTE));
    this.changed(this.model);
    if (target >= now() - 1000) this.close();
  }
}
