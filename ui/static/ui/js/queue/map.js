// The queue's map: the cases under the page's filters by squares from the server, so that half a million
// are as light as fifty; rows and markers follow each other; a gesture locks the view, ★ returns it.
import { Feature, Point, fromLonLat, toLonLat } from "../../../vendor/ol@10.11.0/ol.js";
import { get } from "../api.js";
import { CityMap, HALO } from "../map.js";
import { spread } from "./spread.js";

const SQUARE_PX = 46;
const SETTLE_MS = 160;
const REFRESH_MS = 2500;
const MARGIN_PX = 60;

class QueueMap extends CityMap {
  constructor(target, options) {
    super(target, options);
    this.isLocked = false;
    this.query = null;
    this.map.on("moveend", () => this.soon(SETTLE_MS));
    this.map.on("pointerdrag", () => this.lock(true));
    this.map.getViewport().addEventListener("wheel", () => this.lock(true), { passive: true });
    this.map.getViewport().addEventListener("dblclick", () => this.lock(true));
  }

  /** Hear when the view is locked or free. */
  onLock(hear) {
    this.locked = hear;
  }

  lock(isLocked) {
    if (this.isLocked === isLocked) return;
    this.isLocked = isLocked;
    this.locked?.(isLocked);
  }

  /** Hear how many cases of the query have a place. */
  onCount(hear) {
    this.counted = hear;
  }

  /** Show the cases of a query; the view follows them unless a gesture has locked it. */
  async show(query) {
    const isOther = query !== this.query;
    this.query = query;
    const { n, box } = await get(`/queue/clusters?${query}`);
    if (query !== this.query) return;
    this.box = box;
    this.counted?.(n);
    if (isOther && !this.isLocked && !this.selected) this.fitAll();
    await this.load();
  }

  fitAll() {
    if (!this.box) return;
    const [west, south, east, north] = this.box;
    this.fit([fromLonLat([west, south]), fromLonLat([east, north])], 15.5);
  }

  soon(wait = REFRESH_MS) {
    if (this.waiting && wait >= this.waitingFor) return;
    clearTimeout(this.waiting);
    this.waitingFor = wait;
    this.waiting = setTimeout(() => this.load().catch(() => {}), wait);
  }

  async load() {
    clearTimeout(this.waiting);
    this.waiting = null;
    const size = this.map.getSize();
    if (!size || !size[0] || document.hidden || this.query === null) return;
    const resolution = this.view.getResolution();
    const [west, south, east, north] = this.view.calculateExtent([size[0] + 2 * MARGIN_PX, size[1] + 2 * MARGIN_PX]);
    const box = [west, south, east, north].map((metre) => metre.toFixed(1)).join(",");
    const asked = `${this.query}&box=${box}&size=${(SQUARE_PX * resolution).toFixed(2)}`;
    this.asked = asked;
    const { n, box: round, items } = await get(`/queue/clusters?${asked}`);
    if (asked !== this.asked) return;
    this.box = round;
    this.counted?.(n);
    this.cases.clear(true);
    this.cases.addFeatures(spread(items.map(featureOf), resolution));
    this.ringHovered();
  }

  /** What the map knows of a single case it shows. */
  pointOf(number) {
    const feature = this.cases.getFeatures().find((one) => one.get("number") === number);
    if (!feature) return null;
    const [lon, lat] = toLonLat(feature.getGeometry().getCoordinates());
    return { number, line: feature.get("line"), lon, lat, isOver: feature.get("isOver") };
  }

  /** Ring the case whose row the pointer is on. */
  hover(point) {
    this.under = point;
    this.ringHovered();
  }

  ringHovered() {
    if (this.ring) this.marks.removeFeature(this.ring);
    this.ring = null;
    if (!this.under?.lon || this.under.number === this.selected?.get("number")) return;
    this.ring = new Feature({ geometry: new Point(fromLonLat([this.under.lon, this.under.lat])) });
    this.ring.setStyle(HALO);
    this.marks.addFeature(this.ring);
  }

  /** Where one looks now, to come back to. */
  remember() {
    this.before ??= { center: this.view.getCenter(), zoom: this.view.getZoom() };
  }

  comeBack() {
    if (this.before && !this.isLocked) this.view.animate({ ...this.before, duration: 250 });
    this.before = null;
  }

  /** Pixels of the map as [lon, lat]. */
  degreesAt(pixels) {
    return pixels.map((pixel) => toLonLat(this.map.getCoordinateFromPixel(pixel)));
  }
}

function featureOf([lon, lat, n, overdue, priority, number, line]) {
  const geometry = new Point(fromLonLat([lon, lat]));
  return new Feature({ geometry, n, isOver: Boolean(overdue), priority, number, line });
}

/** The map of this page. */
export const map = new QueueMap("map", { center: document.getElementById("map").dataset.center.split(",").map(Number) });
