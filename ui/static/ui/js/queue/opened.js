// The case in the drawer: list, map and address go along when one is opened, stepped to or closed.
import { explain, get } from "../api.js";
import { closeDrawer, isOpen, openDrawer } from "../drawer.js";
import { $, toast } from "../page.js";
import { gettext } from "../text.js";
import { map } from "./map.js";
import { pick } from "./picks.js";
import { mark, pointOf, pointOfCase, rowAfter, rowOf, selected } from "./rows.js";

const DRAWER_CLEARANCE = 420;
const NARROW = 900;
const TRANSFERS = ["sub_dispatch", "dispatch", "emergency_dispatch", "add_support", "request_return"];

function remember(number) {
  const url = new URL(location.href);
  if (number) url.searchParams.set("case", number);
  else url.searchParams.delete("case");
  history.replaceState(history.state, "", url);
}

function makeRoom() {
  document.body.classList.add("has-drawer");
  if (innerWidth > NARROW) map.keepClear([0, DRAWER_CLEARANCE, 0, 0]);
}

/** Open a case in the drawer. */
export async function open(number) {
  mark(number)?.scrollIntoView({ block: "nearest" });
  remember(number);
  map.remember();
  makeRoom();
  map.select(pointOfCase(number));
  try {
    await openDrawer(number);
  } catch (error) {
    close();
    toast(explain(error), { over: true, action: gettext("重试"), run: () => open(number) });
    return;
  }
  if (!map.selected) find(number);
}

/** A case that is neither in the list nor alone on the map: ask where it is. */
async function find(number) {
  const { location: place, line, due } = await get(`/api/v1/cases/${encodeURIComponent(number)}`).catch(() => ({}));
  if (place && number === selected()) map.select({ number, line, ...place, isOver: due?.state === "OVERDUE" });
}

/** Close the drawer; false where none was open. */
export function close() {
  if (!isOpen()) return false;
  closeDrawer();
  document.body.classList.remove("has-drawer");
  map.keepClear([0, 0, 0, 0]);
  map.comeBack();
  remember(null);
  rowOf(selected())?.querySelector("a").focus({ preventScroll: true });
  return true;
}

/** To the next row or the one before; with Shift it is ticked on the way. */
export function step(by, event) {
  const [next, here] = rowAfter(by);
  if (!next) return;
  if (event.shiftKey) pick([here, next], true);
  next.querySelector("a").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (isOpen()) open(next.dataset.case);
  else {
    mark(next.dataset.case);
    map.select(pointOf(next));
  }
}

/** T: pass the open case on, or send it back; false where it cannot be. */
export function transfer() {
  const button = TRANSFERS.map((move) => $(`#drawer [data-open-move="${move}"]`)).find(Boolean);
  if (!isOpen() || !button) return false;
  button.click();
  return true;
}

/** Back and forward: the drawer shows the case that the address names, or none. */
export function followAddress() {
  addEventListener("popstate", () => {
    const number = new URL(location.href).searchParams.get("case");
    if (number) open(number);
    else close();
  });
}

/** The page came with a case: its place is kept clear, then shown (`isDrawn`). */
export function arrive(isDrawn) {
  if (!selected()) return;
  if (!isDrawn) makeRoom();
  else {
    map.select(pointOfCase(selected()));
    if (!map.selected && $("#drawer [data-version]")) find(selected());
  }
}
