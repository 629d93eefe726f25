// The wall's socket: one message a second at most. Reconnects with back-off for weeks.
import { hear } from "../clock.js";

const SILENCE = 8000; // the server speaks every two seconds
const LONGEST_WAIT = 15000;
const REFUSED = new Set([4401, 4403]);
const ASK_AGAIN = 60000;

export class Link {
  constructor({ district, told, state }) {
    this.path = `/ws/v1/screen?district=${encodeURIComponent(district)}`;
    this.told = told;
    this.state = state;
    this.failures = 0;
    setInterval(() => this.watch(), 1000);
    addEventListener("online", () => this.connect());
    this.connect();
  }

  connect() {
    clearTimeout(this.retry);
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.socket = socket;
    this.heard = Date.now();
    socket.onopen = () => socket.send('{"type":"resume","after":null}');
    socket.onmessage = (message) => this.hear(JSON.parse(message.data));
    socket.onclose = (event) => this.socket === socket && this.closed(event.code);
  }

  hear(message) {
    this.heard = Date.now();
    if (message.type === "welcome") {
      const again = this.failures > 0 || this.wasOpen;
      this.failures = 0;
      this.wasOpen = true;
      this.state("live", again);
      return;
    }
    if (message.type !== "tally") return;
    hear(message.sent_at);
    this.told(message);
  }

  closed(code) {
    this.failures += 1;
    const isRefused = REFUSED.has(code);
    const ceiling = isRefused ? ASK_AGAIN : Math.min(LONGEST_WAIT, 500 * 2 ** this.failures);
    this.retry = setTimeout(() => this.connect(), ceiling * (0.5 + Math.random() / 2));
    this.state(isRefused ? "refused" : "reconnecting", false);
  }

  watch() {
    const isOpen = this.socket?.readyState === WebSocket.OPEN;
    if (isOpen && Date.now() - this.heard > SILENCE) this.socket.close();
  }
}
