// Clusters that would cover each other, or a single case, give way by a few pixels; a single case stays where it is.
import { clusterRadius } from "../map.js";

const SEAL_PX = 12;
const GAP_PX = 3; // two rims of 2 pixels touch a little
const FARTHEST_PX = 18;
const ROUNDS = 14;

function place(feature, resolution) {
  const [x, y] = feature.getGeometry().getCoordinates().map((metre) => metre / resolution);
  const n = feature.get("n");
  return { feature, x, y, fromX: x, fromY: y, isFixed: n === 1, radius: n === 1 ? SEAL_PX : clusterRadius(n) };
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

/** The features of one picture, clusters moved apart; `resolution` in metres a pixel. */
export function spread(features, resolution) {
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
  return features;
}
