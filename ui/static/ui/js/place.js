// Where: look up an address, say whose ground a point is, look for open cases of the same kind near it.
import { get } from "./api.js";
import { fill, gettext } from "./text.js";

const plain = (value) => encodeURIComponent(value);

/** Suggestions for what is typed: [{name, address, lon, lat}]. */
export async function places(query, district = "") {
  const { items } = await get(`/api/v1/places?q=${plain(query)}${district && `&district=${district}`}`);
  return items.map((item) => ({ ...item, ...(item.location || {}) }));
}

/** The areas of a WGS84 point, or null outside the city. */
export async function ownership(lon, lat) {
  try {
    return await get(`/api/v1/locate?lon=${lon}&lat=${lat}&crs=WGS84`);
  } catch (error) {
    if (error.status === 404 || error.status === 422) return null;
    throw error;
  }
}

/** Open cases that may be the same thing, best first. */
export async function twins({ lon, lat, category, text }) {
  const { items } = await get(`/api/v1/radar?lon=${lon}&lat=${lat}&crs=WGS84&category=${plain(category)}&text=${plain(text)}`);
  return items;
}

const REASONS = {
  SAME_COMPONENT: gettext("同一部件"),
  NEAR: gettext("位置相近"),
  SAME_CATEGORY: gettext("同一事项"),
  SAME_FAMILY: gettext("同类事项"),
  RECENT: gettext("时间相近"),
  SIMILAR_TEXT: gettext("描述相似"),
};

export function reasonWords(reasons) {
  return reasons.map((reason) => REASONS[reason] || reason).join(" · ");
}

export function metres(distance) {
  return fill(gettext("%(n)s 米"), { n: Math.round(distance) });
}
