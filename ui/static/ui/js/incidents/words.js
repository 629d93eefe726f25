// An area incident in words: what and where, how many in how long.
import { fill, gettext } from "../text.js";

export function nameOf({ place, category }) {
  const isEnglish = document.documentElement.lang === "en" && category.name_en;
  return `${place} ${isEnglish ? category.name_en : category.name}`;
}

export function countOf({ voices, since, until }) {
  const minutes = Math.max(1, Math.ceil((Date.parse(until) - Date.parse(since)) / 60000));
  return fill(gettext("%(m)s 分钟内 %(n)s 位反映人"), { m: minutes, n: voices });
}
