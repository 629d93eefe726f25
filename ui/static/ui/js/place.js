// Where: look up an address, say whose ground a point is, look for open cases of the same kind near it.
import { get, post } from "./api.js";
import { duration } from "./clock.js";
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

/** Open cases that may be the same thing, best first, each with its reasons in words (`why`). */
export async function twins(probe) {
  const known = Object.entries(probe).filter(([, value]) => value !== undefined && value !== "");
  const { items } = await post("/api/v1/radar", Object.fromEntries(known));
  return items;
}

/** How far and since when, in words; without a distance where one of the two has no point. */
export function whereAndWhen({ distance_m: distance, age_s: age }) {
  const when = age < 60 ? gettext("刚刚") : fill(gettext("%(time)s前"), { time: duration(age) });
  return distance === null ? when : `${metres(distance)} · ${when}`;
}

function metres(distance) {
  return fill(gettext("%(n)s 米"), { n: Math.round(distance) });
}
