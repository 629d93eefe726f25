// Where labels and the pop-up stand on the map: nothing may cover another number.
const STEPS = [[0, 0], [0, -0.6], [0, 0.6], [0.55, 0], [-0.55, 0], [0, -1.1], [0, 1.1], [0.6, -0.7], [-0.6, -0.7], [0.6, 0.7], [-0.6, 0.7], [1.1, 0], [-1.1, 0], [1.1, -0.8], [-1.1, -0.8], [1.1, 0.8], [-1.1, 0.8], [0, -1.7], [0, 1.7], [0.6, -1.5], [-0.6, -1.5], [0.6, 1.5], [-0.6, 1.5], [1.2, -1.5], [-1.2, -1.5], [1.2, 1.5], [-1.2, 1.5]];
const SIDES = [[1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [1, -2], [-1, -2], [1, 2], [-1, 2], [1, -3], [-1, -3], [1, 3], [-1, 3], [2, 0], [-2, 0], [2, -1], [-2, -1], [2, 1], [-2, 1], [2, -2], [-2, -2], [2, 2], [-2, 2], [3, 0], [-3, 0], [3, -1], [-3, -1]];
const GAP = 2.3; // rem between the pop-up and its point

function common(one, other) {
  const wide = Math.min(one.w, other.w, (one.w + other.w) / 2 - Math.abs(one.x - other.x));
  const high = Math.min(one.h, other.h, (one.h + other.h) / 2 - Math.abs(one.y - other.y));
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** How much of a box lies on other boxes or outside the room, in square pixels. */
function cost(box, others, room) {
  const outside = box.w * box.h - common(box, room);
  return others.reduce((sum, other) => sum + common(box, other), outside * 20);
}

function cheapest(boxes, others, room) {
  let found = boxes[0];
  let least = Infinity;
  for (const box of boxes) {
    const asked = cost(box, others, room);
    if (asked < least) [found, least] = [box, asked];
    if (!asked) break;
  }
  return found;
}

/** Labels `{x, y, w, h, weight}` (middles, pixels) moved a little: none covers another or a pulse. */
export function spread(labels, pulses, room) {
  const placed = [];
  for (const label of [...labels].sort((a, b) => b.weight - a.weight)) {
    const boxes = STEPS.map(([dx, dy]) => ({ ...label, x: label.x + dx * label.w, y: label.y + dy * label.h }));
    placed.push(cheapest(boxes, [...pulses, ...placed], room));
  }
  return placed;
}

/** The pop-up near its point, where it covers the least. */
export function beside(pop, others, room, rem) {
  const boxes = SIDES.map(([side, down]) => ({
    ...pop,
    x: pop.x + side * (pop.w / 2 + GAP * rem),
    y: pop.y + down * (pop.h / 2 + 0.7 * rem),
  }));
  return cheapest(boxes, others, room);
}

/** The line from a box's edge to a point: `{x, y, length, turn}`, from the middle of the box. */
export function leader(box, point) {
  const [dx, dy] = [point.x - box.x, point.y - box.y];
  const part = Math.min(box.w / 2 / Math.abs(dx || 1e-6), box.h / 2 / Math.abs(dy || 1e-6), 1);
  return { x: dx * part, y: dy * part, length: Math.hypot(dx, dy) * (1 - part), turn: Math.atan2(dy, dx) };
}
