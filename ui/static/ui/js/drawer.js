// The door of the drawer: what is inside (drawer/*.js and its looks) is fetched with the first case.
import { drawerAddress, fragment } from "./api.js";
import { $ } from "./page.js";

const HEARD_LATER = "[data-open-move],[data-open-form],[data-unmerge],[data-photo],[data-overlay]";
const drawer = $("#drawer");
let shell = null;
let ready = null;

function dress() {
  if ($("[data-drawer-css]")) return null;
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: drawer.dataset.css });
  link.dataset.drawerCss = "";
  const arrived = new Promise((resolve) => {
    for (const name of ["load", "error"]) link.addEventListener(name, resolve);
  });
  document.head.append(link);
  return arrived;
}

function load() {
  ready ??= Promise.all([import("./drawer/shell.js"), dress()]).then(([module]) => {
    shell = module;
    return module;
  });
  ready.catch(() => {
    ready = null;
  });
  return ready;
}

export function isOpen() {
  return !drawer.hidden;
}

export function closeDrawer() {
  drawer.hidden = true;
  drawer.replaceChildren();
  shell?.closed();
}

/** Fetch what is inside before the first case is asked for: when the pointer or the focus comes near one. */
export function prepareDrawer() {
  load().catch(() => {});
}

/** Open a case; the first one's words come beside the parts. Rejects where the parts cannot be fetched. */
export async function openDrawer(number) {
  drawer.hidden = false;
  let early = null;
  if (!shell) {
    drawer.replaceChildren($("#drawer-skeleton").content.cloneNode(true));
    early = fragment(drawerAddress(number));
    early.catch(() => {}); // what is inside awaits it too, and says what went wrong
  }
  const inside = await load();
  if (!drawer.hidden) await inside.open(number, early);
}

export async function refreshDrawer(version) {
  shell?.refreshDrawer(version);
}

/** E: the first move; its form where it needs one. */
export function primaryMove() {
  const button = $("[data-first]", drawer);
  if (drawer.hidden || !button || shell?.isFilling()) return false;
  button.click();
  return true;
}

/** Who presses before the parts are there is not overheard: the press is made again then. */
drawer.addEventListener("click", (event) => {
  const early = shell ? null : event.target.closest(HEARD_LATER);
  if (!early) return;
  event.preventDefault();
  load().then(() => early.isConnected && early.click());
});

if (!drawer.hidden) load().then((inside) => inside.adopt());
