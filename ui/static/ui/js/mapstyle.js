// How our own vector tiles are drawn: layer, class and name of a feature become OpenLayers styles.
import { Fill, Stroke, Style, Text } from "../../vendor/ol@10.11.0/ol.js";

export const COLORS = {
  ground: "#edf1f5",
  city: "#f6f8fa",
  water: "#b9d6f2",
  green: "#d5ebd3",
  building: "#e3e7ee",
  buildingEdge: "#d3d9e3",
  road: "#ffffff",
  roadEdge: "#d4dbe5",
  express: "#ffe3a8",
  expressEdge: "#e6be6a",
  text: "#4a5567",
  halo: "#ffffff",
  waterText: "#2f669f",
  district: "#7c5cc4",
  street: "#8fa0b8",
  cell: "#8b9bb0",
};
export const MAP_FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif';

const area = (color, zIndex) => new Style({ fill: new Fill({ color }), zIndex });
const edge = (color, width, lineDash) =>
  new Style({ stroke: new Stroke({ color, width, lineDash }), zIndex: 8 });
const GROUNDS = { city: area(COLORS.city, 0), green: area(COLORS.green, 1), water: area(COLORS.water, 2) };
const BUILDING = new Style({
  fill: new Fill({ color: COLORS.building }),
  stroke: new Stroke({ color: COLORS.buildingEdge, width: 1 }),
  zIndex: 3,
});
const EDGES = {
  districts: [0, edge(COLORS.district, 1.8, [8, 4, 2, 4])],
  streets: [11, edge(COLORS.street, 1, [4, 4])],
  communities: [14.2, edge(COLORS.street, 0.8, [2, 5])],
  cells: [13.5, edge(COLORS.cell, 1, [3, 3])],
};
// class: from zoom, width factor, rank
const ROADS = {
  local: [14, 1.6, 1],
  secondary: [12, 2.3, 2],
  arterial: [10, 3.6, 3],
  express: [9, 4.2, 4],
  motorway: [9, 4.2, 4],
};
const NAMES_FROM = 14.2;
const cache = new Map();

function words(text, { size = 12, color = COLORS.text, halo = COLORS.halo, line = false, repeat } = {}) {
  return new Text({
    text,
    font: `${size}px ${MAP_FONT}`,
    fill: new Fill({ color }),
    stroke: new Stroke({ color: halo, width: 3 }),
    placement: line ? "line" : "point",
    maxAngle: 1,
    repeat,
    padding: [4, 4, 4, 4],
  });
}

function remember(key, make) {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key);
}

function road(kind, name, zoom) {
  const [from, factor, rank] = ROADS[kind] || ROADS.local;
  if (zoom < from) return null;
  const shown = zoom >= NAMES_FROM ? name : "";
  return remember(`${kind}${zoom}${shown}`, () => {
    const width = factor * 1.55 ** (zoom - 13.6);
    const isExpress = rank === 4;
    return [
      new Style({
        stroke: new Stroke({ color: isExpress ? COLORS.expressEdge : COLORS.roadEdge, width: width + 1.6, lineCap: "round" }),
        zIndex: 4 + rank / 10,
      }),
      new Style({
        stroke: new Stroke({ color: isExpress ? COLORS.express : COLORS.road, width, lineCap: "round" }),
        zIndex: 6 + rank / 10,
        text: shown ? words(shown, { line: true, repeat: 320 }) : undefined,
      }),
    ];
  });
}

function label(layer, feature, zoom) {
  const name = feature.get("name");
  if (!name) return null;
  if (layer === "rivername") {
    return remember(`river${name}`, () => new Style({
      text: words([...name].join(" "), { line: true, color: COLORS.waterText, halo: COLORS.water, size: 18, repeat: 500 }),
    }));
  }
  const isMinor = feature.get("kind") === "minor";
  if (zoom <= 12.4 || (isMinor && zoom <= 16.2)) return null;
  return remember(`poi${name}`, () => new Style({ text: words(name) }));
}

function zoomAt(resolution) {
  return Math.round(Math.log2(156543.03 / resolution) * 4) / 4;
}

/** Style of a feature of /tiles/areas at a resolution in metres per pixel: edges only. */
export function areaStyleOf(feature, resolution) {
  const found = EDGES[feature.get("layer")];
  return found && zoomAt(resolution) >= found[0] ? found[1] : null;
}

/** Style of a feature of /tiles/base at a resolution in metres per pixel. */
export function styleOf(feature, resolution) {
  const layer = feature.get("layer");
  const zoom = zoomAt(resolution);
  if (GROUNDS[layer]) return GROUNDS[layer];
  if (layer === "buildings") return zoom >= 15 ? BUILDING : null;
  if (layer === "roads") return road(feature.get("class"), feature.get("name") || "", zoom);
  return layer === "pois" || layer === "rivername" ? label(layer, feature, zoom) : null;
}
