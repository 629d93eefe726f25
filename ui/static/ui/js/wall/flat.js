// The flat map for screens without WebGL: our tiles by OpenLayers on a plain canvas, shading and points
// on a second one. It shows the same points and the same shading as the tilted map.
import {
  Fill,
  Map as OlMap,
  MVT,
  Stroke,
  Style,
  VectorTileLayer,
  VectorTileSource,
  View,
  fromLonLat,
} from "../../../vendor/ol@10.11.0/ol.js";
import { BASE, LINE_COLORS, SHAPES } from "./look.js";

const area = (color, zIndex) => new Style({ fill: new Fill({ color }), zIndex });
const line = (color, width, zIndex, lineDash) => new Style({ stroke: new Stroke({ color, width, lineDash }), zIndex });
const STYLES = {
  city: area(BASE.city, 0),
  green: area(BASE.green, 1),
  water: area(BASE.water, 2),
  secondary: line(BASE.road, 1, 3),
  arterial: line(BASE.arterial, 1.6, 4),
  express: line(BASE.express, 2.2, 5),
  motorway: line(BASE.express, 2.2, 5),
  streets: line("#2c5a9a", 1, 6, [4, 4]),
  districts: line("#7fe3ff", 1.6, 7),
};

function tiles(layer) {
  return new VectorTileSource({ format: new MVT(), url: `/screen/tiles/${layer}/{z}/{x}/{y}.mvt`, minZoom: 8, maxZoom: 14 });
}

function styleOf(feature) {
  const layer = feature.get("layer");
  return STYLES[layer === "roads" ? feature.get("class") : layer] ?? null;
}

export class Flat {
  constructor(container, { box, shapes }) {
    this.kind = "flat";
    this.box = box;
    this.shapes = shapes?.features ?? [];
    this.levels = new Map();
    this.points = [];
    this.map = new OlMap({
      target: container,
      controls: [],
      interactions: [],
      layers: [new VectorTileLayer({ source: tiles("base"), style: styleOf }), new VectorTileLayer({ source: tiles("areas"), style: styleOf })],
      view: new View({ center: [0, 0], zoom: 10 }),
    });
    this.over = document.createElement("canvas");
    this.over.className = "over";
    container.append(this.over);
    this.fit();
    this.ready = new Promise((resolve) => this.map.once("postrender", resolve));
    this.map.on("moveend", () => this.paint());
  }

  fit() {
    if (!this.box) return;
    const [west, south, east, north] = this.box;
    const extent = [...fromLonLat([west, south]), ...fromLonLat([east, north])];
    const [wide, high] = this.map.getSize() ?? [800, 600];
    this.map.getView().fit(extent, { padding: [high * 0.12, wide * 0.085, high * 0.08, wide * 0.085] });
  }

  project(lon, lat) {
    return this.map.getPixelFromCoordinate(fromLonLat([lon, lat]));
  }

  moved(told) {
    this.map.on("moveend", told);
  }

  resize() {
    this.map.updateSize();
    this.fit();
    this.map.renderSync();
    this.paint();
  }

  setPoints(points) {
    this.points = points;
    this.paint();
  }

  setDensity(levels) {
    this.levels = levels;
    this.paint();
  }

  paint() {
    const size = this.map.getSize();
    if (!size || !this.project(...(this.box ?? [0, 0]))) return;
    const ratio = Math.min(devicePixelRatio, 2);
    this.over.width = size[0] * ratio;
    this.over.height = size[1] * ratio;
    const pen = this.over.getContext("2d");
    pen.scale(ratio, ratio);
    for (const feature of this.shapes) this.paintShape(pen, feature);
    for (const point of this.points) this.paintPoint(pen, point);
  }

  paintShape(pen, { properties, geometry }) {
    const level = this.levels.get(properties.code) ?? 0;
    if (!level) return;
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    pen.beginPath();
    for (const ring of polygons.flat()) {
      ring.forEach(([lon, lat], n) => {
        const [x, y] = this.project(lon, lat);
        if (n) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      });
      pen.closePath();
    }
    pen.fillStyle = `rgba(63, 155, 255, ${(0.12 + 0.5 * level).toFixed(2)})`;
    pen.fill("evenodd");
  }

  paintPoint(pen, [, lon, lat, kind, urgency]) {
    const [x, y] = this.project(lon, lat);
    pen.save();
    pen.translate(x, y);
    pen.fillStyle = LINE_COLORS[kind];
    pen.strokeStyle = "#06122c";
    pen.beginPath();
    SHAPES[kind](pen, urgency <= 1 ? 5 : 3.6);
    pen.fill();
    pen.stroke();
    pen.restore();
  }
}
