// The wall loads itself anew: every night, when the server's files changed, and when it has got stuck.
const TRY_EVERY = 30000;
const NIGHT = "03:30";
const YOUNG = 3600000;
const STUCK_AFTER = 180000;
const PANELS_STUCK_AFTER = 900000;

let wanted = "";
let tried = -Infinity;

/** Ask for a fresh page; it is loaded as soon as the server answers. */
export function wish(reason) {
  wanted ||= reason;
}

/** Load the page anew, but never into a browser's error page: that one would never come back. */
async function load() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.status >= 500) return;
  } catch {
    return;
  }
  console.info("the wall loads itself anew:", wanted);
  location.reload();
}

/** Once a second. `clock` is hh:mm of the city, ages are milliseconds since something was shown. */
export function watch({ clock, age, pulseAge, panelsAge }) {
  if (clock === NIGHT && age > YOUNG) wish("night");
  if (pulseAge > STUCK_AFTER) wish("no counters");
  if (panelsAge > PANELS_STUCK_AFTER) wish("no panels");
  if (!wanted || Date.now() - tried < TRY_EVERY) return;
  tried = Date.now();
  load();
}
