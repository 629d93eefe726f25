// The queue's map: the cases under the page's filters by squares from the server, so that half a million
// are as light as fifty; rows and markers follow each other; a gesture locks the view, ★ returns it.
import { Feature, Point, fromLonLat, toLonLat } from "../../../vendor/ol@10.11.0/ol.js";
import { get } from "../api.js";
import { CityMap, HALO, clusterRadius } from "../map.js";

const SQUARE_PX = 46;
const SETTLE_MS = 160;
const REFRESH_MS = 2500;
const MARGIN_PX = 60;
const SEAL_PX = 12;
const GAP_PX = 3; // two rims of 2 pixels touch a little
const FARTHEST_PX = 18;
const ROUNDS = 14;

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
    if (isOther && !this.isLocked && !document.body.classList.contains("has-drawer")) this.fitAll();
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
    const features = items.map(featureOf);
    spread(this.selected ? [...features, this.selected] : features, resolution);
    this.cases.addFeatures(features);
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

function place(feature, resolution) {
  const [x, y] = feature.getGeometry().getCoordinates().map((metre) => metre / resolution);
  const n = feature.get("n");
  return { feature, x, y, fromX: x, fromY: y, isFixed: n === 1, radius: n === 1 ? feature.get("radius") || SEAL_PX : clusterRadius(n) };
}

/** Move two that overlap apart along the line between them; answers whether they did. */
function part(one, two) {
  const [dx, dy] = [two.x - one.x, two.y - one.y];
  const wanted = one.radius + two.radius + GAP_PX;
  if (Math.abs(dx) >= wanted || Math.abs(dy) >= wanted) return false;
  const distance = Math.hypot(dx, dy) || 0.01;
  const lack = wanted - distance;
  if (lack <= 0.5 || (one.isFixed && two.isFixed)) return false;
  const share = one.isFixed || two.isFixed ? lack : lack / 2;
  for (const [circle, way] of [[one, -1], [two, 1]]) {
    if (circle.isFixed) continue;
    circle.x += ((way * dx) / distance) * share;
    circle.y += ((way * dy) / distance) * share;
  }
  return true;
}

function keepNear(circle) {
  const [dx, dy] = [circle.x - circle.fromX, circle.y - circle.fromY];
  const distance = Math.hypot(dx, dy);
  if (distance <= FARTHEST_PX) return;
  circle.x = circle.fromX + (dx / distance) * FARTHEST_PX;
  circle.y = circle.fromY + (dy / distance) * FARTHEST_PX;
}

/**
 * Move the features of one picture: clusters that would cover each other, a single case or the selected one,
 * give way by a few pixels; a single case stays where it is. `resolution` in metres a pixel.
 */
function spread(features, resolution) {
  const circles = features.map((feature) => place(feature, resolution)).sort((a, b) => a.x - b.x);
  const reach = 2 * clusterRadius(Infinity) + GAP_PX;
  for (let round = 0; round < ROUNDS; round += 1) {
    let isMoved = false;
    circles.forEach((one, n) => {
      for (let next = n + 1; next < circles.length && circles[next].x - one.x < reach; next += 1) isMoved = part(one, circles[next]) || isMoved;
    });
    if (!isMoved) break;
    circles.forEach(keepNear);
    circles.sort((a, b) => a.x - b.x);
  }
  for (const { feature, x, y, fromX, fromY } of circles) feature.getGeometry().translate((x - fromX) * resolution, (y - fromY) * resolution);
}

/** The map of this page. */
export const map = new QueueMap("map", { center: document.getElementById("map").dataset.center.split(",").map(Number) });
