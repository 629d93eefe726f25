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
