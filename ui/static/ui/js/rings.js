// New work of one's own team: bar, title and sound until the first of it has heard. One tab sounds.
import { explain, get, post } from "./api.js";
import { $, icon, toast } from "./page.js";
import { fill, gettext } from "./text.js";

const ASK_AFTER = 300;
const ASK_ANYWAY = 30000;
const BLINK = 1000;
const AGAIN = [4000, 20000, 60000, Infinity]; // milliseconds between two calls, P0 to P3
const TONES = [[[880, 0.16], [1175, 0.16], [880, 0.16], [1175, 0.28]], [[784, 0.18], [988, 0.26]], [[659, 0.24]], [[523, 0.2]]];
const MARKS = ["▲▲▲", "▲▲", "", ""];
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
let rings = [];
let sound = true;
let audio = null;
let isOurs = !navigator.locks;
let calledAt = 0;
let heard = new Set();

let turn = 0;
async function ask() {
  const mine = ++turn; // an answer that was overtaken says what is no longer so
  let answer;
  try {
    answer = await get("/api/v1/queue/rings");
  } catch {
    return;
  }
  if (mine !== turn) return;
  rings = answer.items;
  sound = answer.sound;
  if (rings.some((ring) => !heard.has(ring.case_no))) calledAt = 0;
  heard = new Set(rings.map((ring) => ring.case_no));
  draw();
  if (rings.length && sound) wakeAudio();
}

let asking = null;
function askSoon() {
  asking ??= setTimeout(() => {
    asking = null;
    ask();
  }, ASK_AFTER);
}

function wakeAudio() {
  audio ??= new AudioContext();
  if (audio.state === "running") takeOver();
  else audio.resume().then(takeOver, () => {});
}

/** Of all tabs that may sound, the one with the lock does. */
function takeOver() {
  draw();
  if (isOurs || takeOver.asked) return;
  takeOver.asked = true;
  navigator.locks.request(`sx-sound-${$("#list").dataset.person}`, () => {
    isOurs = true;
    return new Promise(() => {});
  });
}

function call(priority) {
  let at = audio.currentTime + 0.02;
  for (const [pitch, seconds] of TONES[priority]) {
    const tone = audio.createOscillator();
    const loud = audio.createGain();
    tone.frequency.value = pitch;
    tone.type = priority === 0 ? "square" : "sine";
    loud.gain.setValueAtTime(priority === 0 ? 0.12 : 0.2, at);
    loud.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    tone.connect(loud).connect(audio.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds;
  }
}

function beat() {
  if (!rings.length || !sound || !isOurs || audio?.state !== "running") return;
  const { priority } = rings[0];
  if (Date.now() - calledAt < AGAIN[priority]) return;
  if (calledAt && AGAIN[priority] === Infinity) return;
  calledAt = Date.now();
  call(priority);
}

function words() {
  const [first] = rings;
  const mark = MARKS[first.priority] ? `${MARKS[first.priority]} ` : "";
  const rest = rings.length > 1 ? fill(gettext("，共 %(n)s 件"), { n: rings.length }) : "";
  return `${mark}${first.title}${rest}`;
}

function control(label, act, kind = "") {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `btn sm ${kind}`;
  made.append(label);
  made.addEventListener("click", act);
  return made;
}

let drawn = "";
function draw() {
  const bar = $("#rings");
  const isSilent = sound && (!audio || audio.state !== "running");
  const now = JSON.stringify([rings.map((ring) => ring.case_no), isSilent, sound]);
  showSwitch();
  if (now === drawn && bar.hidden === !rings.length) return;
  drawn = now;
  bar.hidden = !rings.length;
  bar.replaceChildren();
  blink();
  if (!rings.length) return;
  bar.dataset.priority = rings[0].priority;
  const text = document.createElement("span");
  text.className = "ell";
  text.title = text.textContent = `${gettext("新派给")} ${rings[0].unit_name}：${words()}`;
  bar.innerHTML = icon("bell-ringing", "s");
  const space = document.createElement("span");
  space.className = "space";
  bar.append(text, space);
  if (isSilent) bar.append(control(gettext("打开声音"), wakeAudio));
  bar.append(control(gettext("打开"), () => open(rings[0].case_no)));
  const got = control(rings.length > 1 ? gettext("都收到了") : gettext("收到了"), acknowledgeAll, "pri");
  const key = document.createElement("kbd");
  key.textContent = "A";
  got.append(" ", key);
  bar.append(got);
}

const LOUD = /【[^】]*】/;
let blinking = null;
function blink() {
  clearInterval(blinking);
  document.title = document.title.replace(LOUD, "");
  if (!rings.length) return;
  const change = () => {
    const isLoud = LOUD.test(document.title);
    document.title = isLoud ? document.title.replace(LOUD, "") : `【${fill(gettext("新派 %(n)s 件"), { n: rings.length })}】${document.title}`;
  };
  change();
  if (!isCalm.matches) blinking = setInterval(change, BLINK);
}

async function acknowledgeAll() {
  const numbers = rings.map((ring) => ring.case_no);
  try {
    for (const number of numbers) await post(`/api/v1/queue/rings/${encodeURIComponent(number)}`, {});
  } catch (error) {
    toast(explain(error), { over: true });
  }
  ask();
}

function showSwitch() {
  const chip = $("[data-sound]");
  if (!chip) return;
  chip.hidden = false;
  chip.setAttribute("aria-pressed", String(sound));
  chip.title = sound ? gettext("提示音已开，点击关闭") : gettext("提示音已关，点击打开");
  chip.setAttribute("aria-label", chip.title);
}

let open = () => {};

/** Listen for new work; `openCase` opens the drawer. */
export function listen(openCase) {
  open = openCase;
  document.addEventListener("sx:event", askSoon);
  document.addEventListener("sx:reload", askSoon);
  document.addEventListener("sx:settled", () => {
    drawn = "";
    draw();
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-sound]")) post("/api/v1/queue/sound", { on: !sound }).then(ask, () => {});
  });
  for (const touch of ["pointerdown", "keydown"]) {
    document.addEventListener(touch, () => rings.length && sound && wakeAudio());
  }
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches?.("input:not([type=checkbox]),textarea,select,[contenteditable]");
    if (event.key.toLowerCase() !== "a" || event.ctrlKey || event.metaKey || event.altKey || isTyping || !rings.length) return;
    if (!$("dialog[open]")) acknowledgeAll();
  });
  setInterval(beat, 500);
  setInterval(ask, ASK_ANYWAY);
  ask();
}
