// A dialog made by a script: a head with a close button, a body, buttons at its foot.
import { icon } from "./page.js";
import { gettext } from "./text.js";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function button(words, act, kind = "") {
  return element("button", { type: "button", class: `btn ${kind}`.trim(), onclick: act }, words);
}

/** Open a sheet; it goes when it is closed. Answers { dialog, body, foot }. */
export function openSheet(id, title) {
  document.getElementById(id)?.remove();
  const close = element("button", { type: "button", class: "btn text square", "data-close": true, "aria-label": gettext("关闭") });
  close.innerHTML = icon("x");
  const body = element("div", { class: "body" });
  const foot = element("div", { class: "sheet-foot" });
  const name = element("span", { id: `${id}-title` }, title);
  const top = element("div", { class: "head" }, name, element("span", { class: "space" }), close);
  const dialog = element("dialog", { class: "sheet", id, "aria-labelledby": `${id}-title` }, top, body, foot);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, body, foot };
}
