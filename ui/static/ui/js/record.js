// What a good record of a call holds: hints about its words, and times as operators type them.
import { now } from "./clock.js";
import { gettext } from "./text.js";

const CITY_OFFSET_MS = 8 * 3600e3; // Asia/Shanghai, no summer time

/** The city's time now, as the form shows it: 2026-11-20 23:00. */
export function localNow() {
  return new Date(now() + CITY_OFFSET_MS).toISOString().slice(0, 16).replace("T", " ");
}

/** The ISO time of "23:00", "11-20 23:00" or "2026-11-20 23:00" (city time); "" for none, null for nonsense. */
export function parseTime(text) {
  if (!text.trim()) return "";
  const found = text.trim().match(/^(?:(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2})\s+)?(\d{1,2})[:：](\d{2})$/);
  if (!found) return null;
  const [today, pad] = [localNow(), (part) => part.padStart(2, "0")];
  const [, year = today.slice(0, 4), month = today.slice(5, 7), day = today.slice(8, 10), hour, minute] = found;
  const iso = `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${minute}:00+08:00`;
  return Number.isNaN(Date.parse(iso)) ? null : iso;
}

const ELEMENTS = [
  [gettext("时间"), /\d+\s*[点时月日号天]|今天|昨|前天|凌晨|早上|上午|中午|下午|傍晚|晚|夜|连续|today|yesterday|\d:\d\d/i],
  [gettext("地点"), /路|街|巷|弄|里|号|幢|栋|小区|公寓|社区|公园|广场|学校|医院|门口|桥|站|road|street|no\./i],
  [gettext("诉求"), /要求|希望|请|建议|咨询|想|能否|尽快|please|wants|asks/i],
];

/** What a record names and what it lacks: [[names], [missing]]. A hint, never a barrier. */
export function elementsOf(words) {
  const [named, missing] = [[], []];
  for (const [name, sign] of ELEMENTS) (sign.test(words) ? named : missing).push(name);
  return [named, missing];
}

/** A report always hides who made it, as the server does: the form says so, and takes it back with the kind. */
export function hideReporter(box, kind) {
  if (kind === "REPORT" && !box.checked) {
    box.checked = true;
    box.dataset.byKind = "";
  } else if (kind !== "REPORT" && "byKind" in box.dataset) {
    box.checked = false;
    delete box.dataset.byKind;
  }
}
