// New work of one's own team: asked for by this door; bar, title and sound (bell.js) come with the first ring.
import { get, post } from "../api.js";
import { $ } from "../page.js";
import { gettext } from "../text.js";

const ASK_AFTER = 300;
const ASK_ANYWAY = 30000;
let sound = true;
let bell = null;
let open = () => {};
let turn = 0;

async function ask() {
  const mine = ++turn; // an answer that was overtaken says what is no longer so
  const answer = await get("/api/v1/queue/rings").catch(() => null);
  if (!answer || mine !== turn) return;
  sound = answer.sound;
  showSwitch();
  if (!bell && !answer.items.length) return;
  bell ??= await import("./bell.js").catch(() => null);
  if (mine === turn) bell?.ring(answer, { open, ask });
}

let asking = null;
function askSoon() {
  asking ??= setTimeout(() => {
    asking = null;
    ask();
  }, ASK_AFTER);
}

function showSwitch() {
  const chip = $("[data-sound]");
  if (!chip) return;
  chip.hidden = false;
  chip.setAttribute("aria-pressed", String(sound));
  chip.title = sound ? gettext("提示音已开，点击关闭") : gettext("提示音已关，点击打开");
  chip.setAttribute("aria-label", chip.title);
}

/** Listen for new work; `openCase` opens the drawer. */
export function listen(openCase) {
  open = openCase;
  for (const name of ["sx:event", "sx:reload"]) document.addEventListener(name, askSoon);
  document.addEventListener("sx:settled", () => bell?.drawAnew());
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-sound]")) post("/api/v1/queue/sound", { on: !sound }).then(ask, () => {});
  });
  setInterval(ask, ASK_ANYWAY);
  ask();
}
