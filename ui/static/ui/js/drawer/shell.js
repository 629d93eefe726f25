// Inside the drawer: opens a case, keeps it fresh without losing what is being written, closes layers.
import { ApiError, drawerAddress, explain, fragment } from "../api.js";
import { tick } from "../clock.js";
import { bind, isComposing } from "../keys.js";
import { $, $$, toast } from "../page.js";
import { gettext } from "../text.js";
import * as parts from "./parts.js";

const drawer = $("#drawer");
const SKELETON_AFTER = 300;
const REFRESH_AFTER = 250;
const SECOND_PRESS = 450;
const narrow = matchMedia("(max-width: 900px)");
let opened = "";

/** The drawer was closed: the page behind it is in reach again. */
export function closed() {
  setModal(false);
  opened = "";
}

/** Full screen on a phone: then it is a dialog and the page behind it is out of reach. */
function setModal(isModal) {
  const isSheet = isModal && narrow.matches;
  drawer.setAttribute("role", isSheet ? "dialog" : "region");
  drawer.toggleAttribute("aria-modal", isSheet);
  if (isSheet) drawer.setAttribute("aria-modal", "true");
  for (const other of $$("#list, .map-panel, .rail, header.top")) other.inert = isSheet;
  if (isSheet && !drawer.contains(document.activeElement)) drawer.focus({ preventScroll: true });
}

narrow.addEventListener("change", () => opened && setModal(true)); // a phone is turned

function skeleton() {
  drawer.replaceChildren($("#drawer-skeleton").content.cloneNode(true));
}

function showError(error, number) {
  drawer.innerHTML = `<div class="drawer-body"><p class="notice over" role="alert"></p><div class="row">
    <button type="button" class="btn" data-retry></button><button type="button" class="btn" data-drawer-close></button></div></div>`;
  const isGone = error instanceof ApiError && error.status === 404;
  $(".notice", drawer).textContent = isGone ? gettext("这件工单不在您的岗位范围内，或者不存在") : explain(error);
  $("[data-retry]", drawer).textContent = gettext("重试");
  $("[data-drawer-close]", drawer).textContent = gettext("关闭");
  $("[data-retry]", drawer).addEventListener("click", () => open(number));
}

function settle() {
  const title = $("#drawer-title", drawer);
  if (title) drawer.setAttribute("aria-labelledby", "drawer-title");
  tick(drawer);
  parts.settle(drawer);
}

/** Show a case; `early`: its words, where they were asked for before. */
export async function open(number, early = null) {
  const isSame = opened === number;
  opened = number;
  if (!isSame) setModal(true);
  const waiting = isSame ? 0 : setTimeout(skeleton, SKELETON_AFTER);
  try {
    const html = await (early || fragment(drawerAddress(number)));
    if (opened !== number || html === null) return;
    if (isSame) swap(html);
    else {
      drawer.innerHTML = html;
      settle();
    }
  } catch (error) {
    if (opened === number) showError(error, number);
  } finally {
    clearTimeout(waiting);
  }
}

/** New words of the same case; open forms, their text, the scroll and the focus stay. */
function swap(html) {
  const kept = parts.keep(drawer);
  drawer.innerHTML = html;
  parts.restore(drawer, kept);
  settle();
}

const standing = ({ dataset }) => [dataset.version, dataset.events].map(Number);

/** Another session changed the case, or a call was noted: show it as it is now; true where it did change. */
async function refresh() {
  const number = opened;
  if (!number || drawer.hidden) return false;
  const html = await fragment(drawerAddress(number));
  if (opened !== number || html === null) return false;
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const [fresh, head] = [$("[data-version]", holder.content), $("[data-version]", drawer)];
  if (!fresh || !head) return false;
  const [[version, events], [knownVersion, knownEvents]] = [standing(fresh), standing(head)];
  if (version < knownVersion || (version === knownVersion && events <= knownEvents)) return false;
  const isWriting = version > knownVersion && parts.isWriting(drawer);
  swap(html);
  if (isWriting) parts.complain(gettext("这件工单刚刚有了变化。您填的内容还在，请核对后再提交。"), { goOn: false });
  return true;
}

export function refreshDrawer(version) {
  const head = $("[data-version]", drawer);
  if (head && Number(head.dataset.version) >= version) return;
  refreshSoon();
}

let refreshing = 0;
function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => {
    if (parts.isComposingText(drawer)) refreshSoon();
    else refresh().catch(() => {});
  }, REFRESH_AFTER);
}

document.addEventListener("sx:event", ({ detail }) => {
  if (detail.case_no === opened) refreshSoon();
});

/** Let the page open another case; where no page listens, the drawer opens it alone. */
function showCase(number) {
  const asked = new CustomEvent("sx:open-case", { detail: { case_no: number }, cancelable: true });
  if (document.dispatchEvent(asked)) open(number);
}

let copiedAt = 0;
async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    toast(words);
  } catch {
    toast(gettext("浏览器不允许复制，请手动选择"), { over: true });
  }
}

/** "." copies the number, ".." the link. */
function copyNumber() {
  if (drawer.hidden || !opened) return false;
  const isSecond = Date.now() - copiedAt < SECOND_PRESS;
  copiedAt = Date.now();
  if (isSecond) copy(`${location.origin}/queue/?case=${encodeURIComponent(opened)}`, gettext("已复制链接"));
  else copy(opened, gettext("已复制编号"));
  return true;
}

bind({ ".": copyNumber });

drawer.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy],[data-open-case],[data-jump]");
  if (!target) return;
  if (target.dataset.copy) copyNumber();
  else if (target.dataset.jump) $(`#part-${target.dataset.jump}`, drawer)?.scrollIntoView({ block: "start" });
  else if (!event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    showCase(target.dataset.openCase);
  }
});

// Esc closes the topmost layer only: a list of choices, then a form, then the drawer
addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || isComposing(event) || drawer.hidden || $("dialog[open]")) return;
    if (!$(".list-box:not([hidden])", drawer) && parts.closeLayer(drawer)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  { capture: true },
);

/** A case that came with the page itself. */
export function adopt() {
  opened = $("[data-case]", drawer)?.dataset.case || "";
  setModal(true);
  settle();
}

export const isFilling = () => Boolean(parts.openForm(drawer));

parts.start(drawer, { reopen: open, show: showCase, refresh });
