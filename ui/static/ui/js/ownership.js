// Whose ground the call is about, in words under the address: district, street, community, cell.
import { $ } from "./page.js";
import { escape, gettext } from "./text.js";

function wordsOf(place) {
  const names = [place.district_name, place.street_name, place.community_name].filter(Boolean).map(escape);
  const cell = place.cell_code ? `<i>›</i>${gettext("网格")} <span class="num">${escape(place.cell_code)}</span>` : "";
  return names.join("<i>›</i>") + cell;
}

/** A place, null for one outside the city, undefined for none yet. */
export function showOwnership(place) {
  const box = $("#ownership");
  box.classList.toggle("is-set", Boolean(place));
  box.classList.toggle("is-outside", place === null);
  const words = $("#ownership-words");
  if (place === undefined) words.textContent = gettext("选定地址或在地图上放图钉后，自动得出区、街道、社区和网格");
  else if (place === null) words.textContent = gettext("这个位置在本市范围之外，请核对");
  else words.innerHTML = wordsOf(place);
  $("#located").hidden = !place;
  $("#located").className = "tag ok";
  $("#located").textContent = place ? gettext("已定位") : "";
}

/** The words of a place that is known, else none. */
export function ownershipWords() {
  return $("#ownership").classList.contains("is-set") ? $("#ownership-words").textContent : "";
}
