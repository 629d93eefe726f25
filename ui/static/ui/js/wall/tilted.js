// The tilted dark map (MapLibre, WebGL 2). Our own tiles, no glyphs, no sprite, no worker from a blob.
import { Map as GlMap, setWorkerUrl } from "../../../vendor/maplibre-gl@6.17.0/maplibre-gl.js";
import { BASE, corners, LINE_COLORS, mask, room, SHAPES, unit } from "./look.js";

const PITCH = 36;
const LEAST_PITCH = 20;
const PITCH_STEP = 4;
const FILLED = 0.94; // of the room's height: a wide area is seen less from the side
const BEARING = -4;
const ROUNDS = 5;
const LOST_FOR = 8000;
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

const SIZES = {
  glow: ["line-width", 24],
  streets: ["line-width", 1.2],
  "district-glow": ["line-width", 7],
  districts: ["line-width", 1.6],
  "outline-glow": ["line-width", 14],
  outline: ["line-width", 2.4],
  halos: ["circle-radius", 9],
  points: ["icon-size", ["case", ["<=", ["get", "urgency"], 1], 1.25, 0.85]],
};
const shading = ["interpolate", ["linear"], ["coalesce", ["feature-state", "level"], 0], 0, "#0b2352", 0.35, "#1550a8", 1, "#3f9bff"];
const visible = ["interpolate", ["linear"], ["coalesce", ["feature-state", "level"], 0], 0, 0.1, 0.15, 0.45, 1, 0.72];

function style(shapes, isCity) {
  const tiles = (layer) => [`${location.origin}/screen/tiles/${layer}/{z}/{x}/{y}.mvt`];
  const empty = { type: "FeatureCollection", features: [] };
  return {
    version: 8,
    sources: {
      base: { type: "vector", tiles: tiles("base"), minzoom: 8, maxzoom: 14 },
      areas: { type: "vector", tiles: tiles("areas"), minzoom: 8, maxzoom: 13 },
      shapes: { type: "geojson", data: shapes ?? empty, promoteId: "code" },
      points: { type: "geojson", data: empty },
      outside: { type: "geojson", data: mask(shapes?.outline) ?? empty },
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
      edge("streets", "streets", { "line-color": isCity ? "#2c5a9a" : "#5b9bee", "line-dasharray": [2, 2], "line-opacity": isCity ? 0.6 : 0.9 }),
      { id: "outside", type: "fill", source: "outside", paint: { "fill-color": BASE.ground, "fill-opacity": 0.66, "fill-antialias": false } },
      edge("district-glow", "districts", { "line-color": "#35d6ff", "line-width": 7, "line-blur": 7, "line-opacity": 0.5 }),
      { id: "outline-glow", type: "line", source: "outside", paint: { "line-color": "#35d6ff", "line-width": 14, "line-blur": 12, "line-opacity": 0.55 } },
      { id: "outline", type: "line", source: "outside", paint: { "line-color": "#a5ecff", "line-width": 2.4 } },
      edge("districts", "districts", { "line-color": "#7fe3ff", "line-width": 1.6, "line-opacity": 0.95 }),
      { id: "halos", type: "circle", source: "points", paint: { "circle-radius": 9, "circle-blur": 1.1, "circle-opacity": 0.5, "circle-pitch-alignment": "map", "circle-color": ["match", ["get", "line"], "HOTLINE", LINE_COLORS.HOTLINE, "GRID", LINE_COLORS.GRID, LINE_COLORS.AFFAIRS] } },
      { id: "points", type: "symbol", source: "points", layout: { "icon-image": ["get", "line"], "icon-size": ["case", ["<=", ["get", "urgency"], 1], 1.25, 0.85], "icon-allow-overlap": true, "icon-ignore-placement": true } },
    ],
  };
}

export class Tilted {
  constructor(container, { box, shapes, isCity, lost }) {
    setWorkerUrl(document.documentElement.dataset.worker);
    this.kind = "tilted";
    this.box = box;
    this.corners = shapes?.outline ? corners(shapes.outline) : null;
    this.levels = new Map();
    this.map = new GlMap({
      container,
      style: style(shapes, isCity),
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
        this.enlarge();
        resolve();
      });
      this.map.once("webglcontextlost", () => reject(new Error("the WebGL context was lost")));
    });
    this.map.on("webglcontextlost", () => {
      this.losing = setTimeout(lost, LOST_FOR);
    });
    this.map.on("webglcontextrestored", () => clearTimeout(this.losing));
  }

  /** The area as large as its room allows. Seen at an angle this is found by trying. */
  fit() {
    if (!this.box) return;
    const [west, south, east, north] = this.box;
    const camera = this.map.cameraForBounds([[west, south], [east, north]], { bearing: BEARING });
    if (camera) this.map.jumpTo({ ...camera, pitch: PITCH, bearing: BEARING });
    const points = this.corners ?? [[west, south], [west, north], [east, south], [east, north]];
    for (let pitch = PITCH; pitch >= LEAST_PITCH; pitch -= PITCH_STEP) {
      this.map.jumpTo({ pitch });
      let filled = 0;
      for (let round = 0; round < ROUNDS; round += 1) filled = this.approach(points, room(this.map.getContainer()));
      if (filled > FILLED) break;
    }
  }

  /** Move and zoom towards the room; says which part of its height was filled before. */

  approach(points, [left, top, right, bottom]) {
    const seen = points.map(([lon, lat]) => this.project(lon, lat));
    const [xs, ys] = [0, 1].map((n) => seen.map((point) => point[n]));
    const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const share = Math.min((right - left) / (east - west), (bottom - top) / (south - north));
    if (!(share > 0 && Number.isFinite(share))) return 1;
    this.map.panBy([(west + east - left - right) / 2, (north + south - top - bottom) / 2], { animate: false });
    this.map.jumpTo({ zoom: this.map.getZoom() + Math.log2(share) });
    return (south - north) / (bottom - top);
  }

  /** Points and lines as many times as large as everything else on the wall. */
  enlarge() {
    const k = unit();
    for (const [layer, [name, value]] of Object.entries(SIZES)) {
      const scaled = typeof value === "number" ? value * k : ["*", value, k];
      const isPaint = name !== "icon-size";
      this.map[isPaint ? "setPaintProperty" : "setLayoutProperty"](layer, name, scaled);
    }
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
    clearTimeout(this.losing);
    this.map.remove();
    this.map.getContainer().className = "";
  }

  resize() {
    this.map.resize();
    if (this.map.isStyleLoaded()) this.enlarge();
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
