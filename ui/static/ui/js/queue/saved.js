// Saved filters: keep the present one under a name, share it within a unit, pin, order, delete.
import { explain, get, send } from "../api.js";
import { element, openSheet } from "../sheet.js";
import { icon } from "../page.js";
import { gettext } from "../text.js";

/** The sheet of saved filters. `share`: the units one may share within, as "code=name;". */
export async function openSaved(query, share, reload) {
  const { dialog, body } = openSheet("saved-sheet", gettext("保存与管理筛选"));
  const list = element("ul", { class: "saved-list" });
  const why = element("p", { class: "why", role: "alert" });
  const name = element("input", { class: "input", id: "saved-name", maxlength: 30, required: true });
  const units = share.split(";").filter(Boolean).map((text) => text.split("="));
  const unit = element("select", { class: "input", id: "saved-unit" }, element("option", { value: "" }, gettext("只给自己")));
  for (const [code, words] of units) unit.append(element("option", { value: code }, `${gettext("共享给本单位")}：${words}`));
  const draw = async () => {
    const { items } = await get("/api/v1/queue/filters");
    const none = element("li", { class: "small muted" }, gettext("还没有保存的筛选。保存后放在列表上方，一按就到。"));
    list.replaceChildren(...(items.length ? items.map((one, place, all) => line(one, place, all, change)) : [none]));
  };
  const change = async (work) => {
    why.textContent = "";
    try {
      await work();
      await draw();
      reload();
    } catch (error) {
      why.textContent = explain(error);
    }
  };
  const keep = (event) => {
    event.preventDefault();
    change(() => send("POST", "/api/v1/queue/filters", { name: name.value, query, unit: unit.value }).then(() => (name.value = "")));
  };
  const form = element("form", { class: "filter-fields", onsubmit: keep },
    element("label", { class: "label", for: "saved-name" }, gettext("当前筛选另存为")), name,
    ...(units.length ? [element("label", { class: "label", for: "saved-unit" }, gettext("给谁用")), unit] : []),
    element("span"), element("button", { type: "submit", class: "btn pri" }, gettext("保存")));
  body.append(form, why, list);
  await draw().catch((error) => (why.textContent = explain(error)));
  if (dialog.isConnected) name.focus();
}

function small(picture, words, act, isOn) {
  const made = element("button", { type: "button", class: "btn sm square", "aria-label": words, title: words, "aria-pressed": isOn === undefined ? null : String(isOn), onclick: act });
  made.innerHTML = picture;
  return made;
}

function line(one, place, all, change) {
  const path = `/api/v1/queue/filters/${one.id}`;
  const ids = all.map((other) => other.id);
  const up = () => {
    [ids[place - 1], ids[place]] = [ids[place], ids[place - 1]];
    return change(() => send("POST", "/api/v1/queue/filters/order", { order: ids }));
  };
  const pin = () => change(() => send("PATCH", path, { pinned: !one.pinned }));
  const drop = () => change(() => send("DELETE", path));
  return element("li", { class: "row" },
    element("a", { class: "ell", href: `/queue/?${one.query}&view=f${one.id}` }, one.name),
    one.unit ? element("span", { class: "tag" }, gettext("单位共享")) : null, element("span", { class: "space" }),
    place ? small(icon("arrow-up", "s"), gettext("上移"), up) : null,
    small(icon("bookmark", "s"), gettext("放在列表上方"), pin, one.pinned),
    small(icon("x", "s"), gettext("删除"), drop));
}
