// What this operator has logged in this shift, kept on this computer; states follow the socket.
import { $ } from "./page.js";
import { escape, gettext } from "./text.js";

const KEPT = 40;
const HOURS = 14;
const STATES = {
  REGISTERED: ["", gettext("待受理")],
  VERIFYING: ["", gettext("核实中")],
  PENDING_FILING: ["", gettext("待立案")],
  PENDING_DISPATCH: ["", gettext("待派遣")],
  PENDING_SIGN: ["filled-25", gettext("待签收")],
  PROCESSING: ["filled-50", gettext("处置中")],
  RETURN_REVIEW: ["back", gettext("退单审核")],
  ARBITRATION: ["back", gettext("争议裁定")],
  PENDING_CHECK: ["filled-75", gettext("待核查")],
  CHECKING: ["filled-75", gettext("核查中")],
  PENDING_CALLBACK: ["filled-75", gettext("待回访")],
  SUSPENDED: ["hold", gettext("挂账")],
  CLOSED: ["done", gettext("已结案")],
  ARCHIVED: ["done", gettext("已归档")],
  REJECTED: ["off", gettext("不予受理")],
  VOIDED: ["off", gettext("作废")],
  MERGED: ["off", gettext("已并案")],
};

export function stateRing(state) {
  const [ring, word] = STATES[state] || ["", state];
  return `<span class="state ${ring}">${escape(word)}</span>`;
}

export class Shift {
  constructor(list) {
    this.list = list;
    this.key = `sx:desk:shift:${list.dataset.user || ""}`;
    try {
      this.rows = JSON.parse(localStorage.getItem(this.key)) || [];
    } catch {
      this.rows = [];
    }
    this.rows = this.rows.filter((row) => Date.now() - row.at < HOURS * 3600e3);
    document.addEventListener("sx:event", ({ detail }) => this.hear(detail));
    this.show();
  }

  add(row) {
    this.rows = [row, ...this.rows].slice(0, KEPT);
    this.keep();
  }

  hear({ case_no: number, state, topic }) {
    if (topic === "case.registered") return; // the receipt has said so, and may know more
    const row = this.rows.find((known) => known.number === number);
    if (!row || row.state === state) return;
    row.state = state;
    this.keep();
  }

  keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.rows));
    } catch {
      // a full store costs the list of this shift after a reload, not the cases
    }
    this.show();
  }

  show() {
    this.list.innerHTML = this.rows
      .map((row) => `<li><div class="row wrap small"><span class="num muted">${escape(row.number)}</span><span class="space"></span>${stateRing(row.state)}</div>
        <a class="ell" href="/queue/?case=${encodeURIComponent(row.number)}">${escape(row.title)}</a>
        <div class="small muted">${gettext("查询码")} <span class="num">${escape(row.code)}</span></div></li>`)
      .join("");
    $("#done-count").textContent = this.rows.length;
    $("#done-blank").hidden = this.rows.length > 0;
  }
}
