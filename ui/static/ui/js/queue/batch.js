// One move for the ticked cases: what fits them all, its fields once, then each row's own answer.
import { ApiError, explain, post } from "../api.js";
import { button, element, openSheet } from "../sheet.js";
import { $, toast } from "../page.js";
import { fill, gettext } from "../text.js";

const AT_ONCE = 20; // cases in one request: so that progress shows
const MOST = 200;
const TRANSFER = ["sub_dispatch", "dispatch", "emergency_dispatch", "add_support"];
const WORDS = { DONE: gettext("已办"), REFUSED: gettext("未办"), CHANGED: gettext("被他人先办"), UNKNOWN: gettext("未确认") };
const ASK_AGAIN_AFTER = [800, 2500, 6000]; // ms; what was done already says so, nothing is done twice

/** `kind`: a move's name, "transfer" for whichever transfer fits, "more" to choose. */
export async function startBatch(kind, cases, page) {
  if (cases.length > MOST) {
    toast(fill(gettext("一次最多 %(n)s 件，请少选一些"), { n: MOST }), { over: true });
    return;
  }
  const numbers = cases.map((one) => one.case_no);
  let fits;
  try {
    ({ items: fits } = await post("/api/v1/cases/batch/moves", { cases: numbers }));
  } catch (error) {
    toast(explain(error), { over: true });
    return;
  }
  const wanted = kind === "transfer" ? fits.find((one) => TRANSFER.includes(one.move)) : fits.find((one) => one.move === kind);
  if (kind === "more" && fits.length) choose(fits, cases, page);
  else if (wanted) askFields(wanted, cases, page);
  else refuse(kind);
}

/** No step fits them all: where they were to be signed, offer the list of those that can be; where that stands there, it is the post. */
function refuse(kind) {
  const unsigned = kind === "sign" && $('.tile:not([aria-current]) [data-count="unsigned"]')?.closest("a");
  const more = unsigned ? { action: gettext("只看待签收"), run: () => unsigned.click() } : {};
  const words = unsigned ? gettext("选中的工单没有共同的这一步，请按状态分开选") : gettext("这一步不能对选中的工单一起办：不归您的岗位，或状态不同。“…”里是能一起办的步骤");
  toast(words, { over: true, seconds: 8, ...more });
}

function choose(fits, cases, page) {
  const { dialog, body } = openSheet("batch-sheet", fill(gettext("对 %(n)s 件一起办理"), { n: cases.length }));
  for (const one of fits) {
    const act = () => {
      dialog.close();
      askFields(one, cases, page);
    };
    body.append(button(one.word, act, "wide"));
  }
}

function fieldFor(field) {
  const id = `batch-${field.name}`;
  const label = element("label", { class: field.required ? "label required" : "label", for: id }, field.word);
  const shared = { class: "input", id, name: field.name, required: field.required };
  if (!field.choices.length) return [label, element("textarea", { ...shared, rows: 2, maxlength: 5000 })];
  const select = element("select", shared, element("option", { value: "" }, gettext("请选择")));
  for (const { value, word } of field.choices) select.append(element("option", { value }, word));
  return [label, select];
}

function askFields(move, cases, page) {
  const { dialog, body, foot } = openSheet("batch-sheet", fill(gettext("%(move)s · %(n)s 件"), { move: move.word, n: cases.length }));
  const form = element("form", { class: "filter-fields", id: "batch-form" }, ...move.fields.flatMap(fieldFor));
  const names = cases.slice(0, 5).map((one) => element("li", { class: "ell" }, one.title));
  const rest = cases.length > 5 ? element("li", { class: "muted" }, fill(gettext("还有 %(n)s 件"), { n: cases.length - 5 })) : null;
  body.append(element("ul", { class: "batch-names small" }, ...names, rest), form);
  body.append(element("p", { class: "small muted" }, gettext("逐件办理，各自成败；办理后不能整体撤销。")));
  const start = button(fill(gettext("确认办理 %(n)s 件"), { n: cases.length }), () => {
    if (form.reportValidity()) run(move, cases, Object.fromEntries([...new FormData(form)].filter(([, v]) => v !== "")), { dialog, body, foot }, page);
  }, "pri");
  foot.append(button(gettext("取消"), () => dialog.close()), start);
  (form.elements[0] || start).focus();
}

async function run(move, cases, fields, { dialog, body, foot }, page) {
  const bar = element("progress", { max: cases.length, value: 0, "aria-label": gettext("进度") });
  const words = element("p", { role: "status" });
  const results = element("ul", { class: "batch-results small" });
  body.replaceChildren(bar, words, results);
  foot.replaceChildren();
  const titles = new Map(cases.map((one) => [one.case_no, one.title]));
  const counts = { DONE: 0, REFUSED: 0, CHANGED: 0, UNKNOWN: 0 };
  for (let at = 0; at < cases.length; at += AT_ONCE) {
    const part = cases.slice(at, at + AT_ONCE);
    const rows = await answers(move.move, part, fields, (text) => (words.textContent = text));
    for (const row of rows) {
      counts[row.result] += 1;
      if (row.result !== "DONE") results.append(resultLine(row, titles.get(row.case_no)));
    }
    bar.value = Math.min(cases.length, at + part.length);
    words.textContent = told(counts);
    page.unpick(rows.filter((row) => row.result === "DONE").map((row) => row.case_no));
    page.askAbout(part.map((one) => one.case_no));
  }
  foot.replaceChildren(button(gettext("完成"), () => dialog.close(), "pri"));
  foot.firstElementChild.focus();
}

function told({ DONE, REFUSED, CHANGED, UNKNOWN }) {
  const words = fill(gettext("已办 %(done)s 件，未办 %(refused)s 件，被他人先办 %(changed)s 件"), { done: DONE, refused: REFUSED, changed: CHANGED });
  return UNKNOWN ? `${words}${fill(gettext("，未确认 %(n)s 件"), { n: UNKNOWN })}` : words;
}

const isLost = (error) => !(error instanceof ApiError) || error.status >= 500;

/** A part's answers. Where one was lost it is asked for again; what stays unknown says so. */
async function answers(move, part, fields, say) {
  const cases = part.map(({ case_no, version }) => ({ case_no, version }));
  for (const pause of [...ASK_AGAIN_AFTER, 0]) {
    try {
      return (await post("/api/v1/cases/batch", { ...fields, move, cases })).items;
    } catch (error) {
      if (!isLost(error)) return cases.map(({ case_no }) => ({ case_no, result: "REFUSED", message: explain(error) }));
    }
    if (pause) say(gettext("没有收到回答，正在核对…"));
    if (pause) await new Promise((done) => setTimeout(done, pause));
  }
  const message = gettext("网络不通，这件可能已办，请看列表中的状态");
  return cases.map(({ case_no }) => ({ case_no, result: "UNKNOWN", message }));
}

function resultLine(row, title) {
  const why = row.result === "CHANGED" ? fill(gettext("%(who)s 先办了"), { who: row.who }) : row.message;
  return element("li", { class: row.result === "CHANGED" ? "warn" : "over", "data-result": row.result },
    element("b", {}, WORDS[row.result]), " ", element("span", { class: "num" }, row.case_no), " ", title || "", " — ", why);
}
