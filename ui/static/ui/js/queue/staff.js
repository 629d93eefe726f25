// Where inspectors on duty are: a mark each, its one last place; hollow in the middle of her area where there is none.
import { Feature, Icon, Point, Stroke, Fill, Style, Text, VectorLayer, VectorSource, fromLonLat } from "../../../vendor/ol@10.11.0/ol.js";
import { duration, now } from "../clock.js";
import { MAP_FONT } from "../mapstyle.js";
import { $, $$ } from "../page.js";
import { escape, fill, gettext } from "../text.js";

const INK = "#0e2756";
const WIDTH = 60;
const HEIGHT = 76;
const NAMES_BELOW_M = 9; // metres to a pixel: closer than that each mark has its name
const RING_PX = 15;
const CLOSE_ZOOM = 15.6;

/** A sign with a person on it: full with a point below where she was, dashed and round where only her area is known. */
function draw(isExact) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext("2d");
  pen.beginPath();
  if (isExact) {
    pen.moveTo(30, 72);
    pen.lineTo(17, 51);
    pen.arc(30, 28, 24, Math.PI * 0.68, Math.PI * 0.32);
    pen.closePath();
  } else pen.arc(30, 38, 23, 0, 7);
  pen.fillStyle = isExact ? INK : "rgba(255,255,255,.94)";
  pen.fill();
  pen.strokeStyle = isExact ? "#fff" : INK;
  pen.lineWidth = 4;
  if (!isExact) pen.setLineDash([7, 5]);
  pen.stroke();
  const y = isExact ? 0 : 10;
  pen.fillStyle = isExact ? "#fff" : INK;
  pen.beginPath();
  pen.arc(30, 21 + y, 7, 0, 7);
  pen.fill();
  pen.beginPath();
  pen.arc(30, 42 + y, 12, Math.PI, 0);
  pen.fill();
  return canvas;
}

const images = new Map();

function image(isExact, shift) {
  const key = `${isExact}${shift}`;
  if (!images.has(key)) {
    const anchor = isExact ? [0.5, 0.95] : [0.5, 0.5];
    images.set(key, new Icon({ img: draw(isExact), size: [WIDTH, HEIGHT], anchor, scale: 0.5, displacement: shift }));
  }
  return images.get(key);
}

function styleOf(feature, resolution) {
  const { item, shift } = feature.getProperties();
  const name = new Text({
    text: item.name,
    font: `600 12px ${MAP_FONT}`,
    offsetX: shift[0],
    offsetY: 26 - shift[1] - (item.exact ? 18 : 0),
    fill: new Fill({ color: INK }),
    stroke: new Stroke({ color: "#fff", width: 3 }),
  });
  return new Style({ image: image(item.exact, shift), text: resolution < NAMES_BELOW_M ? name : undefined });
}

/** Those who stand on one and the same spot, as in the middle of one area, are drawn round it. */
function shifts(items) {
  const groups = new Map();
  for (const item of items) {
    const key = `${item.lon} ${item.lat}`;
    groups.set(key, [...(groups.get(key) || []), item]);
  }
  const found = new Map();
  for (const group of groups.values()) {
    const radius = group.length > 1 ? Math.max(RING_PX, group.length * 4.5) : 0;
    group.forEach((item, n) => {
      const turn = (n / group.length) * 2 * Math.PI;
      found.set(item, [Math.round(Math.sin(turn) * radius), Math.round(Math.cos(turn) * radius)]);
    });
  }
  return found;
}

function words({ name, area, placed_at: at, exact }) {
  if (!exact) return [name, area, gettext("没有提供位置，画在网格中央")];
  const seconds = (now() - Date.parse(at)) / 1000;
  return [name, area, seconds < 60 ? gettext("刚刚") : fill(gettext("%(time)s前"), { time: duration(seconds) })];
}

export class Staff {
  constructor(map) {
    this.map = map;
    this.isShown = false;
    this.items = [];
    this.source = new VectorSource();
    this.layer = new VectorLayer({ source: this.source, style: styleOf, zIndex: 25, visible: false });
    map.map.addLayer(this.layer);
    this.panel = document.createElement("section");
    this.panel.id = "on-duty";
    this.panel.className = "on-duty";
    this.panel.setAttribute("aria-label", gettext("在岗的网格员"));
    this.panel.hidden = true;
    $(".map-tools").append(this.panel);
    this.tip = document.createElement("p");
    this.tip.className = "map-tip";
    this.tip.hidden = true;
    $(".map-panel").append(this.tip);
    this.listen();
  }

  listen() {
    this.panel.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-n]");
      if (button) this.goTo(this.items[button.dataset.n]);
    });
    this.map.map.on("pointermove", (event) => !event.dragging && this.point(event.pixel));
    this.map.map.on("click", (event) => this.point(event.pixel));
    this.map.map.on("movestart", () => (this.tip.hidden = true));
  }

  toggle() {
    this.isShown = !this.isShown;
    this.layer.setVisible(this.isShown);
    this.panel.hidden = !this.isShown;
    this.tip.hidden = true;
  }

  show(items) {
    this.items = items;
    const spread = shifts(items);
    this.source.clear(true);
    this.source.addFeatures(items.map((item) => new Feature({ geometry: new Point(fromLonLat([item.lon, item.lat])), item, shift: spread.get(item) })));
    this.list();
  }

  /** The names as a list too: a map is of no use to who does not see it. */
  list() {
    const held = document.activeElement?.closest?.("#on-duty [data-n]")?.dataset.n;
    const row = (item, n) => {
      const [name, area, when] = words(item);
      return `<li><button type="button" data-n="${n}"><i class="${item.exact ? "is-exact" : ""}" aria-hidden="true"></i><b>${escape(name)}</b> <span>${escape(area)}</span> <small>${escape(item.exact ? when : gettext("位置未提供"))}</small></button></li>`;
    };
    const rows = this.items.map(row).join("");
    this.panel.innerHTML = `${rows ? `<ul>${rows}</ul>` : `<p>${escape(gettext("现在没有网格员在岗"))}</p>`}
      <p class="small muted">${escape(gettext("只有最近一次的位置，没有轨迹；下岗即删除。"))}</p>`;
    $$("[data-n]", this.panel)[held]?.focus({ preventScroll: true });
  }

  goTo(item) {
    this.map.lock(true);
    this.map.goTo(item.lon, item.lat, Math.max(this.map.view.getZoom(), CLOSE_ZOOM));
  }

  point(pixel) {
    const options = { layerFilter: (layer) => layer === this.layer, hitTolerance: 3 };
    const feature = this.isShown && this.map.map.forEachFeatureAtPixel(pixel, (found) => found, options);
    this.tip.hidden = !feature;
    if (!feature) return;
    this.tip.textContent = words(feature.get("item")).join(" · ");
    const width = this.map.map.getSize()[0];
    this.tip.style.setProperty("--x", `${Math.min(pixel[0] + 12, width - this.tip.offsetWidth - 8)}px`);
    this.tip.style.setProperty("--y", `${pixel[1] + 16}px`);
  }
}
