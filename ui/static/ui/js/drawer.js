// The drawer of one case: loads it, keeps it fresh, and makes the moves this user may make now.
import { ApiError, explain, fragment, post } from "./api.js";
import { shrink } from "./photos.js";
import { $, $$, toast } from "./page.js";
import { fill, gettext } from "./text.js";

const drawer = $("#drawer");
const SKELETON_AFTER = 300;
const REVEALED_FOR = 60000;
let opened = "";

export function isOpen() {
  return !drawer.hidden;
}

export function closeDrawer() {
  drawer.hidden = true;
  drawer.replaceChildren();
  opened = "";
}

function skeleton() {
  const lines = [60, 90, 40, 100, 80, 70].map((width) => `<span class="skeleton" style="width:${width}%"></span>`);
  drawer.innerHTML = `<div class="drawer-body" aria-busy="true">${lines.join("")}</div>`;
}

function showError(error, number) {
  drawer.innerHTML = `<div class="drawer-body"><p class="notice over" role="alert"></p><div class="row">
    <button type="button" class="btn" data-retry></button><button type="button" class="btn" data-drawer-close></button></div></div>`;
  const isGone = error instanceof ApiError && error.status === 404;
  $(".notice", drawer).textContent = isGone ? gettext("这件工单不在您的岗位范围内，或者不存在") : explain(error);
  $("[data-retry]", drawer).textContent = gettext("重试");
  $("[data-drawer-close]", drawer).textContent = gettext("关闭");
  $("[data-retry]", drawer).addEventListener("click", () => openDrawer(number));
}

export async function openDrawer(number) {
  const isSame = opened === number;
  opened = number;
  drawer.hidden = false;
  const waiting = isSame ? 0 : setTimeout(skeleton, SKELETON_AFTER);
  try {
    const html = await fragment(`/queue/drawer/${encodeURIComponent(number)}`);
    if (opened !== number || html === null) return;
    drawer.innerHTML = html;
  } catch (error) {
    if (opened === number) showError(error, number);
  } finally {
    clearTimeout(waiting);
  }
}

/** Another session changed the case: load it again, unless a form is being filled here. */
export async function refreshDrawer(version) {
  const head = $("[data-version]", drawer);
  if (head && Number(head.dataset.version) >= version) return;
  if ($(".move-form:not([hidden])", drawer)) {
    complain(gettext("这件工单刚刚有了变化。您填的内容还在，请核对后再提交。"));
    if (head) head.dataset.version = String(version);
    return;
  }
  await openDrawer(opened);
}

function complain(text) {
  const box = $(".move-error", drawer);
  if (!box) return;
  box.textContent = text;
  box.hidden = false;
}

function openForm(name) {
  for (const form of $$(".move-form", drawer)) form.hidden = form.dataset.move !== name;
  const form = $(`#move-${name}`, drawer);
  $("textarea,select,input", form)?.focus();
  form.scrollIntoView({ block: "nearest" });
}

/** E: the first move; its form where it needs one. */
export function primaryMove() {
  const button = $("[data-first]", drawer);
  if (!isOpen() || !button) return false;
  button.click();
  return true;
}

async function photosOf(form) {
  const ids = [];
  for (const input of $$("[data-photos]", form)) {
    for (const file of input.files) {
      const data = new FormData();
      data.append("file", (await shrink(file)).blob, "photo.jpg");
      ids.push((await post("/api/v1/attachments", data)).id);
    }
  }
  return ids;
}

async function bodyOf(form) {
  const body = {};
  for (const [name, value] of new FormData(form)) if (value !== "") body[name] = value;
  if ($("[data-photos]", form)) {
    const photos = await photosOf(form);
    if (photos.length) body.photos = photos;
  }
  return body;
}

function markFields(form, fields) {
  for (const holder of $$("[data-field]", form)) {
    const why = fields[holder.dataset.field];
    $(".why", holder).textContent = why ? why.join(" ") : "";
    $(".why", holder).hidden = !why;
    for (const input of $$("textarea,select,input", holder)) input.toggleAttribute("aria-invalid", Boolean(why));
  }
}

async function makeMove(form, button) {
  const missing = {};
  for (const input of $$("[required]", form)) {
    if (!input.checkValidity()) missing[input.closest("[data-field]").dataset.field] = [gettext("请填写")];
  }
  markFields(form, missing);
  if (Object.keys(missing).length) {
    $("[aria-invalid]", form).focus();
    return;
  }
  const { case: number, version } = $("[data-version]", drawer).dataset;
  button.disabled = true;
  try {
    const body = { move: form.dataset.move, version: Number(version), ...(await bodyOf(form)) };
    await post(`/api/v1/cases/${encodeURIComponent(number)}/moves`, body);
    form.hidden = true;
    toast(fill(gettext("已办理：%(number)s"), { number }));
    await openDrawer(number);
  } catch (error) {
    await refuse(error, form, number);
  } finally {
    button.disabled = false;
  }
  document.dispatchEvent(new CustomEvent("sx:moved", { detail: { case_no: number } }));
}

async function refuse(error, form, number) {
  if (error instanceof ApiError && error.status === 409) {
    await openDrawer(number);
    toast(error.message, { over: true, seconds: 8 });
    complain(error.message);
    return;
  }
  if (error instanceof ApiError) markFields(form, error.fields);
  complain(explain(error));
}

drawer.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-move]");
  if (opener?.closest("details")) opener.closest("details").open = false;
  if (event.target.closest("[data-move-cancel]")) event.target.closest("form").hidden = true;
  if (!opener) return;
  const form = $(`#move-${opener.dataset.openMove}`, drawer);
  if ("atOnce" in opener.dataset) makeMove(form, opener);
  else openForm(opener.dataset.openMove);
});

/** Show who called, for a stated purpose; the server writes it into the access log first. */
async function reveal(form) {
  const [why, shown] = [$(".why", form), $(".revealed", form)];
  why.hidden = true;
  try {
    const purpose = form.elements.purpose.value;
    const { name, phone } = await post(`/api/v1/intakes/${form.dataset.reveal}/reveal`, { purpose });
    shown.textContent = [name, phone].filter(Boolean).join(" ");
    shown.hidden = false;
    setTimeout(() => shown.replaceChildren(), REVEALED_FOR);
  } catch (error) {
    why.textContent = explain(error);
    why.hidden = false;
  }
}

drawer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.dataset.reveal) reveal(event.target);
  else makeMove(event.target, $("button.pri", event.target));
});

if (!drawer.hidden) opened = $("[data-case]", drawer)?.dataset.case || "";
