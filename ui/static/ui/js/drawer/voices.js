// Each voice for itself: a call back is noted down, an identity is looked at for a stated purpose.
import { explain, post } from "../api.js";
import { $, icon, toast } from "../page.js";
import { gettext } from "../text.js";

const REVEALED_FOR = 60000;
let page = null;

export function openForm(root) {
  return $(".callback[open] form", root);
}

function refuse(form, text) {
  const why = $(".why", form);
  why.textContent = text;
  why.hidden = !text;
}

/** A number to press: the telephone or the softphone of this machine dials it. */
function number(phone) {
  const link = document.createElement("a");
  link.href = `tel:${phone.replace(/[^+\d]/g, "")}`;
  link.className = "btn sm";
  link.innerHTML = icon("phone", "s");
  link.append(phone);
  link.title = gettext("拨打");
  return link;
}

/** Show who called, for a stated purpose; the server writes it into the access log first. */
async function reveal(form) {
  const shown = $(".revealed", form);
  refuse(form, "");
  try {
    const purpose = form.elements.purpose.value;
    const { name, phone } = await post(`/api/v1/intakes/${form.dataset.reveal}/reveal`, { purpose });
    shown.replaceChildren(...(name ? [name, " "] : []), ...(phone ? [number(phone)] : []));
    shown.hidden = false;
    setTimeout(() => shown.replaceChildren(), REVEALED_FOR);
  } catch (error) {
    refuse(form, explain(error));
  }
}

function answerOf(form) {
  const { solved, satisfaction, text } = Object.fromEntries(new FormData(form));
  return { solved: solved || "", satisfaction: solved === "UNREACHABLE" ? "" : satisfaction || "", text: (text || "").trim() };
}

function gapIn({ solved, text }) {
  if (!solved) return gettext("请选择回访结果");
  return solved === "NO" && !text ? gettext("未解决时请写明来电人的理由，或退回重办") : "";
}

async function note(form) {
  const answer = answerOf(form);
  refuse(form, gapIn(answer));
  if (gapIn(answer)) return;
  const button = $("button.pri", form);
  button.disabled = true;
  try {
    await post(`/api/v1/intakes/${form.dataset.callback}/callbacks`, answer);
    toast(answer.solved === "UNREACHABLE" ? gettext("已记一次未接通") : gettext("回访已登记"));
    form.closest("details").open = false;
    form.remove();
    await page.reopen($("[data-case]", $("#drawer")).dataset.case);
  } catch (error) {
    refuse(form, explain(error));
  } finally {
    button.disabled = false;
  }
}

export function start(drawer, ways) {
  page = ways;
  drawer.addEventListener("submit", (event) => {
    const { reveal: hidden, callback } = event.target.dataset;
    if (!hidden && !callback) return;
    event.preventDefault();
    if (hidden) reveal(event.target);
    else note(event.target);
  });
  drawer.addEventListener("change", ({ target }) => {
    const form = target.closest("[data-callback]");
    if (form && target.name === "solved") $("[data-answered]", form).hidden = target.value === "UNREACHABLE";
  });
}
