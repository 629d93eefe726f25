// The rows on the page: which case is selected, what stands before what, pointer and marker.
import { now } from "../clock.js";
import { prepareDrawer } from "../drawer.js";
import { $, $$ } from "../page.js";
import { map } from "./map.js";

let current = new URL(location.href).searchParams.get("case");

export const list = () => $("#cases");
export const head = () => $("#head");
export const rowOf = (number) => document.getElementById(`case-${number}`);

/** The number of the selected case, or null. */
export const selected = () => current;

/** Rows as elements, out of a fragment's HTML. */
export function parse(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

/** What the map needs of a row. */
export function pointOf(row) {
  const { case: number, line, lon, lat, due } = row.dataset;
  return { number, line, lon: Number(lon) || 0, lat: Number(lat) || 0, isOver: due && Number(due) * 1000 < now() };
}

/** The same of a case by its number: from its row, else from the map. */
export function pointOfCase(number) {
  const row = number && rowOf(number);
  return row ? pointOf(row) : map.pointOf(number);
}

/** Select a case; answers its row where the list shows one. */
export function mark(number) {
  for (const row of $$(".case[aria-current]")) row.removeAttribute("aria-current");
  current = number;
  const row = number && rowOf(number);
  row?.setAttribute("aria-current", "true");
  return row;
}

/** The row `by` further down than the selected one, and the selected one's. */
export function rowAfter(by) {
  const rows = $$(".case");
  const here = rows.findIndex((row) => row.dataset.case === current);
  const place = here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + by));
  return [rows[place], rows[Math.max(0, here)]];
}

/** True where a row stands before another in the list's order. */
export function isBefore(row, other) {
  const [a, b] = [row.dataset, other.dataset];
  const due = (Number(a.due) || Infinity) - (Number(b.due) || Infinity) || 0;
  if (head().dataset.sort === "created") return Number(a.created) > Number(b.created);
  if (head().dataset.sort === "priority" && a.priority !== b.priority) return a.priority < b.priority;
  return due < 0;
}

/** The pointer on a row rings its marker, the pointer on a marker tints its row; near a row the drawer is made ready. */
export function followPointer() {
  $("#list").addEventListener("pointerover", ({ target }) => {
    const row = target.closest?.(".case");
    map.hover(row ? pointOf(row) : null);
    if (row) prepareDrawer();
  });
  $("#list").addEventListener("focusin", ({ target }) => target.closest?.(".case") && prepareDrawer());
  $("#list").addEventListener("pointerleave", () => map.hover(null));
  map.hovered = (number) => {
    for (const row of $$(".case.is-hovered")) if (row.dataset.case !== number) row.classList.remove("is-hovered");
    if (number) rowOf(number)?.classList.add("is-hovered");
  };
}
