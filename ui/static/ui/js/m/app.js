// The inspector's phone: today's list, the report form, the outbox.
import { html, nothing, render } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { hms } from "../clock.js";
import { $, $$, icon, toast } from "../page.js";
import { stateRing } from "../shift.js";
import { fill, gettext } from "../text.js";
import { DutyButton } from "./duty.js";
import { Outbox } from "./outbox.js";
import { Report } from "./report.js";

const app = $("#app");
const SCREENS = ["today", "report", "mine"];
let held = [];

function raw(markup) {
  const holder = document.createElement("template");
  holder.innerHTML = markup;
  return holder.content;
}

const urls = new Map();
function thumbUrl({ uid, photos }) {
  const bytes = photos[0]?.thumb;
  if (!bytes) return "";
  if (!urls.has(uid)) urls.set(uid, URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })));
  return urls.get(uid);
}

function stateLine(record) {
  if (record.state === "received") return html`<p>${raw(stateRing(record.caseState))} · <span class="num">${record.receipt.case_no}</span></p>`;
  if (record.state === "sending") return html`<p>${raw(icon("cloud-upload", "s"))} ${gettext("正在上传")}</p>`;
  if (record.state === "refused") return html`<p class="why-words">${record.error}</p>`;
  const words = record.error || gettext("联网后自动上传");
  return html`<p class="wait-words">${raw(icon("clock", "s"))} ${words}${record.tries ? fill(gettext("，已试 %(n)s 次"), { n: record.tries }) : nothing}</p>`;
}

function actions(record) {
  if (record.state === "received" || record.state === "sending") return nothing;
  return html`<div class="two"><button type="button" class="btn danger" @click=${() => giveUp(record)}>${gettext("删除")}</button>
    <button type="button" class="btn" @click=${() => outbox.retry(record.uid)}>${gettext("立即重试")}</button></div>`;
}

function item(record) {
  const url = thumbUrl(record);
  return html`<article class="item ${record.state === "refused" ? "is-refused" : ""}" data-uid=${record.uid} data-state=${record.state}>
    <div class="thumb">${url ? html`<img src=${url} alt="">` : raw(icon("map-pin", "l"))}</div>
    <div><h3>${record.category.label}</h3><p>${record.place || ""} ${hms(record.savedAt).slice(0, 5)}${record.selfHandled ? ` · ${gettext("已自行处理")}` : ""}</p>${stateLine(record)}</div>
    ${actions(record)}</article>`;
}

function group(title, records) {
  if (!records.length) return nothing;
  return html`<section class="group"><h2 class="group-title">${title}</h2>${records.map(item)}</section>`;
}

function isToday(record) {
  return new Date(record.savedAt).toDateString() === new Date().toDateString();
}

function show(records) {
  held = records;
  const open = records.filter((record) => record.state !== "received");
  const received = records.filter((record) => record.state === "received");
  const refused = open.filter((record) => record.state === "refused");
  $("#count-waiting").textContent = open.length - refused.length;
  $("#count-refused").textContent = refused.length;
  $("#count-refused").classList.toggle("is-warn", refused.length > 0);
  $("#count-today").textContent = records.filter(isToday).length;
  render(
    records.length
      ? html`${group(gettext("待传"), open)}${group(gettext("已收到回执"), received)}`
      : html`<div class="blank">${raw(icon("camera-plus"))}<strong>${gettext("今天还没有上报")}</strong><p>${gettext("看到问题，点下面的相机。没有网络也能报。")}</p></div>`,
    $("#lists"),
  );
}

async function giveUp(record) {
  await outbox.remove(record.uid);
  toast(gettext("已删除一件未上传的上报"), { action: gettext("撤销"), run: () => outbox.put(record), seconds: 8 });
}

const outbox = new Outbox(app.dataset.user, show);
const report = new Report({
  center: app.dataset.center.split(",").map(Number),
  async send(finding) {
    await outbox.add(finding);
    go("today");
    toast(navigator.onLine ? gettext("已保存，正在上传") : gettext("已保存，联网后自动上传"));
  },
});

function go(name) {
  for (const screen of SCREENS) document.getElementById(screen).hidden = screen !== name;
  for (const button of $$(".tabs [data-go]")) {
    if (button.dataset.go === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  app.classList.toggle("is-reporting", name === "report");
  if (name === "report") report.open();
  else report.close();
  if (name === "mine") showStorage();
  if (location.hash !== `#${name}`) history.pushState(null, "", `#${name}`);
}

async function showStorage() {
  const { usage = 0 } = (await navigator.storage?.estimate?.()) || {};
  $("#storage").textContent = `${(usage / 1048576).toFixed(1)} MB`;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-go]");
  if (button) go(button.dataset.go);
});
addEventListener("popstate", () => go(SCREENS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "today"));
document.addEventListener("sx:event", ({ detail }) => outbox.hear(detail));
addEventListener("beforeunload", (event) => {
  if (held.some((record) => record.state === "sending")) event.preventDefault();
});

await outbox.tell();
navigator.storage?.persist?.();
outbox.drain();
new DutyButton(app.dataset.user);
if (location.hash === "#report") go("report");
