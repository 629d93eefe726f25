// One calm line for each area incident: what, where, how many in how long; a press opens its sheet.
import { button, element } from "../sheet.js";
import { $ } from "../page.js";
import { fill, gettext } from "../text.js";
import { acceptWord, countOf, nameOf } from "./words.js";

const MOST = 3;
let open = null;
let dressed = null;

/** The looks come with the first incident; without them the words would jump. */
function dress(href) {
  dressed ??= new Promise((resolve) => {
    document.head.append(element("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
  return dressed;
}

function line(incident, mayDecide, again) {
  const isOffer = incident.state === "OFFERED";
  const act = (kind) => async (event) => {
    const opener = event.currentTarget;
    open ??= (await import("./sheet.js")).openIncident;
    open(incident, { kind, mayDecide: mayDecide && (isOffer || kind === "answer"), again, opener });
  };
  const title = isOffer ? gettext("疑似区域性事件：%(name)s") : gettext("区域性事件：%(name)s");
  const acts = [button(gettext("查看"), act("see"), "sm")];
  if (mayDecide && isOffer) acts.push(button(acceptWord(incident), act("accept"), "sm pri"), button(gettext("不是"), act("dismiss"), "sm"));
  if (mayDecide && !isOffer) acts.push(button(gettext("更改答复"), act("answer"), "sm"));
  const words = element("span", { class: "incident-words" },
    element("b", {}, fill(title, { name: nameOf(incident) })), " · ", element("span", {}, isOffer ? countOf(incident) : incident.answer || gettext("没有统一答复")));
  return element("div", { class: isOffer ? "incident" : "incident is-accepted", "data-incident": incident.id, role: "group", "aria-label": nameOf(incident) }, words, element("span", { class: "row" }, ...acts));
}

/** Draw what the API says; nothing is drawn again where nothing has changed, so focus stays. */
export async function show({ items, may_decide: mayDecide }, again) {
  if ($("#incidents")) await dress($("#incidents").dataset.css);
  const box = $("#incidents");
  if (!box) return;
  const now = JSON.stringify([items, mayDecide]);
  if (box.dataset.drawn === now) return;
  box.dataset.drawn = now;
  const focused = document.activeElement?.closest?.("[data-incident]");
  const at = focused && [...focused.querySelectorAll("button")].indexOf(document.activeElement);
  const offersFirst = [...items].sort((a, b) => (b.state === "OFFERED") - (a.state === "OFFERED"));
  box.replaceChildren(...offersFirst.slice(0, MOST).map((one) => line(one, mayDecide, again)));
  if (items.length > MOST) box.append(element("p", { class: "small muted" }, fill(gettext("还有 %(n)s 处"), { n: items.length - MOST })));
  box.hidden = !items.length;
  if (focused) $(`[data-incident="${focused.dataset.incident}"]`, box)?.querySelectorAll("button")[at]?.focus();
}
