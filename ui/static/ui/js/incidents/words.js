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

/** Many cases are made one; where the voices have joined one already, there is only to confirm it. */
export function acceptWord({ cases }) {
  return cases.length > 1 ? gettext("合为一件") : gettext("确认");
}
