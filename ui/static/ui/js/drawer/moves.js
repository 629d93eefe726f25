// The moves: their forms, sending one, and what is said when somebody else was quicker.
import { ApiError, explain, post } from "../api.js";
import { isComposing } from "../keys.js";
import { $, $$, toast } from "../page.js";
import { fill, gettext } from "../text.js";
import { pickers } from "./pickers.js";
import { remove, send, take } from "./pictures.js";

let drawer = null;
let page = null;

export function openForm(root = drawer) {
  return $(".move-form:not([hidden])", root);
}

/** Say something above the moves; `goOn` offers to send the open form again by the new version. */
export function complain(text, { goOn = false } = {}) {
  const box = $(".move-error", drawer);
  if (!box) return;
  $(".move-error-words", box).textContent = text;
  $("[data-go-on]", box).hidden = !goOn;
  box.hidden = !text;
}

function open(name) {
  for (const form of $$(".move-form", drawer)) form.hidden = form.dataset.move !== name;
  const form = $(`#move-${name}`, drawer);
  pickers(form);
  complain("");
  $$("textarea,select,input,button[data-send]", form).find((element) => element.offsetParent && element.type !== "file")?.focus();
  form.scrollIntoView({ block: "nearest" });
}

/** Esc: the form is put away with its text, else the list of further moves; false where neither is open. */
export function closeLayer(root = drawer) {
  const form = openForm(root);
  const more = $(".more-moves[open]", root);
  if (form) {
    form.hidden = true;
    complain("");
    ($(`[data-open-move="${form.dataset.move}"]`, root) || root).focus({ preventScroll: true });
    if (document.activeElement === document.body) root.focus({ preventScroll: true });
  } else if (more) {
    more.open = false;
    $("summary", more).focus();
  }
  return Boolean(form || more);
}

async function bodyOf(form) {
  const body = {};
  for (const element of $$("[data-many]:checked", form)) (body[element.name] ??= []).push(element.value);
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value !== "" && !(name in body)) body[name] = value;
  }
  const photos = $("[data-photos]", form) ? await send(form) : [];
  if (photos.length) body.photos = photos;
  return body;
}

function markFields(form, fields) {
  for (const holder of $$("[data-field]", form)) {
    const why = fields[holder.dataset.field];
    $(".why", holder).textContent = why ? why.join(" ") : "";
    $(".why", holder).hidden = !why;
    for (const input of $$("textarea,select,input", holder)) {
      if (why) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
  $$("[aria-invalid]", form).find((element) => element.offsetParent)?.focus();
}

function missingIn(form) {
  const missing = {};
  for (const input of $$("[required]", form)) {
    const { field } = input.closest("[data-field]").dataset;
    if (!input.checkValidity() || (input.tagName === "TEXTAREA" && !input.value.trim())) {
      const isChosen = input.matches("select,[type=radio]");
      const blank = isChosen ? gettext("请选择") : gettext("请填写");
      missing[field] = [input.validity.valueMissing || !input.value.trim() ? blank : input.validationMessage];
    }
  }
  for (const holder of $$("[data-kind=voices],[data-kind=intakes]", form)) {
    if (!$(":checked", holder)) missing[holder.dataset.field] = [gettext("请至少选择一件")];
  }
  return missing;
}

function moved(number) {
  document.dispatchEvent(new CustomEvent("sx:moved", { detail: { case_no: number } }));
}

async function make(form, button) {
  const missing = missingIn(form);
  markFields(form, missing);
  if (Object.keys(missing).length) return;
  const { case: number, version } = $("[data-version]", drawer).dataset;
  button.disabled = true;
  complain("");
  try {
    const body = { move: form.dataset.move, version: Number(version), ...(await bodyOf(form)) };
    const answer = await post(`/api/v1/cases/${encodeURIComponent(number)}/moves`, body);
    form.hidden = true;
    form.remove();
    toast(fill(gettext("已办理：%(number)s"), { number }));
    document.dispatchEvent(new CustomEvent("sx:made", { detail: { case_no: number, move: body.move, into: body.into, answer } }));
    await page.reopen(number);
  } catch (error) {
    await refuse(error, form, number);
  } finally {
    button.disabled = false;
  }
  moved(number);
}

/** Somebody was first: show the case as it is now and who did what; the text that was written stays. */
async function refuse(error, form, number) {
  if (!(error instanceof ApiError) || error.status !== 409) {
    if (error instanceof ApiError) markFields(form, error.fields);
    complain(explain(error));
    return;
  }
  const name = form.dataset.move;
  const hadFields = Boolean($("[data-field]", form));
  await page.reopen(number);
  toast(error.message, { over: true, seconds: 8 });
  const isStillPossible = Boolean($(`#move-${name}`, drawer));
  if (isStillPossible && hadFields) open(name);
  complain(isStillPossible ? error.message : `${error.message}${gettext("这一步现在已不需要。")}`, { goOn: isStillPossible && hadFields });
}

function chooseUnit(button) {
  const select = $("select[name=unit]", button.closest("form"));
  select.value = button.dataset.chooseUnit;
  select.dispatchEvent(new Event("change"));
  $("[data-send]", select.form).focus();
}

function clicked(event) {
  const target = event.target;
  const alternative = target.closest("[data-choose-unit]");
  if (alternative) chooseUnit(alternative);
  const opener = target.closest("[data-open-move]");
  const chooser = target.closest("[data-open-form]");
  if (chooser) open(chooser.dataset.openForm);
  else if (opener) {
    const form = $(`#move-${opener.dataset.openMove}`, drawer);
    if ("atOnce" in opener.dataset) make(form, opener);
    else open(opener.dataset.openMove);
  } else if (target.closest("[data-move-cancel]")) closeLayer();
  else if (target.closest("[data-go-on]")) $("[data-send]", openForm())?.click();
  else if (target.closest("[data-remove-photo]")) {
    remove(target.closest("form"), Number(target.closest("[data-remove-photo]").dataset.removePhoto));
  }
}

function pressed(event) {
  if (event.key !== "Enter" || !event.target.closest?.(".move-form")) return;
  // Enter in a field never sends: not while a word is composed, not by accident; Ctrl+Enter does
  if (isComposing(event)) return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    $("[data-send]", event.target.closest("form")).click();
  } else if (event.target.matches("input")) event.preventDefault();
}

export function start(root, ways) {
  [drawer, page] = [root, ways];
  root.addEventListener("click", clicked);
  root.addEventListener("keydown", pressed);
  root.addEventListener("sx:restored", () => openForm() && pickers(openForm()));
  root.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-photos]")) return;
    take(target.form, target.files);
    target.value = "";
  });
  root.addEventListener("submit", (event) => {
    if (!event.target.matches(".move-form")) return;
    event.preventDefault();
    make(event.target, $("[data-send]", event.target));
  });
}

export function settle(root) {
  const form = openForm(root);
  if (form) pickers(form);
}
