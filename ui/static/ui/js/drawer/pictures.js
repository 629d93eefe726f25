// Photos of a form: shown before they are sent, taken out again, sent once even when the move is tried twice.
import { post } from "../api.js";
import { icon, $, $$ } from "../page.js";
import { shrink } from "../photos.js";
import { fill, gettext } from "../text.js";

const MOST = 8;
const HEAD_BYTES = 256 * 1024;
const ORIENTATION = 0x0112;
const held = new WeakMap(); // form -> [{file, url, id}]

export function photosIn(form) {
  return held.get(form) || [];
}

export function carry(form, photos) {
  if (!photos.length) return;
  held.set(form, photos);
  draw(form);
}

export function take(form, files) {
  const photos = [...photosIn(form)];
  for (const file of files) {
    if (photos.length < MOST) photos.push({ file, url: URL.createObjectURL(file), id: "" });
  }
  held.set(form, photos);
  draw(form);
}

export function remove(form, index) {
  const photos = [...photosIn(form)];
  URL.revokeObjectURL(photos.splice(index, 1)[0].url);
  held.set(form, photos);
  draw(form);
}

function draw(form) {
  const box = $("[data-photo-input]", form);
  if (!box) return;
  for (const old of $$(".photo", box)) old.remove();
  const photos = photosIn(form);
  photos.forEach((photo, index) => {
    const one = document.createElement("div");
    one.className = "photo";
    const alt = fill(gettext("照片 %(n)s"), { n: index + 1 });
    one.innerHTML = `<img alt="${alt}"><button type="button" class="remove" data-remove-photo="${index}">${icon("x", "s")}</button>`;
    one.firstChild.src = photo.url;
    one.lastChild.setAttribute("aria-label", fill(gettext("移除照片 %(n)s"), { n: index + 1 }));
    box.insertBefore(one, box.lastElementChild);
  });
  $(".add-photo", box).hidden = photos.length >= MOST;
  const count = $("[data-photo-count]", form);
  if (count) count.textContent = photos.length ? fill(gettext("%(n)s 张"), { n: photos.length }) : "";
}

/** Send what was not sent yet; the ids of all. */
export async function send(form) {
  const ids = [];
  for (const photo of photosIn(form)) {
    if (!photo.id) {
      const data = new FormData();
      data.append("file", await small(photo.file), "photo.jpg");
      photo.id = (await post("/api/v1/attachments", data)).id;
    }
    ids.push(photo.id);
  }
  return ids;
}

/** Small for the wire; where and when it was taken go along, the server seals them and shows nobody. */
async function small(file) {
  const { blob } = await shrink(file);
  const exif = exifOf(new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer()));
  if (!exif || blob.type !== "image/jpeg") return blob;
  return new Blob([blob.slice(0, 2), exif, blob.slice(2)], { type: "image/jpeg" });
}

/** The EXIF segment of a JPEG with its orientation set to upright; null where there is none. */
export function exifOf(view) {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 10 < view.byteLength && view.getUint8(at) === 0xff) {
    const [marker, length] = [view.getUint8(at + 1), view.getUint16(at + 2)];
    if (marker === 0xda || length < 2) return null;
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966 && at + 2 + length <= view.byteLength) {
      const bytes = new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + 2 + length));
      setUpright(new DataView(bytes.buffer, 10));
      return bytes;
    }
    at += 2 + length;
  }
  return null;
}

function setUpright(tiff) {
  try {
    const isLittle = tiff.getUint16(0) === 0x4949;
    const start = tiff.getUint32(4, isLittle);
    const entries = tiff.getUint16(start, isLittle);
    for (let n = 0; n < entries; n += 1) {
      const entry = start + 2 + n * 12;
      if (tiff.getUint16(entry, isLittle) === ORIENTATION) tiff.setUint16(entry + 8, 1, isLittle);
    }
  } catch {
    // a cut directory names no orientation
  }
}
