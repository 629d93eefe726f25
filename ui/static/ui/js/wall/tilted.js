// The tilted dark map (MapLibre, WebGL 2). Our own tiles, no glyphs, no sprite, no worker from a blob.
import { Map as GlMap, setWorkerUrl } from "../../../vendor/maplibre-gl@6.17.0/maplibre-gl.js";
import { BASE, LINE_COLORS, SHAPES } from "./look.js";

const PITCH = 34;
const RAISED = 0.035; // the far half of a tilted map is small: it stands a little higher
const BEARING = -4;
const ICON = 22;

function icon(kind, color) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = ICON * 2;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.scale(2, 2);
  pen.translate(ICON / 2, ICON / 2);
  pen.fillStyle = color;
  pen.strokeStyle = "#06122c";
  pen.lineWidth = 1.2;
  pen.beginPath();
  SHAPES[kind](pen, 5);
  pen.fill();
  pen.stroke();
  return pen.getImageData(0, 0, ICON * 2, ICON * 2);
}

function width(...stops) {
  return ["interpolate", ["exponential", 1.6], ["zoom"], ...stops];
}

function base(id, layer, type, paint, more = {}) {
  return { id, type, source: "base", "source-layer": layer, paint, ...more };
}

function roads(id, classes, color, stops, minzoom = 0) {
  return base(id, "roads", "line", { "line-color": color, "line-width": width(...stops) }, {
    minzoom,
    filter: ["in", ["get", "class"], ["literal", classes]],
    layout: { "line-cap": "round", "line-join": "round" },
  });
}

function edge(id, layer, paint) {
  return { id, type: "line", source: "areas", "source-layer": layer, paint };
}

const shading = ["interpolate", ["linear"], ["coalesce", ["feature-state", "level"], 0], 0, "#0b2352", 0.35, "#1550a8", 1, "#3f9bff"];
const visible = ["interpolate", ["linear"], ["coalesce", ["feature-state", "level"], 0], 0, 0.1, 0.15, 0.45, 1, 0.72];

function style(shapes) {
  const tiles = (layer) => [`${location.origin}/screen/tiles/${layer}/{z}/{x}/{y}.mvt`];
  const empty = { type: "FeatureCollection", features: [] };
  return {
    version: 8,
    sources: {
      base: { type: "vector", tiles: tiles("base"), minzoom: 8, maxzoom: 14 },
      areas: { type: "vector", tiles: tiles("areas"), minzoom: 8, maxzoom: 13 },
      shapes: { type: "geojson", data: shapes ?? empty, promoteId: "code" },
      points: { type: "geojson", data: empty },
    },
    layers: [
      edge("glow", "city", { "line-color": "#2f8cff", "line-width": 24, "line-blur": 24, "line-opacity": 0.7 }),
      base("city", "city", "fill", { "fill-color": BASE.city }),
      base("green", "green", "fill", { "fill-color": BASE.green }),
      { id: "density", type: "fill", source: "shapes", paint: { "fill-color": shading, "fill-opacity": visible, "fill-antialias": false } },
      base("water", "water", "fill", { "fill-color": BASE.water }),
      roads("secondary", ["secondary"], BASE.road, [11, 0.6, 14, 3.4], 11),
      roads("arterial", ["arterial"], BASE.arterial, [9, 0.8, 14, 5]),
      roads("express", ["express", "motorway"], BASE.express, [9, 1.2, 14, 6.4]),
      edge("streets", "streets", { "line-color": "#2c5a9a", "line-width": 1, "line-dasharray": [2, 2], "line-opacity": 0.6 }),
      edge("district-glow", "districts", { "line-color": "#35d6ff", "line-width": 7, "line-blur": 7, "line-opacity": 0.5 }),
      edge("districts", "districts", { "line-color": "#7fe3ff", "line-width": 1.6, "line-opacity": 0.95 }),
      { id: "halos", type: "circle", source: "points", paint: { "circle-radius": 9, "circle-blur": 1.1, "circle-opacity": 0.5, "circle-pitch-alignment": "map", "circle-color": ["match", ["get", "line"], "HOTLINE", LINE_COLORS.HOTLINE, "GRID", LINE_COLORS.GRID, LINE_COLORS.AFFAIRS] } },
      { id: "points", type: "symbol", source: "points", layout: { "icon-image": ["get", "line"], "icon-size": ["case", ["<=", ["get", "urgency"], 1], 1.25, 0.85], "icon-allow-overlap": true, "icon-ignore-placement": true } },
    ],
  };
}

export class Tilted {
  constructor(container, { box, shapes }) {
    setWorkerUrl(document.documentElement.dataset.worker);
    this.kind = "tilted";
    this.box = box;
    this.levels = new Map();
    this.map = new GlMap({
      container,
      style: style(shapes),
      interactive: false,
      attributionControl: false,
      fadeDuration: 0,
      pitch: PITCH,
      bearing: BEARING,
      pixelRatio: Math.min(devicePixelRatio, 2),
      canvasContextAttributes: { antialias: true },
    });
    this.fit();
    this.ready = new Promise((resolve, reject) => {
      this.map.once("load", () => {
        for (const [line, color] of Object.entries(LINE_COLORS)) this.map.addImage(line, icon(line, color), { pixelRatio: 2 });
        resolve();
      });
      this.map.once("webglcontextlost", () => reject(new Error("the WebGL context was lost")));
    });
  }

  fit() {
    if (!this.box) return;
    const [west, south, east, north] = this.box;
    const bounds = [[west, south], [east, north]];
    const camera = this.map.cameraForBounds(bounds, { bearing: BEARING, padding: this.padding() });
    if (camera) this.map.jumpTo({ ...camera, zoom: camera.zoom + 0.26, pitch: PITCH, bearing: BEARING });
    this.map.panBy([0, this.map.getContainer().clientHeight * RAISED], { animate: false });
  }

  padding() {
    const { clientWidth: wide, clientHeight: high } = this.map.getContainer();
    return { top: high * 0.06, bottom: high * 0.05, left: wide * 0.085, right: wide * 0.085 };
  }

  project(lon, lat) {
    const { x, y } = this.map.project([lon, lat]);
    return [x, y];
  }

  moved(told) {
    this.map.on("move", told);
    this.map.on("resize", told);
  }

  remove() {
    this.map.remove();
    this.map.getContainer().className = "";
  }

  resize() {
    this.map.resize();
    this.fit();
  }

  setPoints(points) {
    const features = points.map(([no, lon, lat, line, urgency]) => ({
      type: "Feature",
      properties: { no, line, urgency },
      geometry: { type: "Point", coordinates: [lon, lat] },
    }));
    this.map.getSource("points").setData({ type: "FeatureCollection", features });
  }

  setDensity(levels) {
    for (const code of this.levels.keys()) {
      if (!levels.has(code)) this.map.setFeatureState({ source: "shapes", id: code }, { level: 0 });
    }
    for (const [code, level] of levels) {
      if (this.levels.get(code) !== level) this.map.setFeatureState({ source: "shapes", id: code }, { level });
    }
    this.levels = levels;
  }
}
