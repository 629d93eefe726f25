// Colours and marks that both maps share. Shape says the line of origin where colour does not.
export const BASE = {
  ground: "#050d1f",
  city: "#0a1a38",
  water: "#0e2c5c",
  green: "#0c2838",
  road: "#16305e",
  arterial: "#1c3d75",
  express: "#2a5ca8",
};
export const LINE_COLORS = { HOTLINE: "#4da3ff", GRID: "#3ddca0", AFFAIRS: "#ff9bd2" };

/** Paths around (0, 0): circle, square, house, like the seals. */
export const SHAPES = {
  HOTLINE: (pen, size) => pen.arc(0, 0, size, 0, 2 * Math.PI),
  GRID: (pen, size) => pen.rect(-size * 0.9, -size * 0.9, size * 1.8, size * 1.8),
  AFFAIRS: (pen, size) => {
    pen.moveTo(0, -size * 1.25);
    pen.lineTo(size * 1.05, -size * 0.2);
    pen.lineTo(size * 1.05, size);
    pen.lineTo(-size * 1.05, size);
    pen.lineTo(-size * 1.05, -size * 0.2);
    pen.closePath();
  },
};

const ROOM = { top: 8.6, right: 4, bottom: 4.6, left: 4 };
const WORLD = [[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]];

/** How many pixels one of the wall's units is now: 1 at 1920 x 1080. */
export function unit() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 10;
}

/** The part of the map's element that the area may fill: left, top, right, bottom in pixels. */
export function room({ clientWidth: wide, clientHeight: high }) {
  const rem = unit() * 10;
  return [ROOM.left * rem, ROOM.top * rem, wide - ROOM.right * rem, high - ROOM.bottom * rem];
}

/** Every corner of the area's outline as [lon, lat]. */
export function corners(outline) {
  const polygons = outline.type === "Polygon" ? [outline.coordinates] : outline.coordinates;
  return polygons.flatMap(([ring]) => ring);
}

/** Everything outside the outline, as one feature; null without an outline. */
export function mask(outline) {
  if (!outline) return null;
  const polygons = outline.type === "Polygon" ? [outline.coordinates] : outline.coordinates;
  const holes = polygons.map(([ring]) => ring);
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [WORLD, ...holes] } };
}
