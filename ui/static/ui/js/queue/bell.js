// The bell: bar, title and sound for new work until the first of the team has it. One tab sounds.
import { explain, post } from "../api.js";
import { $, icon, toast } from "../page.js";
import { fill, gettext } from "../text.js";

const BEAT = 500;
const BLINK = 1000;
const AGAIN = [4000, 20000, 60000, Infinity]; // milliseconds between two calls, P0 to P3
const TONES = [[[880, 0.16], [1175, 0.16], [880, 0.16], [1175, 0.28]], [[784, 0.18], [988, 0.26]], [[659, 0.24]], [[523, 0.2]]];
const MARKS = ["▲▲▲", "▲▲", "", ""];
const LOUD = /【[^】]*】/;
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
let rings = [];
let sound = true;
let page = { open() {}, ask() {} };
let audio = null;
let isOurs = !navigator.locks;
let calledAt = 0;
let heard = new Set();

/** Ring what the server says is unheard; `page`: `open` a case, `ask` anew. */
export function ring(answer, pageOfRings) {
  page = pageOfRings;
  rings = answer.items;
  sound = answer.sound;
  if (rings.some((one) => !heard.has(one.case_no))) calledAt = 0;
  heard = new Set(rings.map((one) => one.case_no));
  draw();
  if (rings.length && sound) wakeAudio();
}

/** The list was swapped, and the bar with it. */
export function drawAnew() {
  drawn = "";
  draw();
}

// --- sound

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

// --- bar and title

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
  const now = JSON.stringify([rings.map((one) => one.case_no), isSilent, sound]);
  if (!bar || (now === drawn && bar.hidden === !rings.length)) return;
  drawn = now;
  bar.hidden = !rings.length;
  bar.replaceChildren();
  blink();
  if (rings.length) fillBar(bar, isSilent);
}

function fillBar(bar, isSilent) {
  const [first] = rings;
  bar.dataset.priority = first.priority;
  bar.innerHTML = `${icon("bell-ringing", "s")}<span class="ring-words"><b class="ell"></b><span class="ell small"></span></span><span class="space"></span>`;
  $("b", bar).textContent = $("b", bar).title = words();
  $(".small", bar).textContent = `${gettext("新派给")} ${first.unit_name}`;
  if (isSilent) bar.append(control(gettext("打开声音"), wakeAudio));
  bar.append(control(gettext("打开"), () => page.open(first.case_no)));
  const got = control(rings.length > 1 ? gettext("都收到了") : gettext("收到了"), acknowledgeAll, "pri");
  const key = document.createElement("kbd");
  key.textContent = "A";
  got.append(" ", key);
  bar.append(got);
}

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
  const numbers = rings.map((one) => one.case_no);
  try {
    for (const number of numbers) await post(`/api/v1/queue/rings/${encodeURIComponent(number)}`, {});
  } catch (error) {
    toast(explain(error), { over: true });
  }
  page.ask();
}

function acknowledgeByKey(event) {
  const isTyping = event.target.matches?.("input:not([type=checkbox]),textarea,select,[contenteditable]");
  if (event.key.toLowerCase() !== "a" || event.ctrlKey || event.metaKey || event.altKey || isTyping || !rings.length) return;
  if (!$("dialog[open]")) acknowledgeAll();
}

for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, () => rings.length && sound && wakeAudio());
}
document.addEventListener("keydown", acknowledgeByKey);
setInterval(beat, BEAT);
