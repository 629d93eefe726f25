// The list of likely duplicates: one of them may be chosen to take the voice; an area incident chooses itself.
import { $$ } from "./page.js";
import { whereAndWhen } from "./place.js";
import { escape, fill, gettext } from "./text.js";

const SEALS = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
const HIGH = 80;

/** What the caller may be told at once: the answer of the incident, or of what was closed lately. */
function told(twin) {
  const answer = twin.incident?.answer || twin.answer;
  if (twin.incident) {
    const words = answer ? `<span class="muted">${gettext("请告知来电人：")}</span>${escape(answer)}` : gettext("值班长没有写统一答复");
    return `<div class="told"><b>${gettext("区域性事件")}</b> ${words} <kbd>Ctrl M</kbd> ${gettext("并入")}</div>`;
  }
  if (!twin.closed_at) return "";
  return `<div class="small muted">${gettext("已办结，不能并入")}${answer ? ` · ${escape(answer)}` : ""}</div>`;
}

function draw(twin) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.dataset.case = twin.case_no;
  item.tabIndex = 0;
  if (twin.closed_at) item.setAttribute("aria-disabled", "true");
  const score = Math.round(twin.score * 100);
  item.innerHTML = `<span class="seal xs ${escape(twin.line)}" aria-hidden="true">${escape(SEALS[twin.line] || "")}</span>
    <div><div class="strong ell">${escape(twin.title || twin.case_no)}</div>
    <div class="small muted"><span class="num">${escape(twin.case_no)}</span> · ${whereAndWhen(twin)}</div>
    <div class="small ink2">${escape(twin.why.join(" · "))}</div></div><span class="num score ${score >= HIGH ? "high" : ""}">${score}%</span>${told(twin)}`;
  return item;
}

export class Twins {
  /** changed() hears when another twin, or none, is chosen. */
  constructor(list, changed) {
    Object.assign(this, { list, changed });
    this.clear();
    list.addEventListener("click", ({ target }) => this.choose(target.closest("li")));
    list.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.choose(event.target.closest("li"));
    });
  }

  /** As for a new call: nothing chosen, nothing refused. */
  clear() {
    this.chosen = this.refused = this.drawn = "";
    this.found = [];
  }

  show(found) {
    this.found = found;
    const open = found.filter((twin) => !twin.closed_at).map((twin) => twin.case_no);
    if (!open.includes(this.chosen)) this.chosen = "";
    const incident = found.find((twin) => twin.incident && twin.case_no !== this.refused);
    if (incident && !this.chosen) this.chosen = incident.case_no;
    const now = JSON.stringify(found);
    if (now !== this.drawn) this.list.replaceChildren(...found.map(draw));
    this.drawn = now;
    this.mark();
  }

  choose(item) {
    if (!item || item.hasAttribute("aria-disabled")) return;
    const number = item.dataset.case;
    this.refused = this.chosen === number ? number : "";
    this.chosen = this.chosen === number ? "" : number;
    this.mark();
  }

  /** What the callers of a case are told, where it is an area incident. */
  answerOf(number) {
    return this.found.find((twin) => twin.case_no === number)?.incident?.answer || "";
  }

  mark() {
    for (const item of $$("li", this.list)) item.setAttribute("aria-selected", String(item.dataset.case === this.chosen));
    this.changed();
  }
}
