// What every page does: toasts, the live dot, the help sheet, menus that close.
import "./clock.js";
import { hms } from "./clock.js";
import { start } from "./live.js";
import { gettext } from "./text.js";

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
  document.body.classList.toggle("is-stale", ["stale", "offline", "refused"].includes(detail.state));
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
