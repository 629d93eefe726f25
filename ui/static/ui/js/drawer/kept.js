// What is being written outlives a new content of the drawer: values, photos, focus, scroll, open folds.
import { $, $$ } from "../page.js";
import { carry, photosIn } from "./pictures.js";

function keyOf(form) {
  return form.id || Object.values(form.dataset)[0];
}

function foldKey(fold) {
  return `${fold.className} ${fold.closest("[data-intake]")?.dataset.intake || ""}`;
}

function valuesOf(form) {
  const values = [];
  for (const element of form.elements) {
    if (!element.name || element.type === "file") continue;
    if (element.type === "radio" || element.type === "checkbox") {
      if (element.checked) values.push([element.name, element.value]);
    } else if (element.value !== "") values.push([element.name, element.value]);
  }
  return values;
}

export function fillIn(form, values) {
  for (const [name, value] of values) {
    for (const element of $$(`[name="${name}"]`, form)) {
      if (element.type === "radio" || element.type === "checkbox") element.checked ||= element.value === value;
      else element.value = value;
    }
  }
}

function complaintOf(drawer) {
  const box = $(".move-error:not([hidden])", drawer);
  return box && { text: $(".move-error-words", box).textContent, goOn: !$("[data-go-on]", box).hidden };
}

/** Everything of the drawer that a person did since it was loaded. */
export function keep(drawer) {
  const active = drawer.contains(document.activeElement) ? document.activeElement : null;
  return {
    scroll: $("#drawer-body", drawer)?.scrollTop || 0,
    forms: $$("form", drawer).map((form) => ({
      key: keyOf(form),
      isOpen: !form.hidden,
      values: valuesOf(form),
      photos: photosIn(form),
    })),
    folds: $$("details[open]", drawer).map(foldKey),
    focus: active?.id || "",
    caret: active && "selectionStart" in active ? active.selectionStart : null,
    hadFocus: Boolean(active),
    history: $("[data-history]:checked", drawer)?.value,
    complaint: complaintOf(drawer),
  };
}

export function restore(drawer, kept) {
  const forms = new Map($$("form", drawer).map((form) => [keyOf(form), form]));
  for (const old of kept.forms) {
    const form = forms.get(old.key);
    if (!form) {
      if (old.isOpen) showKept(drawer, old.values);
      continue;
    }
    if (form.matches(".move-form")) form.hidden = !old.isOpen;
    fillIn(form, old.values);
    carry(form, old.photos);
  }
  for (const fold of $$("details", drawer)) if (kept.folds.includes(foldKey(fold))) fold.open = true;
  const chosen = kept.history && $(`[data-history][value="${kept.history}"]`, drawer);
  if (chosen && !chosen.checked) chosen.click();
  $("#drawer-body", drawer).scrollTop = kept.scroll;
  const box = kept.complaint && $(".move-error", drawer);
  if (box) {
    box.hidden = false;
    $(".move-error-words", box).textContent = kept.complaint.text;
    $("[data-go-on]", box).hidden = !kept.complaint.goOn;
  }
  if (!kept.hadFocus) return;
  drawer.dispatchEvent(new CustomEvent("sx:restored"));
  const focus = kept.focus && document.getElementById(kept.focus);
  (focus || drawer).focus({ preventScroll: true });
  if (focus && kept.caret !== null && "setSelectionRange" in focus && focus.type !== "number") {
    try {
      focus.setSelectionRange(kept.caret, kept.caret);
    } catch {
      // a field of this type has no caret that could be set
    }
  }
}

/** The move is no longer possible: the words that were written for it stay readable and copyable. */
function showKept(drawer, values) {
  const text = values.map(([, value]) => value).filter((value) => value.length > 1).join("\n");
  const foot = $("#moves", drawer);
  if (!text || !foot) return;
  const box = document.createElement("div");
  box.className = "move-kept";
  box.dataset.kept = "";
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  foot.prepend(box);
}
