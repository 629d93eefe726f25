// Duplicates over the three lines: looked for when a case opens, seen side by side, joined and parted again.
import { ApiError, explain, fragment, get, post } from "../api.js";
import { $, toast } from "../page.js";
import { fill, gettext } from "../text.js";

const UNDO_S = 15;
let drawer = null;
let page = null;
let dialog = null;

const plain = (value) => encodeURIComponent(value);
const head = () => $("[data-version]", drawer)?.dataset || {};

async function look() {
  const holder = $("[data-twins]", drawer);
  if (!holder) return;
  try {
    const html = await fragment(holder.dataset.twins);
    if (!holder.isConnected || html === null) return;
    holder.innerHTML = html;
    const count = Number($("[data-count]", holder)?.dataset.count || 0);
    const number = $("[data-twin-count]", drawer);
    if (number) number.textContent = count || "";
  } catch (error) {
    holder.innerHTML = `<p class="small over-ink"></p><button type="button" class="btn sm" data-look-again></button>`;
    holder.firstChild.textContent = fill(gettext("疑似重复没有查到：%(why)s"), { why: explain(error) });
    holder.lastChild.textContent = gettext("重试");
  } finally {
    holder.removeAttribute("aria-busy");
  }
}

function failed(error) {
  toast(explain(error), { over: true, seconds: 8 });
  if (error instanceof ApiError && error.status === 409) page.refresh();
}

/** This case goes into the other one; a word in the toast takes it out again. */
async function merge(into, reason) {
  const { case: number, version } = head();
  try {
    await post(`/api/v1/cases/${plain(number)}/moves`, { move: "merge", version: Number(version), into, reason });
    dialog?.close();
    toast(fill(gettext("已并入 %(into)s"), { into }), { action: gettext("撤销"), run: () => unmerge(number), seconds: UNDO_S });
    page.show(into);
  } catch (error) {
    failed(error);
  }
}

/** The merged case comes out of its primary again, its clocks go on. */
async function unmerge(number) {
  try {
    const { version } = await get(`/api/v1/cases/${plain(number)}`);
    await post(`/api/v1/cases/${plain(number)}/moves`, { move: "unmerge", version, reason: gettext("撤销并案") });
    toast(fill(gettext("已撤销并案：%(number)s"), { number }));
    page.show(number);
  } catch (error) {
    failed(error);
  }
}

async function beside(number) {
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.className = "sheet beside";
    dialog.setAttribute("aria-labelledby", "beside-title");
    dialog.addEventListener("click", clicked);
    document.body.append(dialog);
  }
  try {
    const html = await fragment(`/queue/drawer/${plain(head().case)}/beside/${plain(number)}`);
    if (html === null) return;
    dialog.innerHTML = html;
    dialog.showModal();
  } catch (error) {
    failed(error);
  }
}

async function busy(button, work) {
  button.disabled = true;
  await work();
  button.disabled = false;
}

function clicked({ target }) {
  const button = target.closest("[data-merge],[data-unmerge],[data-beside],[data-look-again]");
  if (!button) return;
  const { merge: into, unmerge: merged, beside: other, reason, reasonFrom } = button.dataset;
  const why = reasonFrom ? document.getElementById(reasonFrom).value.trim() : reason;
  if (into) busy(button, () => merge(into, why || gettext("同一件事")));
  else if (merged) busy(button, () => unmerge(merged));
  else if (other) busy(button, () => beside(other));
  else look();
}

export function start(root, ways) {
  [drawer, page] = [root, ways];
  root.addEventListener("click", clicked);
}

export function settle() {
  look();
}
