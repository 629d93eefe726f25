// Who is on duty near a case that somebody has to look at: a proposal, nobody is told off or bound.
import { get } from "../api.js";
import { duration, now } from "../clock.js";
import { $ } from "../page.js";
import { escape, fill, gettext } from "../text.js";

const KILOMETRE = 1000;

/** From the middle of an area by hundreds of metres only: more would be made up. */
function away({ distance_m: measured, exact }) {
  const metres = exact ? measured : Math.max(100, Math.round(measured / 100) * 100);
  const words = metres < KILOMETRE ? fill(gettext("%(n)s 米"), { n: metres }) : fill(gettext("%(n)s 公里"), { n: (metres / KILOMETRE).toFixed(1) });
  return exact ? words : fill(gettext("约 %(way)s（按网格中央）"), { way: words });
}

function since(at) {
  const seconds = (now() - Date.parse(at)) / KILOMETRE;
  return seconds < 60 ? gettext("刚刚") : fill(gettext("%(time)s前"), { time: duration(seconds) });
}

function row(item) {
  const when = item.placed_at ? ` · ${since(item.placed_at)}` : "";
  return `<li><b>${escape(item.name)}</b> <span>${escape(item.area)} · ${escape(away(item))}</span><small class="muted">${escape(when)}</small></li>`;
}

/** After each new content of the drawer. */
export async function settle(drawer) {
  const holder = $("[data-nearest]", drawer);
  if (!holder) return;
  try {
    const { items } = await get(`/api/v1/grid/on-duty/nearest?case_no=${encodeURIComponent(holder.dataset.nearest)}`);
    const list = items.length ? `<ol class="nearest">${items.map(row).join("")}</ol>` : `<span>${escape(gettext("现在没有在岗的"))}</span> `;
    holder.innerHTML = `${list}<small class="muted">${escape(gettext("仅供参考，任务对本片所有网格员开放"))}</small>`;
  } catch {
    holder.textContent = gettext("没有查到");
  } finally {
    holder.removeAttribute("aria-busy");
  }
}
