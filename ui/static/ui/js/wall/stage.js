// The map of the wall: MapLibre where there is WebGL, a flat OpenLayers map where not. What stands on
// it (labels, pulses, the one pop-up) is HTML laid over either, so both tell the same numbers.
import { escape, fill, gettext } from "../text.js";
import { number, state } from "./panels.js";
import { beside, leader, spread } from "./pins.js";

const LIMIT = 1600;
const PATIENCE = 10000;
const pins = document.getElementById("pins");
const holder = document.getElementById("map");

function stand(pin, x, y) {
  pin.style.setProperty("--x", `${x.toFixed(1)}px`);
  pin.style.setProperty("--y", `${y.toFixed(1)}px`);
}

/** `2d` is the flat map at once, `3d` the tilted one however long its first frame takes. */
function wish() {
  return new URLSearchParams(location.search).get("map");
}

function hasWebGL() {
  if (wish() === "2d") return false;
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

/** Where labels and the pop-up may stand, in pixels of the pins: not below the banner or the time machine. */
function roomOf(rem) {
  const { top } = pins.getBoundingClientRect();
  const [banner, machine] = ["banner", "machine"].map((id) => document.getElementById(id));
  const ceiling = banner.hidden ? 8 * rem : banner.getBoundingClientRect().bottom - top + 0.4 * rem;
  const floor = machine.hidden ? pins.clientHeight - rem : machine.getBoundingClientRect().top - top - 0.4 * rem;
  const [wide, high] = [pins.clientWidth - 14 * rem, floor - ceiling];
  return { x: 7 * rem + wide / 2, y: ceiling + high / 2, w: wide, h: high };
}

function inTime(ready) {
  if (wish() === "3d") return ready;
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("no first frame in time")), PATIENCE);
  });
  return Promise.race([ready, late]);
}

async function tilted(options) {
  const { Tilted } = await import("./tilted.js");
  const map = new Tilted(holder, options);
  try {
    await inTime(map.ready);
  } catch (error) {
    map.remove();
    throw error;
  }
  return map;
}

async function flat(options) {
  const { Flat } = await import("./flat.js");
  const map = new Flat(holder, options);
  await map.ready;
  return map;
}

async function engine(options) {
  if (hasWebGL()) {
    try {
      return await tilted(options);
    } catch (error) {
      console.info("the tilted map does not start, a flat one does", error.message);
      holder.replaceChildren();
    }
  }
  return flat(options);
}

/** The stage of an area `{code, box, parts}`; `points` are [number, lon, lat, line, urgency]. */
export class Stage {
  constructor(area) {
    this.area = area;
    this.parts = new Map(area.parts.map(([code, name, lon, lat]) => [code, { name, lon, lat }]));
    this.points = new Map();
    this.labels = {};
    this.urgent = [];
    this.density = [];
  }

  async begin() {
    const answer = await fetch(`/api/v1/screen/shapes?district=${this.area.code}`);
    const shapes = answer.ok ? await answer.json() : null;
    this.options = { box: this.area.box, shapes, isCity: this.area.code.length < 6, lost: () => this.flatten() };
    this.show(await engine(this.options));
  }

  /** The graphics card has given the tilted map up: a flat one with everything that stood on it. */
  async flatten() {
    this.map.remove();
    holder.replaceChildren();
    this.show(await flat(this.options));
  }

  show(map) {
    this.map = map;
    this.map.moved(() => this.place());
    document.body.dataset.map = this.map.kind;
    document.getElementById("engine").textContent = this.map.kind === "flat" ? gettext("平面地图") : "";
    this.draw();
    this.shade();
    this.label();
  }

  setPoints(points) {
    this.points = new Map(points.map((point) => [point[0], point]));
    this.draw();
  }

  /** Changes carry a sixth value: 1 stays on the map, 0 goes. */
  change(changes) {
    for (const [no, lon, lat, line, urgency, isOpen] of changes) {
      this.points.delete(no);
      if (isOpen) this.points.set(no, [no, lon, lat, line, urgency]);
    }
    for (const oldest of this.points.keys()) {
      if (this.points.size <= LIMIT) break;
      this.points.delete(oldest);
    }
    if (changes.length) this.draw();
  }

  draw() {
    this.map?.setPoints([...this.points.values()]);
  }

  setDensity(density) {
    this.density = density;
    this.shade();
  }

  shade() {
    const most = Math.max(1, ...this.density.map(([, n]) => n));
    this.map?.setDensity(new Map(this.density.map(([code, n]) => [code, Math.sqrt(n / most)])));
  }

  setLabels(labels) {
    this.labels = labels;
    this.label();
  }

  setUrgent(urgent) {
    this.urgent = urgent.filter((row) => row.lon !== null);
    this.label();
  }

  label() {
    if (!this.map) return;
    const wanted = new Map();
    const parts = new Map(this.parts);
    for (const [code, n] of Object.entries(this.labels)) if (n && !parts.has(code)) parts.set(code, this.nowhere());
    for (const [code, part] of parts) {
      const n = this.labels[code] ?? 0;
      wanted.set(`label-${code}`, [part, `<b>${number(n)}</b><span>${escape(part.name)}</span>`, "label", { n }]);
    }
    for (const row of this.urgent) wanted.set(`pulse-${row.case_no}`, [row, "", "pulse", { case: row.case_no }]);
    const [first] = this.urgent;
    if (first) wanted.set("pop", [first, this.popWords(first), "pop", { case: first.case_no }]);
    this.keep(wanted);
    this.place();
  }

  /** Where the cases stand of which no part is known: in the corner, so that the labels add up to all. */
  nowhere() {
    const [west, south] = this.area.box;
    return { name: gettext("未定位"), lon: west, lat: south };
  }

  popWords(row) {
    const voices = row.voices > 1 ? fill(gettext("关联诉求 %(n)s 件"), { n: row.voices }) : "";
    const under = [row.unit, voices].filter(Boolean).map(escape).join(" · ");
    return `<b>▲▲▲ ${escape(row.category)}</b><span>${escape(row.street)} · ${escape(state(row.state))}</span><small>${under}</small>`;
  }

  keep(wanted) {
    for (const pin of [...pins.children]) if (!wanted.has(pin.id)) pin.remove();
    for (const [id, [where, html, kind, data]] of wanted) {
      let pin = document.getElementById(id);
      if (!pin) {
        pin = document.createElement("div");
        pin.id = id;
        pins.append(pin);
      }
      pin.className = kind;
      Object.assign(pin.dataset, { ...data, lon: where.lon, lat: where.lat });
      if (pin.dataset.html !== html) {
        pin.dataset.html = html;
        pin.innerHTML = html;
      }
    }
  }

  place() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const room = roomOf(rem);
    const boxes = [];
    for (const pin of pins.children) {
      const found = this.map.project(Number(pin.dataset.lon), Number(pin.dataset.lat));
      if (!found) continue;
      const box = { pin, x: found[0], y: found[1], w: pin.offsetWidth, h: pin.offsetHeight, weight: Number(pin.dataset.n ?? 0) };
      if (pin.className === "pulse") stand(pin, box.x, box.y);
      boxes.push(box);
    }
    const of = (kind) => boxes.filter(({ pin }) => pin.className === kind);
    const labels = spread(of("label"), of("pulse"), room);
    for (const { pin, x, y } of labels) stand(pin, x, y);
    for (const pop of of("pop")) {
      const box = beside(pop, [...labels, ...of("pulse")], room, rem);
      stand(pop.pin, box.x, box.y);
      const { x, y, length, turn } = leader(box, pop);
      const told = { "--from-x": `${x}px`, "--from-y": `${y}px`, "--length": `${length}px`, "--turn": `${turn}rad` };
      for (const [name, value] of Object.entries(told)) pop.pin.style.setProperty(name, value);
    }
  }

  resize() {
    this.map?.resize();
  }
}
