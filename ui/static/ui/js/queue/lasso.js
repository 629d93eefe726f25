// An outline drawn round cases on the map: all of them are ticked, also those the list does not show.
import { explain, get } from "../api.js";
import { toast } from "../page.js";
import { fill, gettext } from "../text.js";

const MOST_CORNERS = 60;
const NAMESPACE = "http://www.w3.org/2000/svg";
let off = null;

/** Turn the lasso on, or off again. */
export function toggleLasso(map, chip, query, pickCases) {
  if (off) {
    off();
    return;
  }
  const target = map.map.getTargetElement();
  const sheet = document.createElementNS(NAMESPACE, "svg");
  const line = document.createElementNS(NAMESPACE, "polygon");
  sheet.setAttribute("class", "lasso");
  sheet.append(line);
  target.append(sheet);
  chip.setAttribute("aria-pressed", "true");
  toast(gettext("在地图上按住鼠标圈出一片；按 Esc 取消"));
  let corners = null;
  const at = (event) => {
    const box = target.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const onKey = (event) => event.key === "Escape" && off?.();
  off = () => {
    off = null;
    sheet.remove();
    removeEventListener("keydown", onKey, true);
    chip.setAttribute("aria-pressed", "false");
  };
  addEventListener("keydown", onKey, true);
  sheet.addEventListener("pointerdown", (event) => {
    sheet.setPointerCapture(event.pointerId);
    corners = [at(event)];
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!corners) return;
    corners.push(at(event));
    line.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
  });
  sheet.addEventListener("pointerup", () => {
    const drawn = corners || [];
    off?.();
    if (drawn.length > 2) catchCases(map, drawn, query, pickCases);
  });
}

async function catchCases(map, drawn, query, pickCases) {
  const every = Math.ceil(drawn.length / MOST_CORNERS);
  const outline = map.degreesAt(drawn.filter((_corner, place) => place % every === 0));
  const lasso = outline.map(([lon, lat]) => `${lon.toFixed(6)},${lat.toFixed(6)}`).join(";");
  try {
    const { items } = await get(`/queue/clusters?${query}&lasso=${encodeURIComponent(lasso)}`);
    pickCases(items);
    const words = items.length < 200 ? gettext("圈中 %(n)s 件") : gettext("圈中很多，选了前 %(n)s 件");
    toast(fill(words, { n: items.length }));
  } catch (error) {
    toast(explain(error), { over: true });
  }
}
