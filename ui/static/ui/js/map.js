// The city map: OpenLayers on a plain canvas (no WebGL), our own tiles, seals and clusters of cases.
import {
  Circle,
  CircleStyle,
  Feature,
  Fill,
  Icon,
  Map as OlMap,
  MVT,
  Point,
  ScaleLine,
  Stroke,
  Style,
  Text,
  Translate,
  VectorLayer,
  VectorSource,
  VectorTileLayer,
  VectorTileSource,
  View,
  boundingExtent,
  defaultInteractions,
  fromLonLat,
  toLonLat,
} from "../../vendor/ol@10.11.0/ol.js";
import { COLORS, MAP_FONT, areaStyleOf, styleOf } from "./mapstyle.js";
import { gettext } from "./text.js";

const LINES = {
  HOTLINE: ["#1463d8", gettext("热")],
  GRID: ["#0a7f62", gettext("格")],
  AFFAIRS: ["#a8327f", gettext("政")],
};
const SIZE = 56;
const OVER = "#a50e24";
const PRIMARY = "#1b56c9";
const METRES_PER_DEGREE = 111320;
const PATIENCE = 2000;
const LONGEST_PATIENCE = 30000;

function outline(pen, line) {
  pen.beginPath();
  if (line === "HOTLINE") pen.arc(28, 28, 21, 0, 7);
  else if (line === "GRID") {
    const [a, b, r] = [8, 48, 8];
    pen.moveTo(a + r, a);
    pen.arcTo(b, a, b, b, r);
    pen.arcTo(b, b, a, b, r);
    pen.arcTo(a, b, a, a, r);
    pen.arcTo(a, a, b, a, r);
    pen.closePath();
  } else {
    for (const [x, y] of [[28, 5], [49, 18], [49, 49], [7, 49], [7, 18]]) pen.lineTo(x, y);
    pen.closePath();
  }
}

function drawSeal(line, isOver) {
  const [color, character] = LINES[line] || LINES.HOTLINE;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  pen.fillStyle = color;
  outline(pen, line);
  pen.fill();
  pen.strokeStyle = "#fff";
  pen.lineWidth = isOver ? 10 : 4;
  pen.stroke();
  if (isOver) {
    pen.strokeStyle = OVER;
    pen.lineWidth = 5;
    pen.stroke();
  }
  pen.fillStyle = "#fff";
  pen.font = `700 24px ${MAP_FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(character, 28, line === "AFFAIRS" ? 32 : 29);
  return canvas;
}

const cache = new Map();

function remember(key, make) {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key);
}

export function sealStyle(line, isOver, scale = 0.46) {
  return remember(`${line}${isOver}${scale}`, () => new Style({
    image: new Icon({ img: drawSeal(line, isOver), size: [SIZE, SIZE], scale }),
    zIndex: 20,
  }));
}

const WIDEST_CLUSTER = 21;

/** Pixels from the middle of a cluster to its rim: a step wider for ten times as many, never wider than its square. */
export function clusterRadius(count) {
  return Math.min(WIDEST_CLUSTER, 11 + Math.log10(count) * 2.8);
}

/** A number of cases; a dashed red ring, not its colour alone, says that one of them is overdue. */
export function clusterStyle(count, isOver = false) {
  const short = count > 9999 ? `${Math.round(count / 1000)}k` : String(count);
  return remember(`cluster${short}${isOver}`, () => new Style({
    image: new CircleStyle({
      radius: clusterRadius(count),
      fill: new Fill({ color: "rgba(22,48,95,.9)" }),
      stroke: isOver ? new Stroke({ color: "#ff5a6e", width: 3, lineDash: [5, 3] }) : new Stroke({ color: "#fff", width: 2 }),
    }),
    text: new Text({
      text: short,
      font: `600 14px "SX Num",${MAP_FONT}`,
      fill: new Fill({ color: "#fff" }),
      offsetY: 1,
    }),
    zIndex: 19,
  }));
}

export const HALO = new Style({
  image: new CircleStyle({
    radius: 21,
    fill: new Fill({ color: "rgba(27,86,201,.16)" }),
    stroke: new Stroke({ color: PRIMARY, width: 2, lineDash: [4, 3] }),
  }),
  zIndex: 21,
});
const RANGE = new Style({
  fill: new Fill({ color: "rgba(27,86,201,.06)" }),
  stroke: new Stroke({ color: PRIMARY, width: 1.5, lineDash: [6, 4] }),
  zIndex: 9,
});

function drawPin() {
  const canvas = document.createElement("canvas");
  canvas.width = 60;
  canvas.height = 80;
  const pen = canvas.getContext("2d");
  pen.beginPath();
  pen.arc(30, 30, 24, Math.PI * 0.86, Math.PI * 0.14);
  pen.quadraticCurveTo(42, 54, 30, 76);
  pen.quadraticCurveTo(18, 54, 30 + 24 * Math.cos(Math.PI * 0.86), 30 + 24 * Math.sin(Math.PI * 0.86));
  pen.closePath();
  pen.fillStyle = "#c62f12";
  pen.fill();
  pen.lineWidth = 3;
  pen.strokeStyle = "#fff";
  pen.stroke();
  pen.beginPath();
  pen.arc(30, 30, 9, 0, 7);
  pen.fillStyle = "#fff";
  pen.fill();
  return canvas;
}

function tiles(layer, style) {
  return new VectorTileLayer({
    declutter: true,
    source: new VectorTileSource({ format: new MVT(), url: `/tiles/${layer}/{z}/{x}/{y}.mvt`, minZoom: 8, maxZoom: 15 }),
    style,
  });
}

export class CityMap {
  constructor(target, { center, zoom = 13, interactive = true, padding = [0, 0, 0, 0] }) {
    this.cases = new VectorSource();
    this.marks = new VectorSource();
    this.selected = null;
    const clusters = new VectorLayer({ source: this.cases, style: (feature) => this.styleOf(feature) });
    this.map = new OlMap({
      target,
      controls: interactive ? [new ScaleLine()] : [],
      interactions: interactive ? defaultInteractions() : [],
      layers: [tiles("base", styleOf), tiles("areas", areaStyleOf), clusters, new VectorLayer({ source: this.marks, zIndex: 30 })],
      view: new View({ center: fromLonLat(center), zoom, padding, minZoom: 9, maxZoom: 19 }),
    });
    this.map.getTargetElement().style.backgroundColor = COLORS.ground;
    this.view = this.map.getView();
    this.clusters = clusters;
  }

  styleOf(feature) {
    const { n, line, isOver } = feature.getProperties();
    return n > 1 ? clusterStyle(n, isOver) : sealStyle(line, isOver);
  }

  /** Draw every open case of the server's case tiles: for pages that have no list of their own. */
  withCaseTiles() {
    this.caseTiles = new VectorTileSource({ format: new MVT(), url: "/tiles/cases/{z}/{x}/{y}.mvt", minZoom: 8, maxZoom: 16 });
    this.patience = PATIENCE;
    this.caseTiles.on("tileloadend", () => (this.patience = PATIENCE));
    this.caseTiles.on("tileloaderror", () => this.askAgain());
    const style = (feature) => {
      const count = feature.get("n");
      if (count > 1) return clusterStyle(count);
      return sealStyle(feature.get("line"), Boolean(feature.get("overdue")), 0.4);
    };
    this.map.getLayers().insertAt(2, new VectorTileLayer({ source: this.caseTiles, style, zIndex: 10 }));
    return this;
  }

  /** A tile did not come, as while a fresh server still reads the open cases: ask again, ever more slowly. */
  askAgain() {
    this.asking ??= setTimeout(() => {
      this.asking = null;
      this.patience = Math.min(LONGEST_PATIENCE, this.patience * 2);
      this.refreshCases();
    }, this.patience);
  }

  refreshCases() {
    this.caseTiles.refresh();
  }

  /** Show or hide the unit grids; answers whether they are shown now. */
  toggleCells() {
    if (!this.cells) {
      this.cells = tiles("cells", areaStyleOf);
      this.cells.setVisible(false);
      this.map.getLayers().insertAt(2, this.cells);
    }
    this.cells.setVisible(!this.cells.getVisible());
    return this.cells.getVisible();
  }

  /** Say what a click on a single case, or on the empty map, means; a cluster opens. */
  onPick(pick, click = () => {}) {
    this.map.on("click", (event) => {
      const hit = this.caseAt(event.pixel);
      if (hit?.get("number")) pick(hit.get("number"));
      else if (hit) this.zoomTo(hit.getGeometry().getCoordinates());
      else click(toLonLat(event.coordinate));
    });
    this.map.on("pointermove", (event) => {
      const hit = event.dragging ? null : this.caseAt(event.pixel);
      this.map.getTargetElement().style.cursor = hit ? "pointer" : "";
      this.hovered?.(hit?.get("number") || null);
    });
  }

  caseAt(pixel) {
    const options = { layerFilter: (layer) => layer === this.clusters, hitTolerance: 6 };
    return this.map.forEachFeatureAtPixel(pixel, (feature) => feature, options);
  }

  zoomTo(center) {
    this.view.animate({ center, zoom: this.view.getZoom() + 2, duration: 250 });
  }

  fit(coordinates, maxZoom = 17) {
    if (!coordinates.length) return;
    this.view.fit(boundingExtent(coordinates), { maxZoom, duration: 250, padding: [60, 60, 60, 60] });
  }

  /** Ring a case { number, line, lon, lat, isOver }, and move the map only where it would be out of sight. */
  select(point) {
    if (this.selected) this.marks.removeFeature(this.selected);
    this.selected = null;
    if (!point?.lon) return;
    const geometry = new Point(fromLonLat([point.lon, point.lat]));
    this.selected = new Feature({ geometry, number: point.number, n: 1, radius: 21 });
    this.selected.setStyle([HALO, sealStyle(point.line, point.isOver, 0.64)]);
    this.marks.addFeature(this.selected);
    this.reveal(geometry.getCoordinates());
  }

  reveal(coordinate) {
    const [top, right, bottom, left] = this.view.padding || [0, 0, 0, 0];
    const [width, height] = this.map.getSize() || [0, 0];
    const pixel = this.map.getPixelFromCoordinate(coordinate);
    const margin = 40;
    const isSeen =
      pixel &&
      pixel[0] > left + margin && pixel[0] < width - right - margin &&
      pixel[1] > top + margin && pixel[1] < height - bottom - margin;
    const isNear = this.view.getZoom() >= 14.5;
    if (isSeen && isNear) return;
    this.view.animate({ center: coordinate, zoom: Math.max(this.view.getZoom(), 15.4), duration: 250 });
  }

  /** Keep what matters clear of something that floats over the map (pixels: top right bottom left). */
  keepClear(padding) {
    this.view.padding = padding;
  }

  /** A pin that can be dragged; `moved` hears the new lon and lat in degrees. */
  setPin(lon, lat, moved) {
    const geometry = new Point(fromLonLat([lon, lat]));
    if (this.pin) this.pin.setGeometry(geometry);
    else {
      this.pin = new Feature({ geometry });
      this.pin.setStyle(new Style({ image: new Icon({ img: drawPin(), size: [60, 80], anchor: [0.5, 0.95], scale: 0.5 }), zIndex: 40 }));
      this.marks.addFeature(this.pin);
      if (moved) this.followPin(moved);
    }
    return this;
  }

  followPin(moved) {
    const drag = new Translate({ filter: (feature) => feature === this.pin, hitTolerance: 8 });
    drag.on("translateend", () => moved(...toLonLat(this.pin.getGeometry().getCoordinates())));
    this.map.addInteraction(drag);
  }

  clearPin() {
    if (this.pin) this.marks.removeFeature(this.pin);
    this.pin = null;
  }

  /** A circle of so many metres round a point: a search radius or the accuracy of a fix. */
  setRange(lon, lat, metres) {
    if (this.range) this.marks.removeFeature(this.range);
    const stretch = METRES_PER_DEGREE / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
    this.range = new Feature({ geometry: new Circle(fromLonLat([lon, lat]), metres * stretch) });
    this.range.setStyle(RANGE);
    this.marks.addFeature(this.range);
  }

  goTo(lon, lat, zoom) {
    this.view.animate({ center: fromLonLat([lon, lat]), zoom: zoom ?? this.view.getZoom(), duration: 200 });
  }

  /** The map without a mouse: arrows move it, + and - zoom, Enter puts the pin in its middle. */
  byKeyboard(place) {
    const steps = { ArrowUp: [0, 60], ArrowDown: [0, -60], ArrowLeft: [-60, 0], ArrowRight: [60, 0] };
    const zooms = { "+": 1, "=": 1, "-": -1 };
    this.map.getTargetElement().addEventListener("keydown", (event) => {
      if (event.key === "Enter") place(...this.center());
      else if (zooms[event.key]) this.zoomBy(zooms[event.key]);
      else if (steps[event.key]) this.pan(...steps[event.key]);
      else return;
      event.preventDefault();
    });
  }

  /** Longitude and latitude of the middle of the picture. */
  center() {
    return toLonLat(this.view.getCenter());
  }

  pan(right, up) {
    const [x, y] = this.view.getCenter();
    const scale = this.view.getResolution();
    this.view.animate({ center: [x + right * scale, y + up * scale], duration: 100 });
  }

  zoomBy(step) {
    this.view.animate({ zoom: this.view.getZoom() + step, duration: 150 });
  }
}
