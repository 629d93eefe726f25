// The operator's desk: a form for one call, its place and its twins; nothing that was typed is lost.
import { ApiError, explain, post } from "./api.js";
import { Combobox, highlight } from "./combobox.js";
import { search } from "./categories.js";
import { CategoryChips } from "./chips.js";
import { hms, now, timeLeft } from "./clock.js";
import { bind, isComposing } from "./keys.js";
import { CityMap } from "./map.js";
import { $, $$, toast } from "./page.js";
import { ownership, places, twins } from "./place.js";
import { elementsOf, localNow, parseTime } from "./record.js";
import { Shift } from "./shift.js";
import { escape, fill, gettext } from "./text.js";
import { Twins } from "./twins.js";

const DRAFT = "sx:desk:draft";
const DRAFT_EVERY_MS = 1000;
const RANGE_M = 300;
const TITLE_MOST = 40;
const RADAR_WAIT_MS = 400;
const REFRESH_MS = 1000;
const SUGGEST_WAIT_MS = 350;
const form = $("#form");
const map = new CityMap("map", { center: $("#map").dataset.center.split(",").map(Number), zoom: 13 }).withCaseTiles();
const shift = new Shift($("#done"));
const twinList = new Twins($("#twins"), () => {
  $("#merge").disabled = !twinList.chosen;
});

// what the form holds besides its inputs
let state = fresh();
let titleIsOurs = true;

function fresh() {
  return { key: crypto.randomUUID(), category: null, point: null };
}

window.sanxianMap = map;

// --- draft --------------------------------------------------------------------------------------

function values() {
  const data = {};
  for (const element of form.elements) {
    if (!element.name) continue;
    if (element.type === "checkbox") data[element.name] = element.checked;
    else if (element.type !== "radio" || element.checked) data[element.name] = element.value;
  }
  return data;
}

function saveDraft() {
  try {
    localStorage.setItem(DRAFT, JSON.stringify({ values: values(), state }));
    $("#draft-words").textContent = fill(gettext("草稿已于 %(time)s 存在本机"), { time: hms(now()) });
  } catch {
    $("#draft-words").textContent = gettext("草稿没有存住：本机存储已满");
  }
}

let saving = null;
function saveSoon() {
  clearTimeout(saving);
  saving = setTimeout(saveDraft, DRAFT_EVERY_MS);
}

function restore() {
  let draft = null;
  try {
    draft = JSON.parse(localStorage.getItem(DRAFT));
  } catch {
    localStorage.removeItem(DRAFT);
  }
  if (!draft) return;
  for (const [name, value] of Object.entries(draft.values)) {
    for (const element of $$(`[name="${name}"]`, form)) {
      if (element.type === "checkbox") element.checked = value;
      else if (element.type === "radio") element.checked = element.value === value;
      else element.value = value;
    }
  }
  state = { ...fresh(), ...draft.state };
  titleIsOurs = !$("#title").value;
  if (state.category) showCategory(state.category);
  if (state.point) putPin(state.point.lon, state.point.lat);
  if (draft.values.content) $("#draft-words").textContent = gettext("已恢复上次的草稿");
}

function clear() {
  clearTimeout(saving);
  localStorage.removeItem(DRAFT);
  form.reset();
  state = fresh();
  titleIsOurs = true;
  $("#category").value = "";
  $("#category-code").hidden = true;
  $("#occurred_at").value = localNow();
  chips.clear();
  map.clearPin();
  showOwnership(undefined);
  showTwins([]);
  markFields({});
  showError("");
  $("#draft-words").textContent = "";
  count();
  $("#content").focus();
}

// --- category -----------------------------------------------------------------------------------

function showCategory(category) {
  state.category = category;
  $("#category").value = category.parent_name ? `${category.parent_name} › ${category.label}` : category.label;
  $("#category-code").textContent = category.code;
  $("#category-code").hidden = false;
}

new Combobox($("#category"), $("#category-list"), {
  digits: true,
  find: search,
  draw: (item, query) =>
    `<span class="ell">${item.parent_name ? `${escape(item.parent_name)} › ` : ""}${highlight(item.label, query)}</span><span class="space"></span><span class="num muted">${escape(item.code)}</span>`,
  pick: (item) => choose(item, true),
});

function choose({ code, label, parent_name }, goOn) {
  showCategory({ code, label, parent_name });
  chips.mark(code);
  saveSoon();
  lookSoon();
  if (goOn) $("#address").focus();
}

const chips = new CategoryChips($("#category-chips"), $("#content"), choose);

$("#category").addEventListener("input", () => {
  state.category = null;
  $("#category-code").hidden = true;
});

// --- place --------------------------------------------------------------------------------------

function showOwnership(place) {
  const box = $("#ownership");
  box.classList.toggle("is-set", Boolean(place));
  box.classList.toggle("is-outside", place === null);
  const words = $("#ownership-words");
  if (place === undefined) words.textContent = gettext("选定地址或在地图上放图钉后，自动得出区、街道、社区和网格");
  else if (place === null) words.textContent = gettext("这个位置在本市范围之外，请核对");
  else {
    const names = [place.district_name, place.street_name, place.community_name].filter(Boolean).map(escape);
    const cell = place.cell_code ? `<i>›</i>${gettext("网格")} <span class="num">${escape(place.cell_code)}</span>` : "";
    words.innerHTML = names.join("<i>›</i>") + cell;
  }
  $("#located").hidden = !place;
  $("#located").className = "tag ok";
  $("#located").textContent = place ? gettext("已定位") : "";
}

async function putPin(lon, lat) {
  state.point = { lon, lat };
  map.setPin(lon, lat, putPin);
  map.setRange(lon, lat, RANGE_M);
  map.goTo(lon, lat, Math.max(map.view.getZoom(), 15.6));
  saveSoon();
  lookSoon();
  try {
    const place = await ownership(lon, lat);
    if (state.point?.lon === lon) showOwnership(place);
  } catch {
    if (state.point?.lon === lon) $("#ownership-words").textContent = gettext("归属没有查到，提交时由服务器判定");
  }
}

new Combobox($("#address"), $("#address-list"), {
  wait: 150,
  find: (query) => places(query).catch(() => []),
  draw: (item, query) =>
    `<span class="ell">${highlight(item.name, query)}</span><span class="space"></span><span class="small muted ell">${escape(item.address || item.district_name || "")}</span>`,
  pick: (item) => {
    $("#address").value = item.address && item.address !== item.name ? `${item.address} ${item.name}` : item.name;
    if (item.lon) putPin(item.lon, item.lat);
    saveSoon();
  },
});

// --- twins --------------------------------------------------------------------------------------

let looking = null;
function lookSoon() {
  clearTimeout(looking);
  looking = setTimeout(look, RADAR_WAIT_MS);
}

async function look() {
  if (!state.category || !state.point) {
    showTwins([]);
    return;
  }
  const { lon, lat } = state.point;
  try {
    showTwins(await twins({ lon, lat, category: state.category.code, text: $("#title").value || $("#content").value.slice(0, 80) }));
  } catch {
    $("#twins-blank").hidden = false;
    $("#twins-blank").textContent = gettext("疑似重复没有查到，可继续登记");
  }
}

function showTwins(found) {
  twinList.show(found);
  $("#twins-blank").hidden = found.length > 0;
  $("#twins-blank").textContent =
    state.category && state.point ? gettext("附近没有同类的在办工单。") : gettext("填好事项和地址后，这里列出附近同类的在办工单。");
  $("#twin-count").hidden = !found.length;
  $("#twin-count").textContent = found.length;
}

// --- submit -------------------------------------------------------------------------------------

function showError(text) {
  $("#form-error").textContent = text;
  $("#form-error").hidden = !text;
}

function markFields(fields) {
  for (const holder of $$("[data-field]", form)) {
    const name = holder.dataset.field;
    const why = fields[name] || (name === "address" && fields.location) || null;
    const box = $(".why", holder);
    if (box) {
      box.textContent = why ? why.join(" ") : "";
      box.hidden = !why;
    }
    for (const input of $$("input,textarea", holder)) {
      if (why) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    $(".input", holder)?.classList.toggle("bad", Boolean(why));
  }
  $("[aria-invalid]", form)?.focus();
}

function missing(data) {
  const needed = gettext("请填写");
  const found = {};
  if (!data.content.trim()) found.content = [needed];
  if (!data.title.trim()) found.title = [needed];
  if (!state.category) found.category = [gettext("请从列表中选择事项")];
  if (parseTime(data.occurred_at) === null) found.occurred_at = [gettext("请写成 2026-11-20 23:00 或 23:00")];
  return found;
}

function bodyOf(data, attachTo) {
  return {
    kind: data.kind,
    content: data.content.trim(),
    title: data.title.trim(),
    category: state.category.code,
    address: data.address.trim(),
    ...(state.point ? { location: { ...state.point, crs: "WGS84" } } : {}),
    ...(data.priority ? { priority: Number(data.priority) } : {}),
    ...(parseTime(data.occurred_at) ? { occurred_at: parseTime(data.occurred_at) } : {}),
    caller: { phone: data.phone.trim(), name: data.name.trim(), anonymous: data.anonymous, confidential: data.confidential },
    wants_reply: data.wants_reply,
    ...(attachTo ? { attach_to_case: attachTo } : {}),
    ...(chips.offered.length ? { suggested: chips.offered } : {}),
  };
}

let isSending = false;

async function submit(attachTo = "") {
  if (isSending || $("#receipt").open) return;
  const data = values();
  const gaps = missing(data);
  markFields(gaps);
  if (Object.keys(gaps).length) {
    showError(gettext("还有必填项没有填"));
    return;
  }
  isSending = true;
  showError("");
  $("#submit").disabled = true;
  saveDraft();
  try {
    // the key goes with the content: pressing twice, or again after a lost answer, makes one case
    const receipt = await post("/api/v1/hotline/tickets", bodyOf(data, attachTo), { "Idempotency-Key": `${state.key}${attachTo}` });
    showReceipt(receipt, data);
  } catch (error) {
    if (error instanceof ApiError && error.code === "IDEMPOTENCY_KEY_REUSED") state.key = crypto.randomUUID();
    const fields = error instanceof ApiError ? error.fields : {};
    markFields(fields);
    showError(explain(error));
  } finally {
    isSending = false;
    $("#submit").disabled = false;
  }
}

function showReceipt(receipt, data) {
  const isMerged = receipt.merged_into_existing;
  $("#receipt-title").textContent = isMerged ? gettext("已并入在办工单") : gettext("已登记");
  $("#receipt-no").textContent = receipt.case_no;
  $("#receipt-code").textContent = receipt.query_code;
  $("#receipt-intake").textContent = receipt.intake_no;
  const due = receipt.due?.due_at ? Date.parse(receipt.due.due_at) : 0;
  $("#receipt-due").textContent = due ? `${timeLeft(due / 1000, now())[1]}（${new Date(due).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" })}）` : gettext("无时限");
  $("#receipt-place").textContent = $("#ownership").classList.contains("is-set") ? $("#ownership-words").textContent : receipt.district;
  $("#receipt-open").href = `/queue/?case=${encodeURIComponent(receipt.case_no)}`;
  shift.add({ number: receipt.case_no, code: receipt.query_code, title: data.title, state: receipt.state, at: now() });
  $("#receipt").showModal();
  $("#receipt-next").focus();
}

function next() {
  $("#receipt").close();
  clear();
}

function showElements() {
  const text = $("#content").value;
  const tag = (kind, content) => `<span class="tag ${kind}">${content}</span>`;
  const [named, missing] = text.length < 6 ? [[], []] : elementsOf(`${text} ${$("#address").value}`);
  const lacking = missing.length ? tag("warn", `${gettext("还缺：")}${missing.join(" · ")}`) : "";
  $("#elements").innerHTML = named.map((name) => tag("ok", `✓ ${name}`)).join("") + lacking;
}

// --- wiring -------------------------------------------------------------------------------------

function count() {
  showElements();
  $("#title-count").textContent = `${[...$("#title").value].length}/${TITLE_MOST}`;
}

let suggesting = null;
function suggestSoon() {
  clearTimeout(suggesting);
  suggesting = setTimeout(suggestTitle, SUGGEST_WAIT_MS);
}

/** While nobody has touched the title, it is the first clause of the content. */
function suggestTitle() {
  clearTimeout(suggesting);
  const title = $("#title");
  if (!titleIsOurs) return;
  const first = $("#content").value.replace(/^(市民|来电人)?反映[:：,，]?\s*/, "").split(/[。；;\n!！?？]/)[0];
  title.value = [...first.trim()].slice(0, TITLE_MOST).join("");
  if (document.activeElement === title) title.select();
  count();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
});
$("#submit").addEventListener("click", () => submit());
form.addEventListener("keydown", (event) => {
  // Enter inside a field is never a submit: not while composing Chinese, not by accident
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.matches("input")) event.preventDefault();
});
form.addEventListener("input", ({ target }) => {
  if (target.id === "title") titleIsOurs = target.value === "";
  if (target.id === "content") suggestSoon();
  if (target.id === "title" || target.id === "content") lookSoon();
  count();
  saveSoon();
});
$("#clear").addEventListener("click", clear);
$("#merge").addEventListener("click", () => twinList.chosen && submit(twinList.chosen));
$("#receipt-next").addEventListener("click", next);
$("#receipt").addEventListener("cancel", (event) => {
  event.preventDefault();
  next();
});
$("#receipt").addEventListener("keydown", (event) => {
  if (isComposing(event) || event.repeat) event.preventDefault();
});
map.onPick(
  (number) => window.open(`/queue/?case=${encodeURIComponent(number)}`, "_blank"),
  ([lon, lat]) => putPin(lon, lat),
);
addEventListener("pagehide", () => saving && saveDraft());

bind({
  "Ctrl+Enter": () => submit(),
  "Ctrl+m": () => twinList.chosen && submit(twinList.chosen),
  "Ctrl+g": () => $("#map").focus(),
  "Alt+c": () => $("#category").focus(),
  "Alt+a": () => $("#address").focus(),
  "Ctrl+s": () => saveDraft(),
});

map.byKeyboard(putPin);

let refreshing = null;
document.addEventListener("sx:event", () => {
  refreshing ??= setTimeout(() => {
    refreshing = null;
    map.refreshCases();
    look();
  }, REFRESH_MS);
});

$("#occurred_at").value = localNow();
showOwnership(undefined);
restore();
count();
chips.soon();
