// Where the phone is: the best fix while the form is open, or a pin set by hand.
const GOOD_M = 20;
const FAIR_M = 50;
const PIN_NEEDED_M = 200;

export class Position {
  constructor(changed) {
    this.changed = changed;
    this.fix = null;
    this.watch = null;
    this.error = "";
  }

  start() {
    this.stop();
    this.error = "";
    if (!navigator.geolocation) {
      this.error = "none";
      this.changed(this);
      return;
    }
    this.watch = navigator.geolocation.watchPosition(
      ({ coords }) => this.take({ lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy, source: "gps" }),
      (error) => {
        this.error = error.code === 1 ? "refused" : "none";
        this.changed(this);
      },
      { enableHighAccuracy: true, maximumAge: 5000, timeout: 20000 },
    );
  }

  stop() {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
  }

  /** Begin anew: forget the pin and the last fix. */
  again() {
    this.fix = null;
    this.start();
  }

  take(fix) {
    if (this.fix?.source === "pin") return;
    if (this.fix && fix.accuracy_m > this.fix.accuracy_m) return;
    this.fix = fix;
    this.changed(this);
  }

  pin(lon, lat) {
    this.fix = { lon, lat, accuracy_m: 0, source: "pin" };
    this.changed(this);
  }

  /** ok, warn (confirm it), over (set the pin by hand), or none. */
  get grade() {
    if (!this.fix) return "none";
    if (this.fix.source === "pin" || this.fix.accuracy_m <= GOOD_M) return "ok";
    if (this.fix.accuracy_m <= FAIR_M) return "warn";
    return this.fix.accuracy_m <= PIN_NEEDED_M ? "confirm" : "over";
  }
}
