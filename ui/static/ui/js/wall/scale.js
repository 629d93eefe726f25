// How large the wall is drawn: one scale for everything, and which panels take turns.
// The wall is laid out for 1920 x 1080 at scale 1. A wider screen gets a wider map; a smaller one, or
// the "4 m mode" (?scale=1.5), keeps its letters large and lets panels take turns instead.
const WIDTH = 1920;
const HEIGHT = 1080;
const LEAST_WIDTH = 1700;
const LEAST_HEIGHT = 980;
const ULTRA_WIDTH = 3200;
const TURN_S = 20;

function wanted() {
  const query = new URLSearchParams(location.search);
  const scale = Number(query.get("scale"));
  const fitting = Math.min(innerWidth / WIDTH, innerHeight / HEIGHT);
  return Math.min(8, Math.max(1, scale > 0 ? scale : fitting));
}

function turnSeconds() {
  const given = new URLSearchParams(location.search).get("rotate");
  const seconds = given === null ? TURN_S : Number(given);
  return seconds > 0 ? Math.max(5, seconds) : 0;
}

function apply() {
  const scale = wanted();
  const isTight = innerWidth / scale < LEAST_WIDTH || innerHeight / scale < LEAST_HEIGHT;
  document.documentElement.style.setProperty("--k", scale.toFixed(4));
  document.body.classList.toggle("tight", isTight);
  document.body.classList.toggle("ultra", innerWidth / scale > ULTRA_WIDTH);
  return { scale, isTight };
}

function turn(step) {
  for (const group of document.querySelectorAll(".turn")) {
    const panels = [...group.children];
    panels.forEach((panel, n) => panel.classList.toggle("away", n !== step % panels.length));
  }
}

/** Fit the wall to its screen, now and whenever that changes; calls back with the scale. */
export function fit(changed) {
  let step = 0;
  turn(0);
  changed(apply());
  addEventListener("resize", () => changed(apply()));
  const seconds = turnSeconds();
  if (seconds) {
    setInterval(() => {
      step += 1;
      turn(step);
      document.dispatchEvent(new CustomEvent("sx:turned"));
    }, seconds * 1000);
  }
}
