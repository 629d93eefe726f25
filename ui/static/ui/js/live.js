// The feed as a page hears it: DOM events sx:event (one thing happened), sx:reload (too far behind),
// sx:missed (so many were fetched after a gap) and sx:link (state and "data as of").
// All tabs of a person share one connection: a shared worker holds it, or else the one tab that has the
// lock; where neither exists (an address without TLS in an old browser), each tab has its own.
import { correct, now } from "./clock.js";
import { Link } from "./link.js";

const STALE = 30000;
const REJOIN_AFTER = 3000;

function announce(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

class Tab {
  constructor({ district, after, worker, person }) {
    this.district = district;
    this.seq = after === "" || after === undefined ? null : Number(after);
    this.standing = { state: "connecting", asOf: null, seq: null };
    this.name = `sx-live-${district}-${person || ""}`;
    this.connect(worker);
    setInterval(() => this.say(), 1000);
    addEventListener("pageshow", (event) => event.persisted && this.join());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  connect(worker) {
    if (worker && window.SharedWorker) this.byWorker(worker);
    else if (navigator.locks && window.BroadcastChannel) this.byElection();
    else this.alone();
  }

  byWorker(worker) {
    try {
      const shared = new SharedWorker(worker, { type: "module", name: this.name });
      shared.onerror = () => this.joined || this.byElectionOrAlone();
      this.send = (message) => shared.port.postMessage(message);
      shared.port.onmessage = ({ data }) => this.hear(data);
    } catch {
      this.byElectionOrAlone();
      return;
    }
    addEventListener("pagehide", () => this.send({ type: "bye" }));
    this.join();
  }

  byElectionOrAlone() {
    if (navigator.locks && window.BroadcastChannel) this.byElection();
    else this.alone();
  }

  alone() {
    this.link = new Link({ district: this.district, after: this.seq, tell: (message) => this.hear(message) });
    this.send = ({ type }) => type === "hurry" && this.link.hurry();
    this.mode = "alone";
  }

  /** The tab that gets the lock speaks to the server for all; the lock goes with its life. */
  byElection() {
    const channel = new BroadcastChannel(this.name);
    const id = Math.random().toString(36).slice(2);
    channel.onmessage = ({ data }) => {
      if (this.link) this.answer(channel, data);
      else if (!data.to || data.to === id) this.hear(data);
    };
    this.send = (message) => (this.link ? this.answer(channel, { ...message, from: id }) : channel.postMessage({ ...message, from: id }));
    navigator.locks.request(this.name, () => {
      const tell = (message) => {
        channel.postMessage(message);
        this.hear(message);
      };
      this.link = new Link({ district: this.district, after: this.seq, tell });
      tell({ kind: "leader" });
      return new Promise(() => {});
    });
    this.join();
  }

  answer(channel, { type, from, after }) {
    if (type === "hurry") this.link.hurry();
    if (type !== "join") return;
    this.link.hurry({ evenRefused: true });
    channel.postMessage({ ...this.link.greeting(after), to: from });
  }

  join() {
    this.send({ type: "join", district: this.district, after: this.seq });
  }

  hurry() {
    this.send({ type: "hurry" });
  }

  hear(message) {
    this.joined = true;
    this[`on_${message.kind}`]?.(message);
  }

  on_greeting({ offset, standing, events, reload }) {
    if (offset !== null) correct(offset);
    for (const event of events) this.on_event({ event });
    if (reload !== null) this.on_reload({ seq: reload });
    this.on_link(standing);
  }

  on_leader() {
    if (!this.link) this.join();
  }

  on_clock({ offset }) {
    correct(offset);
  }

  on_event({ event }) {
    if (this.seq !== null && event.seq <= this.seq) return;
    if (this.seq !== null && event.seq > this.seq + 1) {
      this.rejoin();
      return;
    }
    this.seq = event.seq;
    announce("sx:event", event);
  }

  /** A message of the other side was lost, as after a sleep of the page: ask for what is missing. */
  rejoin() {
    if (Date.now() - (this.rejoinedAt || 0) < REJOIN_AFTER) return;
    this.rejoinedAt = Date.now();
    this.join();
  }

  on_reload({ seq }) {
    this.seq = seq;
    announce("sx:reload");
  }

  on_missed({ count }) {
    announce("sx:missed", { count });
  }

  on_link(standing) {
    this.standing = standing;
    if (this.seq === null) this.seq = standing.seq;
    else if (standing.seq !== null && standing.seq > this.seq) this.rejoin();
    this.say(true);
  }

  /** A connection that nobody hears from any more is stale, whatever it said of itself last. */
  say(isNews = false) {
    const { asOf, state, seq, code } = this.standing;
    const isOld = asOf !== null && now() - asOf > STALE;
    const shown = isOld && state === "live" ? "stale" : state;
    if (!isNews && shown === this.shown && isOld === this.wasOld) return;
    [this.shown, this.wasOld] = [shown, isOld];
    announce("sx:link", { state: shown, asOf, seq, code, isOld });
  }
}

/** Begin to listen, where the page has a dot that names a district. */
export function start(dot) {
  return dot?.dataset.district ? new Tab(dot.dataset) : null;
}
