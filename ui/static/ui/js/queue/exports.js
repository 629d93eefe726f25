// Exports of the page's filter: small ones at once, large ones by a worker, with progress and a link.
import { explain, get, post } from "../api.js";
import { button, element, openSheet } from "../sheet.js";
import { fill, gettext, thousands } from "../text.js";

const FORMATS = [["CSV", "CSV"], ["XLSX", "Excel (XLSX)"], ["GEOJSON", "GeoJSON (WGS84)"]];
const ASK_EVERY = 1500;

/** The sheet of exports for a query. */
export function openExports(query) {
  const { dialog, body, foot } = openSheet("export-sheet", gettext("导出当前筛选"));
  const choices = FORMATS.map(([value, words], place) =>
    element("label", { class: "check" }, element("input", { type: "radio", name: "format", value, checked: place === 0 }), words));
  const bom = element("input", { type: "checkbox", checked: true, id: "export-bom" });
  const status = element("p", { role: "status", class: "small" });
  body.append(element("div", { class: "export-formats" }, ...choices),
    element("label", { class: "check small" }, bom, gettext("CSV 加 BOM，便于 Excel 直接打开中文")),
    element("p", { class: "small muted" }, gettext("不限件数，不含来电人身份；每次导出记入查阅记录。")), status);
  const start = button(gettext("导出"), () => begin(dialog, query, bom.checked, status, start), "pri");
  foot.append(start);
}

/** "11-23 03:13", as in the tables. */
const cityTime = (at) => new Date(at).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(5, 16);

async function begin(dialog, query, bom, status, start) {
  start.disabled = true;
  const format = dialog.querySelector("[name=format]:checked").value;
  try {
    const made = await post("/api/v1/exports", { format, query, bom });
    await follow(dialog, made, status);
  } catch (error) {
    status.textContent = explain(error);
  }
  start.disabled = false;
}

async function follow(dialog, made, status) {
  let one = made;
  const bar = element("progress", { max: Math.max(1, one.rows), value: 0, "aria-label": gettext("进度") });
  if (!one.url) status.before(bar);
  while (!one.url && dialog.isConnected && ["WAITING", "RUNNING"].includes(one.state)) {
    status.textContent = fill(gettext("共 %(rows)s 件，在后台生成：%(done)s 件。可以关掉这个窗口，稍后回来。"), { rows: thousands(one.rows), done: thousands(one.rows_done) });
    bar.value = one.rows_done;
    await new Promise((wake) => setTimeout(wake, ASK_EVERY));
    one = await get(`/api/v1/exports/${one.id}`);
  }
  bar.remove();
  if (!dialog.isConnected) return;
  if (!one.url) {
    status.textContent = gettext("导出没有成功，请再试一次。");
    return;
  }
  const link = element("a", { href: one.url, class: "btn", download: true }, fill(gettext("下载 %(rows)s 件"), { rows: thousands(one.rows) }));
  status.replaceChildren(link, " ", fill(gettext("链接只有您能用，%(at)s 前有效。"), { at: cityTime(one.expires_at) }));
  if (made.url) link.click();
}
