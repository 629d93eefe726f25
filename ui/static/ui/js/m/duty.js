// On duty: one button, a press that waits for the network, and plain words about what is kept.
import { ApiError, explain, get, post } from "../api.js";
import { hms, now } from "../clock.js";
import { $, toast } from "../page.js";
import { fill, gettext } from "../text.js";

const AGAIN_MS = 15000;
const FIX_MS = 8000;
const PLACES = { PRESSED: gettext("上岗时"), FINDING: gettext("最近一次上报") };
const time = (at) => hms(Date.parse(at)).slice(0, 5);

function whereNow() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) resolve(null);
    else {
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => resolve({ lon: coords.longitude, lat: coords.latitude, crs: "WGS84", accuracy_m: Math.min(coords.accuracy, 5000) }),
        () => resolve(null),
        { enableHighAccuracy: true, maximumAge: 30000, timeout: FIX_MS },
      );
    }
  });
}

/** `wish` is a press that the server has not answered yet, `known` the server's last answer. */
export class DutyButton {
  constructor(user) {
    this.key = `sx:m:duty:${user}`;
    this.isSending = false;
    const { wish = null, known = { on: false }, withPlace = false } = this.stored();
    Object.assign(this, { wish, known });
    $("#duty-place").checked = withPlace;
    $("#duty-place").addEventListener("change", () => this.keep());
    $("#duty-button").addEventListener("click", () => this.press());
    for (const kind of ["online", "offline"]) addEventListener(kind, () => this.renew());
    document.addEventListener("visibilitychange", () => this.renew());
    setInterval(() => this.renew(), AGAIN_MS);
    this.show();
    this.renew();
  }

  stored() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) || {};
    } catch {
      return {};
    }
  }

  keep() {
    localStorage.setItem(this.key, JSON.stringify({ wish: this.wish, known: this.known, withPlace: $("#duty-place").checked }));
    this.show();
  }

  get isOn() {
    return this.known.on && Date.parse(this.known.ends_at) > now();
  }

  /** Each press wishes the opposite of what the button says now. */
  async press() {
    const on = !(this.wish ? this.wish.on : this.isOn);
    const pressedAt = new Date(now()).toISOString();
    $("#duty-button").disabled = true;
    const location = on && $("#duty-place").checked ? await whereNow() : null;
    $("#duty-button").disabled = false;
    if (on && $("#duty-place").checked && !location) toast(gettext("没有定位，地图上画在网格中央"));
    this.wish = on === this.isOn ? null : { on, pressed_at: pressedAt, ...(location ? { location } : {}) };
    this.keep();
    this.renew();
  }

  /** Send the press that waits, else read what the server keeps. */
  async renew() {
    this.show();
    if (this.isSending || !navigator.onLine || document.hidden) return;
    this.isSending = true;
    const { wish } = this;
    try {
      this.known = wish ? await post("/api/v1/grid/duty", wish) : await get("/api/v1/grid/duty");
      if (this.wish === wish) this.wish = null;
    } catch (error) {
      if (wish && error instanceof ApiError && error.status < 500 && error.status !== 401) {
        this.wish = null;
        toast(explain(error), { over: true });
      }
    } finally {
      this.isSending = false;
    }
    this.keep();
    if (this.wish && this.wish !== wish) this.renew();
  }

  show() {
    const { wish, isOn } = this;
    const isGoingOn = wish ? wish.on : isOn;
    $("#duty-button").classList.toggle("pri", !isGoingOn);
    $("#duty-button span").textContent = isGoingOn ? gettext("下岗") : gettext("上岗");
    $("#duty").dataset.state = wish ? "waiting" : isOn ? "on" : "off";
    $("#duty-words").textContent = wish ? this.waitingWords() : isOn ? fill(gettext("在岗，%(time)s 自动下岗"), { time: time(this.known.ends_at) }) : gettext("未上岗");
    $("#duty-where").textContent = this.placeWords();
    $("#duty-badge").hidden = !isOn;
    $("#duty-ask").hidden = isGoingOn;
  }

  waitingWords() {
    if (navigator.onLine) return this.wish.on ? gettext("正在上岗") : gettext("正在下岗");
    return this.wish.on ? gettext("没有网络，联网后上岗") : gettext("没有网络，联网后下岗");
  }

  placeWords() {
    if (!this.isOn) return "";
    const { placed_at: at, placed_from: from } = this.known;
    return at ? fill(gettext("保留的位置：%(from)s %(time)s"), { from: PLACES[from], time: time(at) }) : gettext("没有保留位置");
  }
}
