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
import { BASE, LINE_COLORS, mask, room, SHAPES, unit } from "./look.js";

const area = (color, zIndex) => new Style({ fill: new Fill({ color }), zIndex });
const line = (color, width, zIndex, lineDash) => new Style({ stroke: new Stroke({ color, width, lineDash }), zIndex });

/** The styles by layer or class of road, lines `k` times as wide. */
function styles(k, isCity) {
  return {
    city: area(BASE.city, 0),
    green: area(BASE.green, 1),
    water: area(BASE.water, 2),
    secondary: line(BASE.road, k, 3),
    arterial: line(BASE.arterial, 1.6 * k, 4),
    express: line(BASE.express, 2.2 * k, 5),
    motorway: line(BASE.express, 2.2 * k, 5),
    streets: line(isCity ? "#2c5a9a" : "#5b9bee", k, 6, [4 * k, 4 * k]),
    districts: line("#7fe3ff", 1.6 * k, 7),
  };
}

function tiles(layer) {
  return new VectorTileSource({ format: new MVT(), url: `/screen/tiles/${layer}/{z}/{x}/{y}.mvt`, minZoom: 8, maxZoom: 14 });
}

export class Flat {
  constructor(container, { box, shapes, isCity }) {
    this.kind = "flat";
    this.box = box;
    this.shapes = shapes?.features ?? [];
    this.outside = mask(shapes?.outline);
    this.isCity = isCity;
    this.styles = styles(unit(), isCity);
    const style = (feature) => this.styleOf(feature);
    this.levels = new Map();
    this.points = [];
    this.map = new OlMap({
      target: container,
      controls: [],
      interactions: [],
      layers: ["base", "areas"].map((layer) => new VectorTileLayer({ source: tiles(layer), style })),
      view: new View({ center: [0, 0], zoom: 10 }),
    });
    this.over = document.createElement("canvas");
    this.over.className = "over";
    container.append(this.over);
    this.fit();
    this.ready = new Promise((resolve) => this.map.once("postrender", resolve));
    this.map.on("moveend", () => this.paint());
  }

  styleOf(feature) {
    const layer = feature.get("layer");
    return this.styles[layer === "roads" ? feature.get("class") : layer] ?? null;
  }

  fit() {
    if (!this.box) return;
    const [west, south, east, north] = this.box;
    const extent = [...fromLonLat([west, south]), ...fromLonLat([east, north])];
    const element = this.map.getTargetElement();
    const [left, top, right, bottom] = room(element);
    const padding = [top, element.clientWidth - right, element.clientHeight - bottom, left];
    this.map.getView().fit(extent, { padding });
  }

  project(lon, lat) {
    return this.map.getPixelFromCoordinate(fromLonLat([lon, lat]));
  }

  moved(told) {
    this.map.on("moveend", told);
  }

  resize() {
    this.map.updateSize();
    this.styles = styles(unit(), this.isCity);
    for (const layer of this.map.getLayers().getArray()) layer.changed();
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
    const k = unit();
    for (const feature of this.shapes) this.paintShape(pen, feature);
    if (this.outside) this.paintOutside(pen, k);
    for (const point of this.points) this.paintPoint(pen, point, k);
  }

  paintShape(pen, { properties, geometry }) {
    const level = this.levels.get(properties.code) ?? 0;
    if (!level) return;
    this.trace(pen, geometry);
    pen.fillStyle = `rgba(63, 155, 255, ${(0.12 + 0.5 * level).toFixed(2)})`;
    pen.fill("evenodd");
  }

  /** What lies outside is dim, and the outline glows. */
  paintOutside(pen, k) {
    const [, ...holes] = this.outside.geometry.coordinates;
    const size = this.map.getSize();
    this.trace(pen, { type: "Polygon", coordinates: holes });
    pen.strokeStyle = "#a5ecff";
    pen.lineWidth = 2.4 * k;
    pen.shadowColor = "#35d6ff";
    pen.shadowBlur = 14 * k;
    pen.stroke();
    pen.shadowBlur = 0;
    pen.rect(0, 0, ...size);
    pen.fillStyle = "rgba(5, 13, 31, 0.66)";
    pen.fill("evenodd");
  }

  trace(pen, geometry) {
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
  }

  paintPoint(pen, [, lon, lat, kind, urgency], k) {
    const [x, y] = this.project(lon, lat);
    pen.save();
    pen.translate(x, y);
    pen.scale(k, k);
    pen.fillStyle = LINE_COLORS[kind];
    pen.strokeStyle = "#06122c";
    pen.beginPath();
    SHAPES[kind](pen, urgency <= 1 ? 6.2 : 4.4);
    pen.fill();
    pen.stroke();
    pen.restore();
  }
}
