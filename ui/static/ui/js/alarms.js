// The page of alarms: a note is written once and shown in place of its form.
import { explain, post } from "./api.js";
import { toast } from "./page.js";
import { gettext } from "./text.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-note]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const why = form.querySelector(".why");
  button.disabled = true;
  why.textContent = "";
  try {
    const item = await post(`/api/v1/alarms/${form.dataset.note}/note`, { text: form.text.value });
    const note = document.createElement("p");
    note.className = "alarm-note";
    note.tabIndex = -1;
    note.textContent = `${item.note} · ${item.noted_by}`;
    form.replaceWith(note);
    note.focus();
    toast(gettext("已记录"));
  } catch (error) {
    why.textContent = explain(error);
    button.disabled = false;
  }
});
