// Ticked cases: one, a range, what a lasso holds; and what is done with them all.
import { $, $$ } from "../page.js";
import { fill, gettext } from "../text.js";
import { rowOf } from "./rows.js";

const picked = new Map(); // number -> { case_no, version, title }
let lastPicked = null;

export const isPicked = (number) => picked.has(number);

/** Tick rows, or untick them. */
export function pick(rows, isOn) {
  for (const row of rows) {
    const { case: number, version } = row.dataset;
    $(".pick input", row).checked = isOn;
    row.classList.toggle("is-picked", isOn);
    if (isOn) picked.set(number, { case_no: number, version: Number(version), title: $(".title a", row).textContent });
    else picked.delete(number);
  }
  showPicked();
}

function showPicked() {
  const rows = $$(".case");
  $("#picked-words").textContent = picked.size ? fill(gettext("已选 %(n)s"), { n: picked.size }) : gettext("全选");
  $("#pick-all").checked = rows.length > 0 && rows.every((row) => picked.has(row.dataset.case));
  $("#pick-all").indeterminate = picked.size > 0 && !$("#pick-all").checked;
  for (const button of $$("[data-batch]")) button.disabled = !picked.size;
}

/** Tick all rows from the one ticked last to this one. */
export function pickRange(row, isOn) {
  const rows = $$(".case");
  const [from, to] = [rows.indexOf(lastPicked), rows.indexOf(row)].sort((a, b) => a - b);
  pick(from < 0 ? [row] : rows.slice(from, to + 1), isOn);
}

/** A click on a row's box; with Shift it means the range. */
export function clickPick(row, event) {
  if (event.shiftKey) pickRange(row, event.target.checked);
  else pick([row], event.target.checked);
  lastPicked = row;
}

/** Tick or untick a row by its key. */
export function togglePick(row) {
  pick([row], !picked.has(row.dataset.case));
  lastPicked = row;
}

/** The box under the list: all rows that are still one's own. */
export function pickAll(isOn) {
  pick($$(".case:not(.is-gone)"), isOn);
}

/** What a lasso holds: ticked in the list where it shows, and kept also where it does not. */
export function pickCases(cases) {
  for (const one of cases) picked.set(one.case_no, one);
  for (const row of $$(".case")) if (picked.has(row.dataset.case)) pick([row], true);
  showPicked();
}

/** Untick cases: those that are done, or all; false where nothing was ticked. */
export function unpick(numbers = [...picked.keys()]) {
  const hadAny = picked.size > 0;
  for (const number of numbers) {
    picked.delete(number);
    if (rowOf(number)) pick([rowOf(number)], false);
  }
  showPicked();
  return hadAny;
}

/** One move for all ticked cases; `askAbout` hears which of them to read anew. */
export async function batch(kind, askAbout) {
  const { startBatch } = await import("./batch.js");
  startBatch(kind, [...picked.values()], { unpick, askAbout });
}
