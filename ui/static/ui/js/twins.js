// The list of likely duplicates: one of them may be chosen to take the voice.
import { duration } from "./clock.js";
import { $$ } from "./page.js";
import { metres, reasonWords } from "./place.js";
import { escape, fill, gettext } from "./text.js";

const SEALS = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
const HIGH = 80;

function draw(twin) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.dataset.case = twin.case_no;
  item.tabIndex = 0;
  const score = Math.round(twin.score * 100);
  item.innerHTML = `<span class="seal xs ${escape(twin.line)}" aria-hidden="true">${escape(SEALS[twin.line] || "")}</span>
    <div><div class="strong ell">${escape(twin.title || twin.case_no)}</div>
    <div class="small muted"><span class="num">${escape(twin.case_no)}</span> · ${metres(twin.distance_m)} · ${fill(gettext("%(time)s前"), { time: duration(twin.age_s) })}</div>
    <div class="small ink2">${escape(reasonWords(twin.reasons))}</div></div><span class="num score ${score >= HIGH ? "high" : ""}">${score}%</span>`;
  return item;
}

export class Twins {
  /** changed() hears when another twin, or none, is chosen. */
  constructor(list, changed) {
    Object.assign(this, { list, changed });
    this.chosen = "";
    list.addEventListener("click", ({ target }) => this.choose(target.closest("li")));
    list.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.choose(event.target.closest("li"));
    });
  }

  show(found) {
    if (!found.some((twin) => twin.case_no === this.chosen)) this.chosen = "";
    this.list.replaceChildren(...found.map(draw));
    this.mark();
  }

  choose(item) {
    if (!item) return;
    this.chosen = this.chosen === item.dataset.case ? "" : item.dataset.case;
    this.mark();
  }

  mark() {
    for (const item of $$("li", this.list)) item.setAttribute("aria-selected", String(item.dataset.case === this.chosen));
    this.changed();
  }
}
