// The outbox: a report is kept here until the server has given its receipt, and never dropped before.
import { ApiError, explain, post } from "../api.js";
import { gettext } from "../text.js";

const NAME = "sanxian-outbox";
const STORE = "reports";
const RECEIPTS_KEPT_MS = 3 * 86400e3;
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 300000;
const BEAT = 15000;

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opening = null;
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "uid" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function write(change) {
  const base = await open();
  const transaction = base.transaction(STORE, "readwrite", { durability: "strict" });
  change(transaction.objectStore(STORE));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** States of a record: waiting, sending, refused (a person must look), received (has its receipt). */
export class Outbox {
  constructor(user, changed) {
    this.user = user;
    this.changed = changed;
    this.isDraining = false;
    addEventListener("online", () => this.drain());
    document.addEventListener("visibilitychange", () => document.hidden || this.drain());
    setInterval(() => this.drain(), BEAT);
  }

  async all() {
    const base = await open();
    const rows = await done(base.transaction(STORE).objectStore(STORE).getAll());
    return rows.filter((row) => row.user === this.user).sort((a, b) => b.savedAt - a.savedAt);
  }

  async put(record) {
    await write((store) => store.put(record));
    await this.tell();
  }

  async remove(uid) {
    await write((store) => store.delete(uid));
    await this.tell();
  }

  async tell() {
    this.changed(await this.all());
  }

  /** Keep a new report, then try to send it. Rejects when the phone cannot keep it. */
  async add(report) {
    await this.put({ ...report, user: this.user, state: "waiting", savedAt: Date.now(), tries: 0, nextAt: 0, error: "" });
    this.drain();
  }

  async retry(uid) {
    const record = (await this.all()).find((row) => row.uid === uid);
    if (record) await this.put({ ...record, state: "waiting", nextAt: 0, error: "" });
    this.drain();
  }

  /** Send what is due, oldest first, one after the other. */
  async drain() {
    if (this.isDraining || !navigator.onLine) return;
    this.isDraining = true;
    try {
      await this.recover();
      for (const record of (await this.all()).reverse()) {
        if (record.state === "waiting" && record.nextAt <= Date.now()) await this.send(record);
      }
      await this.forget();
    } finally {
      this.isDraining = false;
    }
  }

  /** A page that was closed while sending left a record behind: it waits again. */
  async recover() {
    for (const record of await this.all()) {
      if (record.state === "sending") await this.put({ ...record, state: "waiting" });
    }
  }

  async forget() {
    for (const record of await this.all()) {
      if (record.state === "received" && Date.now() - record.savedAt > RECEIPTS_KEPT_MS) await this.remove(record.uid);
    }
  }

  async send(record) {
    const sending = { ...record, state: "sending" };
    await this.put(sending);
    try {
      for (const photo of sending.photos) {
        if (photo.id) continue;
        const data = new FormData();
        data.append("file", new Blob([photo.bytes], { type: "image/jpeg" }), "photo.jpg");
        photo.id = (await post("/api/v1/attachments", data)).id;
        await write((store) => store.put(sending));
      }
      const receipt = await post("/api/v1/grid/findings", this.bodyOf(sending));
      const photos = sending.photos.map(({ id, thumb }) => ({ id, thumb }));
      await this.put({ ...sending, photos, state: "received", receipt, caseState: receipt.state, error: "" });
    } catch (error) {
      await this.failed(sending, error);
    }
  }

  bodyOf({ uid, device, capturedAt, category, text, location, selfHandled, photos }) {
    return {
      uid,
      device,
      captured_at: capturedAt,
      category: category.code,
      text,
      location,
      self_handled: selfHandled,
      photos: photos.map((photo) => photo.id),
    };
  }

  async failed(record, error) {
    const tries = record.tries + 1;
    const isFinal = error instanceof ApiError && [400, 403, 404, 409, 413, 415, 422].includes(error.status);
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
    const words = error instanceof ApiError && error.status === 401 ? gettext("登录已过期，请重新登录后继续") : explain(error);
    await this.put({ ...record, tries, error: words, state: isFinal ? "refused" : "waiting", nextAt: Date.now() + pause });
    if (!isFinal) setTimeout(() => this.drain(), pause + 50);
  }

  /** The socket says that a case moved on. */
  async hear({ case_no: number, state, topic }) {
    if (topic === "case.registered") return; // the receipt has said so, and may know more
    for (const record of await this.all()) {
      if (record.receipt?.case_no === number && record.caseState !== state) await this.put({ ...record, caseState: state });
    }
  }
}
