// The server's clock, and time left in words. The words match ui/templatetags/ui.py.
import { fill, gettext } from "./text.js";

const NEAR_SECONDS = 2 * 3600;
let offset = Number(document.documentElement.dataset.now) * 1000 - Date.now();

/** Milliseconds since 1970 by the server's clock. */
export function now() {
  return Date.now() + offset;
}

/** Correct the clock by a time that the server has just said (ISO text). */
export function hear(at) {
  const heard = Date.parse(at);
  if (heard) offset = heard - Date.now();
}

/** Correct the clock by the server's lead over this machine, in milliseconds. */
export function correct(lead) {
  offset = lead;
}

export function hms(time) {
  return new Date(time).toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
}

export function duration(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const d = Math.floor(minutes / 1440);
  const h = Math.floor(minutes / 60) % 24;
  const m = minutes % 60;
  if (d) return fill(h ? gettext("%(d)s 天 %(h)s 小时") : gettext("%(d)s 天"), { d, h });
  if (h) return fill(m ? gettext("%(h)s 小时 %(m)s 分") : gettext("%(h)s 小时"), { h, m });
  return m || !seconds ? fill(gettext("%(m)s 分"), { m }) : gettext("不到 1 分");
}

export function timeLeft(due, at) {
  const seconds = due - at / 1000;
  if (Math.abs(seconds) < 60) return seconds < 0 ? ["over", gettext("刚超时")] : ["warn", gettext("剩不到 1 分")];
  if (seconds < 0) return ["over", fill(gettext("超 %(time)s"), { time: duration(seconds) })];
  return [seconds < NEAR_SECONDS ? "warn" : "ok", fill(gettext("剩 %(time)s"), { time: duration(seconds) })];
}

/** Move on every bar below an element. */
export function tick(root = document) {
  const at = now();
  for (const element of root.querySelectorAll(".sla[data-due]")) {
    const { due, start } = element.dataset;
    const [kind, words] = timeLeft(Number(due), at);
    element.classList.remove("ok", "warn", "over");
    element.classList.add(kind);
    element.querySelector("b").textContent = words;
    const used = ((at / 1000 - start) / Math.max(due - start, 1)) * 100;
    element.querySelector("i").style.setProperty("--used", `${Math.min(100, Math.max(0, Math.round(used)))}%`);
  }
}

setInterval(tick, 20000);
document.addEventListener("visibilitychange", () => document.hidden || tick());
