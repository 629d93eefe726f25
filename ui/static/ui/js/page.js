// What every page does: toasts, the live dot, the help sheet, menus that close.
import "./clock.js";
import { hms } from "./clock.js";
import { start } from "./live.js";
import { fill, gettext } from "./text.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export function icon(name, size = "") {
  return `<svg class="ic ${size}" aria-hidden="true"><use href="${document.documentElement.dataset.icons}#${name}"/></svg>`;
}

export function toast(text, { over = false, action = "", run = null, seconds = 5 } = {}) {
  const element = document.createElement("div");
  element.className = over ? "toast over" : "toast";
  element.append(text);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action;
    button.addEventListener("click", () => {
      element.remove();
      run();
    });
    element.append(button);
  }
  $("#toasts").append(element);
  setTimeout(() => element.remove(), seconds * 1000);
}

const WORDS = {
  connecting: gettext("正在连接"),
  live: gettext("实时连接"),
  polling: gettext("轮询中 · 数据截至"),
  reconnecting: gettext("重连中 · 数据截至"),
  stale: gettext("数据可能过时 · 截至"),
  offline: gettext("已断开 · 数据截至"),
  refused: gettext("连接被拒绝 · 数据截至"),
};

document.addEventListener("sx:link", ({ detail }) => {
  const dot = $("#live");
  dot.dataset.state = detail.state;
  $("[data-live-words]", dot).textContent = WORDS[detail.state];
  $("[data-live-clock]", dot).textContent = detail.asOf ? hms(detail.asOf) : "";
  document.body.classList.toggle("is-stale", detail.isOld || ["stale", "offline", "refused"].includes(detail.state));
  refused(detail);
});

/** The right to watch is gone: a page that went on as if nothing were would lie. */
function refused({ state, code }) {
  const old = $("#refused");
  if (state !== "refused") old?.remove();
  else if (!old) {
    const words = code === 4401 ? gettext("登录已失效，数据不再更新。") : gettext("您的岗位有变动，这个区的数据不再更新。");
    toast(words, { over: true, action: gettext("重新载入"), run: () => location.reload(), seconds: 86400 });
    $("#toasts").lastElementChild.id = "refused";
  }
}

let missedFor = null;
document.addEventListener("sx:missed", ({ detail }) => {
  const note = $("[data-live-missed]");
  if (!note) return;
  note.textContent = fill(gettext("补收 %(n)s 条"), { n: detail.count });
  note.hidden = false;
  clearTimeout(missedFor);
  missedFor = setTimeout(() => (note.hidden = true), 8000);
});

document.addEventListener("click", (event) => {
  for (const menu of $$("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const opener = event.target.closest?.("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest?.("[data-close]")) event.target.closest("dialog").close();
});

start($("#live"));
