// One socket per page, contract.md 6: resume by seq, gaps asked for again, polling when sockets fail.
// Says what it knows as DOM events: sx:event (one thing happened), sx:reload (too far behind),
// sx:link (state and "data as of").
import { hear, now } from "./clock.js";

const SILENCE = 25000; // the server speaks every 10 s
const STALE = 30000;
const FIRST_POLL_AFTER = 3; // failed tries in a row
const POLL_EVERY = 2000;
const FAREWELLS = { 4401: "refused", 4403: "refused" };

class Link {
  constructor({ district, after }) {
    this.district = district;
    this.seq = after === "" ? null : Number(after);
    this.failures = 0;
    this.asOf = null;
    this.state = "connecting";
    this.asking = false;
    setInterval(() => this.watch(), 1000);
    addEventListener("online", () => this.connect());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.connect();
  }

  connect() {
    clearTimeout(this.retry);
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/v1/districts/${this.district}`);
    this.socket = socket;
    this.heard = Date.now();
    socket.onopen = () => this.resume();
    socket.onmessage = (message) => this.hearMessage(JSON.parse(message.data));
    socket.onclose = (event) => this.socket === socket && this.closed(event.code);
  }

  resume() {
    this.asking = true;
    this.socket.send(JSON.stringify({ type: "resume", after: this.seq }));
  }

  hearMessage(message) {
    this.heard = Date.now();
    if (message.at && message.type === "head") hear(message.at);
    this[`on_${message.type}`]?.(message);
    this.say(this.failures ? this.state : "live", true);
  }

  on_welcome({ head }) {
    this.failures = 0;
    this.stopPolling();
    this.asking = false;
    this.head = head;
    this.seq ??= head;
  }

  on_event(message) {
    if (this.seq !== null && message.seq <= this.seq) return;
    if (this.seq !== null && message.seq > this.seq + 1) {
      if (!this.asking) this.resume();
      return;
    }
    this.take(message);
  }

  on_head({ seq }) {
    if (this.seq === null) this.seq = seq;
    else if (seq > this.seq && !this.asking) this.resume();
  }

  on_reload() {
    this.seq = this.head;
    document.dispatchEvent(new CustomEvent("sx:reload"));
  }

  take(event) {
    this.seq = event.seq;
    this.asking = false;
    document.dispatchEvent(new CustomEvent("sx:event", { detail: event }));
  }

  closed(code) {
    if (FAREWELLS[code]) {
      this.stopPolling();
      this.say(FAREWELLS[code]);
      return;
    }
    this.failures += 1;
    const ceiling = code === 4429 ? 60000 : Math.min(15000, 500 * 2 ** this.failures);
    this.retry = setTimeout(() => this.connect(), ceiling * (0.5 + Math.random() / 2));
    if (this.failures >= FIRST_POLL_AFTER) this.startPolling();
    this.say(this.polling && this.pollWorks ? "polling" : this.failures > 1 ? "offline" : "reconnecting");
  }

  hurry() {
    if (this.socket.readyState > WebSocket.OPEN && this.state !== "refused") this.connect();
  }

  startPolling() {
    this.polling ??= setInterval(() => this.poll(), POLL_EVERY);
  }

  stopPolling() {
    clearInterval(this.polling);
    this.polling = null;
    this.pollWorks = false;
  }

  async poll() {
    if (this.seq === null || this.isPolling) return;
    this.isPolling = true;
    try {
      const path = `/api/v1/events?district=${this.district}&after=${this.seq}&limit=500`;
      const response = await fetch(path);
      if (!response.ok) throw new Error(String(response.status));
      for (const event of (await response.json()).items) if (event.seq === this.seq + 1) this.take(event);
      this.pollWorks = true;
      if (this.polling) this.say("polling", true);
    } catch {
      this.pollWorks = false;
      if (this.polling) this.say("offline");
    } finally {
      this.isPolling = false;
    }
  }

  watch() {
    if (this.state === "refused") return;
    const quiet = Date.now() - this.heard;
    if (this.socket?.readyState === WebSocket.OPEN && quiet > SILENCE) {
      this.socket.close();
      this.say("reconnecting");
    }
    if (this.state === "live" && this.asOf && now() - this.asOf > STALE) this.say("stale");
  }

  say(state, fresh = false) {
    this.state = state;
    if (fresh) this.asOf = now();
    const detail = { state, asOf: this.asOf, seq: this.seq };
    document.dispatchEvent(new CustomEvent("sx:link", { detail }));
  }
}

/** Begin to listen, where the page has a dot that names a district. */
export function start(dot) {
  return dot?.dataset.district ? new Link(dot.dataset) : null;
}
