// The operator's desk: a form for one call, its place and its twins; nothing that was typed is lost.
import { ApiError, explain, post } from "./api.js";
import { Combobox, highlight } from "./combobox.js";
import { search } from "./categories.js";
import { CategoryChips } from "./chips.js";
import { hms, now } from "./clock.js";
import { bind } from "./keys.js";
import { CityMap } from "./map.js";
import { $, $$, toast } from "./page.js";
import { ownershipWords, showOwnership } from "./ownership.js";
import { ownership, places, twins } from "./place.js";
import { Receipt } from "./receipt.js";
import { elementsOf, hideReporter, localNow, parseTime } from "./record.js";
import { Shift } from "./shift.js";
import { escape, fill, gettext } from "./text.js";
import { Twins } from "./twins.js";

const DRAFT = "sx:desk:draft";
const DRAFT_EVERY_MS = 1000;
const RANGE_M = 300;
const TITLE_MOST = 40;
const RADAR_WAIT_MS = 400;
const REFRESH_MS = 1000;
const PHONE_DIGITS = 7;
const LOOKED_BY = ["kind", "title", "content", "address", "phone", "anonymous", "confidential"];
const SUGGEST_WAIT_MS = 350;
const form = $("#form");
const map = new CityMap("map", { center: $("#map").dataset.center.split(",").map(Number), zoom: 13 }).withCaseTiles();
const shift = new Shift($("#done"));
const receiptSheet = new Receipt($("#receipt"), clear);
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
  delete form.elements.confidential.dataset.byKind;
  state = fresh();
  titleIsOurs = true;
  $("#category").value = "";
  $("#category-code").hidden = true;
  $("#occurred_at").value = localNow();
  chips.clear();
  map.clearPin();
  showOwnership(undefined);
  clearTimeout(looking);
  asked += 1;
  twinList.clear();
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

let asked = 0;

/** Duplicates are looked for by point, by the names in the address, and by who calls. */
async function look() {
  asked += 1;
  const mine = asked;
  const probe = probeOf(values());
  if (!probe) {
    showTwins([]);
    return;
  }
  try {
    const found = await twins(probe);
    if (mine === asked) showTwins(found);
  } catch {
    if (mine !== asked) return;
    $("#twins-blank").hidden = false;
    $("#twins-blank").textContent = gettext("疑似重复没有查到，可继续登记");
  }
}

function probeOf(data) {
  const isKnown = !data.anonymous && !data.confidential && data.phone.replace(/\D/g, "").length >= PHONE_DIGITS;
  const phone = isKnown ? data.phone.trim() : "";
  const address = data.address.trim();
  if (!phone && !(state.category && (state.point || address))) return null;
  return { ...state.point, category: state.category?.code, address, phone, text: data.title || data.content.slice(0, 80) };
}

function showTwins(found) {
  twinList.show(found);
  $("#twins-blank").hidden = found.length > 0;
  $("#twins-blank").textContent =
    probeOf(values()) ? gettext("附近没有同类的在办工单。") : gettext("填好事项和地址后，这里列出附近同类的在办工单。");
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
  if (isSending || receiptSheet.isOpen) return;
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
    showReceipt(receipt, data, attachTo);
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

function showReceipt(receipt, data, attachTo) {
  shift.add({ number: receipt.case_no, code: receipt.query_code, title: data.title, state: receipt.state, at: now() });
  receiptSheet.show(receipt, ownershipWords(), twinList.answerOf(attachTo));
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
  if (target.name === "kind") hideReporter(form.elements.confidential, target.value);
  if (LOOKED_BY.includes(target.name)) lookSoon();
  count();
  saveSoon();
});
$("#clear").addEventListener("click", clear);
$("#merge").addEventListener("click", () => twinList.chosen && submit(twinList.chosen));
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
