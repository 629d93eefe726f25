// The feed of one district for all tabs of a browser (contract.md 6): one socket, resumed by seq, gaps
// asked for again, polling when sockets fail. Knows no document: it runs in a shared worker or in one tab.
const SILENCE = 25000; // the server speaks every 10 s
const FIRST_POLL_AFTER = 3; // failed tries in a row
const POLL_EVERY = 2000;
const MOST_KEPT = 1000; // events kept for tabs that come later
const SAY_EVERY = 1000;
const FAREWELLS = { 4401: "refused", 4403: "refused" };

export class Link {
  constructor({ district, after, tell }) {
    Object.assign(this, { district, tell, seq: after, failures: 0, offset: null, asOf: null, state: "connecting" });
    this.kept = [];
    this.said = 0;
    setInterval(() => this.watch(), 1000);
    addEventListener("online", () => this.hurry());
    this.connect();
  }

  now() {
    return Date.now() + (this.offset ?? 0);
  }

  connect() {
    clearTimeout(this.retry);
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/v1/districts/${this.district}`);
    this.socket = socket;
    this.heard = Date.now();
    socket.onopen = () => this.resume();
    socket.onmessage = (message) => this.socket === socket && this.hearMessage(JSON.parse(message.data));
    socket.onclose = (event) => this.socket === socket && this.closed(event.code);
  }

  resume() {
    this.asking = true;
    this.socket.send(JSON.stringify({ type: "resume", after: this.seq }));
  }

  hearMessage(message) {
    this.heard = Date.now();
    if (message.type === "head" && message.at) this.setClock(message.at);
    this[`on_${message.type}`]?.(message);
    this.say(this.failures ? this.state : "live", true);
  }

  setClock(at) {
    this.offset = Date.parse(at) - Date.now();
    this.tell({ kind: "clock", offset: this.offset });
  }

  on_welcome({ head }) {
    const missed = this.seq === null ? 0 : head - this.seq;
    this.catchingUp = missed > 0 && this.wasAway ? { until: head, count: missed } : null;
    this.failures = 0;
    this.wasAway = false;
    this.stopPolling();
    this.asking = false;
    this.head = head;
    this.seq ??= head;
  }

  on_event(message) {
    if (this.seq !== null && message.seq <= this.seq) return;
    if (this.seq !== null && message.seq > this.seq + 1) {
      this.wasAway = true;
      if (!this.asking) this.resume();
      return;
    }
    this.take(message);
  }

  on_head({ seq }) {
    if (this.seq === null) this.seq = seq;
    else if (seq > this.seq && !this.asking) {
      this.wasAway = true;
      this.resume();
    }
  }

  on_reload() {
    this.seq = this.head;
    this.kept = [];
    this.catchingUp = null;
    this.tell({ kind: "reload", seq: this.seq });
  }

  take(event) {
    this.seq = event.seq;
    this.asking = false;
    this.kept.push(event);
    if (this.kept.length > MOST_KEPT) this.kept.splice(0, MOST_KEPT / 2);
    this.tell({ kind: "event", event });
    if (this.catchingUp && event.seq >= this.catchingUp.until) {
      this.tell({ kind: "missed", count: this.catchingUp.count });
      this.catchingUp = null;
    }
  }

  /** What a tab that knows the feed up to `after` has not had yet; null where it must load anew. */
  since(after) {
    if (after === null || this.seq === null || after >= this.seq) return [];
    const missing = this.kept.filter((event) => event.seq > after);
    return missing.length === this.seq - after ? missing : null;
  }

  closed(code) {
    if (FAREWELLS[code]) {
      this.stopPolling();
      this.code = code;
      this.say(FAREWELLS[code]);
      return;
    }
    this.wasAway = true;
    this.failures += 1;
    const ceiling = code === 4429 ? 60000 : Math.min(15000, 500 * 2 ** this.failures);
    this.retry = setTimeout(() => this.connect(), ceiling * (0.5 + Math.random() / 2));
    if (this.failures >= FIRST_POLL_AFTER) this.startPolling();
    this.say(this.polling && this.pollWorks ? "polling" : this.failures > 1 ? "offline" : "reconnecting");
  }

  /** Somebody looks at a page again: do not wait for the next try. */
  hurry({ evenRefused = false } = {}) {
    if (this.socket.readyState > WebSocket.OPEN && (evenRefused || this.state !== "refused")) this.connect();
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
    if (this.socket?.readyState === WebSocket.OPEN && Date.now() - this.heard > SILENCE) {
      const silent = this.socket;
      this.socket = null;
      silent.close();
      this.closed(1006);
    }
  }

  /** Say a new state at once, the time of an old one once a second. */
  say(state, fresh = false) {
    const isNew = state !== this.state;
    this.state = state;
    if (fresh) this.asOf = this.now();
    if (!isNew && Date.now() - this.said < SAY_EVERY) return;
    this.said = Date.now();
    this.tell(this.standing());
  }

  standing() {
    return { kind: "link", state: this.state, asOf: this.asOf, seq: this.seq, code: this.code };
  }

  /** What a tab hears first. */
  greeting(after) {
    const events = this.since(after);
    return {
      kind: "greeting",
      offset: this.offset,
      standing: this.standing(),
      events: events || [],
      reload: events === null ? this.seq : null,
    };
  }
}
