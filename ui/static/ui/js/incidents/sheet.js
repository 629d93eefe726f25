// The sheet of an area incident: its voices, what callers are told, make it one, or say why it is none.
import { explain, post } from "../api.js";
import { $, toast } from "../page.js";
import { button, element, openSheet } from "../sheet.js";
import { fill, gettext } from "../text.js";
import { acceptWord, countOf, nameOf } from "./words.js";

const LONGEST = 500;
const LINES = { HOTLINE: gettext("热"), GRID: gettext("格"), AFFAIRS: gettext("政") };
const kept = new Map(); // what was written and not yet sent: "id kind" -> text

const clock = (at) => new Date(at).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });
const hrefOf = (number) => `/queue/?case=${encodeURIComponent(number)}`;

function member(one) {
  const link = element("a", { class: "strong ell", href: hrefOf(one.case_no), target: "_blank", rel: "noopener" }, one.title || one.case_no);
  const seal = element("span", { class: `seal xs ${one.line}`, title: one.line }, LINES[one.line] || "");
  const apart = one.left_out ? element("span", { class: "tag warn" }, gettext("未并入")) : null;
  const voices = one.voices > 1 ? element("span", { class: "tag" }, fill(gettext("%(n)s 件诉求"), { n: one.voices })) : null;
  return element("li", {}, seal, element("div", {}, link, element("div", { class: "small ink2" }, one.address || gettext("没有写地址"))), element("span", { class: "small num muted" }, clock(one.at), " ", voices, apart));
}

function textField(incident, kind, words, hint) {
  const id = `incident-${kind}`;
  const key = `${incident.id} ${kind}`;
  const text = element("textarea", { class: "input", id, rows: 3, maxlength: LONGEST, placeholder: hint, oninput: () => kept.set(key, text.value) });
  text.value = kept.get(key) || "";
  const why = element("span", { class: "why", id: `${id}-why`, hidden: true });
  return { text, why, key, rows: [element("label", { class: kind === "dismiss" ? "label required" : "label", for: id }, words), text, why] };
}

function acceptForm(incident) {
  const field = textField(incident, "accept", gettext("请告知来电人"), gettext("已知此事，正在抢修，预计几点恢复"));
  const join = element("input", { type: "checkbox", id: "incident-join" });
  const check = element("label", { class: "check" }, join, gettext("新来件自动并入"));
  return { ...field, rows: [...field.rows, check], word: acceptWord(incident), path: "accept", body: () => ({ answer: field.text.value, auto_join: join.checked }), done: merged };
}

function answerForm(incident) {
  const field = textField(incident, "answer", gettext("请告知来电人"), gettext("已知此事，正在抢修，预计几点恢复"));
  if (!kept.has(field.key)) field.text.value = incident.answer;
  const join = element("input", { type: "checkbox", id: "incident-join", checked: incident.auto_join });
  const check = element("label", { class: "check" }, join, gettext("新来件自动并入"));
  const told = () => toast(gettext("已更改答复，之后来电的人听到新的答复"));
  return { ...field, rows: [...field.rows, check], word: gettext("更改答复"), path: "answer", body: () => ({ answer: field.text.value, auto_join: join.checked, instead_of: incident.answer }), done: told };
}

function dismissForm(incident) {
  const field = textField(incident, "dismiss", gettext("为什么不是"), gettext("如：各户内部管道问题，原因不同"));
  return { ...field, word: gettext("不是区域性事件"), path: "dismiss", body: () => ({ reason: field.text.value }), done: () => toast(gettext("已记为不是区域性事件，各件分别办理")) };
}

function merged({ primary, cases }) {
  const apart = cases.filter((one) => one.left_out).length;
  const words = { no: primary, n: cases.filter((one) => one.state === "MERGED" || one.case_no === primary).length, apart };
  if (cases.length === 1) {
    toast(gettext("已确认为区域性事件"));
    return;
  }
  const text = apart ? gettext("%(n)s 件已合为 %(no)s，%(apart)s 件不宜并入，仍分别办理") : gettext("%(n)s 件已合为 %(no)s");
  toast(fill(text, words), { action: gettext("打开"), run: () => location.assign(hrefOf(primary)), seconds: 10 });
}

function refuse(form, notice, error) {
  const why = Object.values(error.fields || {}).flat().join(" ");
  form.why.textContent = why;
  form.why.hidden = !why;
  if (why) {
    form.text.setAttribute("aria-invalid", "true");
    form.text.setAttribute("aria-describedby", form.why.id);
    form.text.focus();
  }
  notice.textContent = explain(error);
  notice.hidden = false;
}

const FORMS = { see: acceptForm, accept: acceptForm, answer: answerForm, dismiss: dismissForm };

/** Open it to see, to accept, to answer anew or to dismiss; what was written stays until it has been sent. */
export function openIncident(incident, { kind, mayDecide, again, opener }) {
  const { dialog, body, foot } = openSheet("incident-sheet", fill(gettext("区域性事件：%(name)s"), { name: nameOf(incident) }));
  dialog.addEventListener("close", () => opener.isConnected && opener.focus());
  const list = element("ol", { class: "incident-cases", tabindex: 0, "aria-label": gettext("各件") }, ...incident.cases.map(member));
  body.append(element("p", { class: "small ink2" }, `${countOf(incident)} · ${clock(incident.since)}–${clock(incident.until)}`), list);
  if (!mayDecide) {
    const told = incident.answer || (incident.state === "OFFERED" ? gettext("等值班长确认") : gettext("没有统一答复"));
    body.append(element("p", { class: "notice" }, told));
    return;
  }
  decide(incident, FORMS[kind](incident), { dialog, body, foot, again, isFocused: kind !== "see" });
}

function decide(incident, form, { dialog, body, foot, again, isFocused }) {
  const notice = element("div", { class: "notice over", role: "alert", hidden: true });
  const send = button(form.word, () => run(), "pri");
  const run = async () => {
    if (send.disabled) return;
    send.disabled = true;
    try {
      const answer = await post(`/api/v1/incidents/${incident.id}/${form.path}`, form.body());
      kept.delete(form.key);
      dialog.close();
      form.done(answer);
      again();
    } catch (error) {
      refuse(form, notice, error);
      if (error.status === 409) again();
    } finally {
      send.disabled = false;
    }
  };
  send.append(" ", element("kbd", {}, "Ctrl ↵"));
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    run();
  });
  body.append(element("div", { class: "incident-form" }, ...form.rows), notice);
  foot.append(button(gettext("取消"), () => dialog.close()), send);
  if (isFocused) form.text.focus();
  else $(".incident-cases", dialog).focus();
}
