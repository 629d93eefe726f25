// The report form: photo, category, place, words, and whether somebody has reported it already.
import { html, nothing, render } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { get } from "../api.js";
import { categories, search } from "../categories.js";
import { hms, now } from "../clock.js";
import { $, $$, icon, toast } from "../page.js";
import { shrink } from "../photos.js";
import { ownership, twins, whereAndWhen } from "../place.js";
import { fill, gettext } from "../text.js";
import { Position } from "./position.js";

const RECENT = "sx:m:recent";
const DEVICE = "sx:m:device";
const MOST_PHOTOS = 6;
const CHIPS = 5;
const THUMB = 160;
const SEALS = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };

function raw(markup) {
  const holder = document.createElement("template");
  holder.innerHTML = markup;
  return holder.content;
}

function stored(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function device() {
  let name = stored(DEVICE, "");
  if (!name) {
    name = `web-${crypto.randomUUID()}`;
    localStorage.setItem(DEVICE, JSON.stringify(name));
  }
  return name;
}

async function thumbOf(blob) {
  const image = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMB;
  const side = Math.min(image.width, image.height);
  canvas.getContext("2d").drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, THUMB, THUMB);
  const small = await new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", 0.7);
  });
  return small.arrayBuffer();
}

export class Report {
  constructor({ center, send }) {
    this.center = center;
    this.send = send;
    this.position = new Position(() => this.showPlace());
    this.clear();
    $("#camera").addEventListener("change", ({ target }) => this.takePhotos(target));
    $("#self").addEventListener("click", ({ currentTarget }) => this.toggleSelf(currentTarget));
    $("#relocate").addEventListener("click", () => this.relocate());
    $("#all-categories").addEventListener("click", () => this.openPicker());
    $("#picker-query").addEventListener("input", () => this.showPicker());
    $("#finding").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    for (const kind of ["online", "offline"]) addEventListener(kind, () => this.showNet());
  }

  clear() {
    this.uid = crypto.randomUUID();
    this.photos = [];
    this.category = null;
    this.isSelfHandled = false;
    this.owner = null;
    $("#finding").reset();
    $("#self").setAttribute("aria-pressed", "false");
    render(nothing, $("#near"));
    this.mark({});
  }

  async open() {
    this.showPhotos();
    this.showNet();
    this.position.start();
    this.showPlace();
    await this.showChips();
    this.mountMap();
  }

  close() {
    this.position.stop();
  }

  showNet() {
    $("#net").hidden = navigator.onLine;
    $("#send").textContent = navigator.onLine ? gettext("提交") : gettext("保存，联网后自动上传");
  }

  // --- photos ---

  async takePhotos(input) {
    for (const file of [...input.files].slice(0, MOST_PHOTOS - this.photos.length)) {
      try {
        const { blob } = await shrink(file);
        const bytes = await blob.arrayBuffer();
        this.photos.push({ bytes, thumb: await thumbOf(blob), url: URL.createObjectURL(blob), at: now() });
      } catch {
        toast(gettext("这个文件不是能用的照片"), { over: true });
      }
    }
    input.value = "";
    this.showPhotos();
  }

  showPhotos() {
    $("#photos").classList.toggle("is-empty", !this.photos.length);
    const photo = (one, index) => html`<div class="photo"><img src=${one.url} alt=${fill(gettext("照片 %(n)s"), { n: index + 1 })}>
      <em><span class="num">${hms(one.at).slice(0, 5)}</span><span class="num">${Math.round(one.bytes.byteLength / 1024)} kB</span></em>
      <button type="button" aria-label=${fill(gettext("删除照片 %(n)s"), { n: index + 1 })} @click=${() => this.dropPhoto(index)}><span>${raw(icon("x", "s"))}</span></button></div>`;
    const add = html`<label class="add-photo" for="camera">${raw(icon("camera"))}${this.photos.length ? gettext("再拍一张") : gettext("拍照")}</label>`;
    render(html`${this.photos.map(photo)}${this.photos.length < MOST_PHOTOS ? add : nothing}`, $("#photos"));
  }

  dropPhoto(index) {
    URL.revokeObjectURL(this.photos[index].url);
    this.photos.splice(index, 1);
    this.showPhotos();
  }

  // --- category ---

  async showChips() {
    let all = [];
    try {
      all = (await categories()).filter((item) => item.kind === "COMPONENT" || item.kind === "EVENT");
    } catch {
      all = stored(`${RECENT}:all`, []);
    }
    if (all.length) localStorage.setItem(`${RECENT}:all`, JSON.stringify(all.map(({ code, label, kind, parent_name, initials }) => ({ code, label, kind, parent_name, initials }))));
    this.all = all;
    $("#category-total").textContent = all.length || "";
    const recent = stored(RECENT, []).map((code) => all.find((item) => item.code === code)).filter(Boolean);
    const shown = [...new Set([...(this.category ? [this.category] : []), ...recent, ...all.filter((item) => item.kind === "EVENT")])].slice(0, CHIPS);
    const chip = (item) => html`<button type="button" aria-pressed=${item.code === this.category?.code} @click=${() => this.choose(item)}>${item.code === this.category?.code ? "✓ " : ""}${item.label}</button>`;
    render(html`${shown.map(chip)}`, $("#chips"));
  }

  choose(item) {
    this.category = item;
    $("#picker").close();
    this.showChips();
    this.lookAround();
  }

  openPicker() {
    $("#picker-query").value = "";
    $("#picker").showModal();
    this.showPicker();
  }

  async showPicker() {
    const query = $("#picker-query").value.trim();
    const codes = new Set(this.all.map((item) => item.code));
    const found = query ? (await search(query)).filter((item) => codes.has(item.code)) : this.all;
    const groups = new Map();
    for (const item of found) groups.set(item.parent_name, [...(groups.get(item.parent_name) || []), item]);
    const button = (item) => html`<button type="button" aria-pressed=${item.code === this.category?.code} @click=${() => this.choose(item)}>${item.label}</button>`;
    render(html`${[...groups].map(([name, items]) => html`<h3 class="picker-list-title">${name}</h3><div class="chips">${items.map(button)}</div>`)}`, $("#picker-list"));
  }

  // --- place ---

  async mountMap() {
    if (this.map) return;
    try {
      const { CityMap } = await import("../map.js");
      this.map = new CityMap("map", { center: this.center, zoom: 13 });
      this.map.onPick(() => {}, ([lon, lat]) => this.pin(lon, lat));
      this.showPlace();
    } catch {
      $("#map").hidden = true;
    }
  }

  pin(lon, lat) {
    this.position.pin(lon, lat);
  }

  relocate() {
    this.map?.clearPin();
    this.position.again();
    this.showPlace();
  }

  showPlace() {
    const { fix, grade, error } = this.position;
    const chip = $("#fix");
    chip.className = `fix ${{ ok: "ok", warn: "warn", confirm: "warn", over: "over" }[grade] || ""}`;
    if (!fix) chip.textContent = error ? gettext("没有定位") : gettext("正在定位");
    else chip.textContent = fix.source === "pin" ? gettext("手动图钉") : fill(gettext("GPS ±%(n)s 米"), { n: Math.round(fix.accuracy_m) });
    $("#confirm").hidden = grade !== "confirm";
    $("#confirm-words").textContent = gettext("定位较粗，我已核对图钉的位置");
    if (!fix && error) $("#place-name").textContent = error === "refused" ? gettext("没有定位权限，请在地图上点出位置") : gettext("没有定位，请在地图上点出位置");
    if (!fix || (this.shown && this.shown.lon === fix.lon && this.shown.lat === fix.lat)) return;
    if (this.map) {
      this.shown = fix;
      this.map.setPin(fix.lon, fix.lat, (lon, lat) => this.pin(lon, lat));
      if (fix.accuracy_m) this.map.setRange(fix.lon, fix.lat, fix.accuracy_m);
      this.map.goTo(fix.lon, fix.lat, Math.max(this.map.view.getZoom(), 16.4));
    }
    this.nameThePlace(fix);
    this.lookAround();
  }

  async nameThePlace(fix) {
    try {
      const owner = await ownership(fix.lon, fix.lat);
      if (this.position.fix !== fix) return;
      this.owner = owner;
      $("#place-owner").textContent = owner ? [owner.street_name, owner.community_name, owner.cell_code].filter(Boolean).join(" · ") : gettext("在本市范围之外");
      const { items = [] } = await get(`/api/v1/places/reverse?lon=${fix.lon}&lat=${fix.lat}&crs=WGS84`);
      if (this.position.fix === fix) $("#place-name").textContent = items[0]?.name || owner?.community_name || gettext("已定位");
    } catch {
      if (this.position.fix === fix) $("#place-name").textContent = gettext("已定位");
    }
  }

  async lookAround() {
    const { fix } = this.position;
    if (!fix || !this.category || !navigator.onLine) return;
    try {
      const found = await twins({ lon: fix.lon, lat: fix.lat, category: this.category.code, text: $("#text").value });
      if (this.position.fix === fix) this.showNear(found);
    } catch {
      render(nothing, $("#near"));
    }
  }

  showNear(found) {
    const one = (twin) => html`<li><span class="seal xs ${twin.line}" aria-hidden="true">${SEALS[twin.line]}</span><b>${twin.title || twin.case_no}</b>
      <p>${whereAndWhen(twin)} · ${twin.why.join(" · ")}</p></li>`;
    const block = html`<div class="block near"><b>${gettext("附近已有同类工单")}</b><ul>${found.slice(0, 3).map(one)}</ul>
      <div class="two"><button type="button" class="btn" @click=${() => this.drop()}>${gettext("同一件，不再报")}</button><button type="button" class="btn" @click=${() => render(nothing, $("#near"))}>${gettext("仍然新报")}</button></div></div>`;
    render(found.length ? block : nothing, $("#near"));
  }

  drop() {
    this.clear();
    document.querySelector('[data-go="today"]').click();
  }

  // --- sending ---

  toggleSelf(button) {
    this.isSelfHandled = !this.isSelfHandled;
    button.setAttribute("aria-pressed", String(this.isSelfHandled));
  }

  gaps() {
    const found = {};
    const { grade } = this.position;
    if (!this.category) found.category = gettext("请选一个类别");
    if (grade === "none" || grade === "over") found.location = gettext("定位不够准，请在地图上点出位置");
    if (grade === "confirm" && !$("#confirmed").checked) found.location = gettext("请核对图钉的位置并勾选");
    if (this.isSelfHandled && !this.photos.length) found.photos = gettext("自行处理的请附一张照片");
    return found;
  }

  mark(fields) {
    for (const holder of $$("#finding [data-field]")) {
      const why = fields[holder.dataset.field];
      $(".why", holder).textContent = why || "";
      $(".why", holder).hidden = !why;
    }
    $("#finding .why:not([hidden])")?.scrollIntoView({ block: "center" });
  }

  async submit() {
    const gaps = this.gaps();
    this.mark(gaps);
    if (Object.keys(gaps).length) return;
    $("#send").disabled = true;
    const { lon, lat, accuracy_m } = this.position.fix;
    try {
      await this.send({
        uid: this.uid,
        device: device(),
        capturedAt: new Date(this.photos[0]?.at ?? now()).toISOString(),
        category: { code: this.category.code, label: this.category.label },
        text: $("#text").value.trim(),
        location: { lon, lat, crs: "WGS84", accuracy_m: Math.min(500, accuracy_m) },
        place: $("#place-name").textContent,
        selfHandled: this.isSelfHandled,
        photos: this.photos.map(({ bytes, thumb }) => ({ bytes, thumb })),
      });
      const recent = [this.category.code, ...stored(RECENT, []).filter((code) => code !== this.category.code)].slice(0, CHIPS);
      localStorage.setItem(RECENT, JSON.stringify(recent));
      this.clear();
      this.shown = null;
    } catch {
      toast(gettext("手机存不下这件上报，请先清理空间；页面上的内容还在"), { over: true, seconds: 10 });
    } finally {
      $("#send").disabled = false;
    }
  }
}
