// What a call has become: number, query code, limit, and what the caller is to be told; Enter goes on to the next.
import { now, timeLeft } from "./clock.js";
import { isComposing } from "./keys.js";
import { $ } from "./page.js";
import { gettext } from "./text.js";

const BY_CITY = { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" };

const STAGES = { ACCEPT: gettext("受理"), DISPATCH: gettext("派遣"), SIGN: gettext("签收"), DISPOSAL: gettext("处置") };

/** Which clock runs and until when: nobody shall tell a caller that the minutes to accept are those to mend. */
function dueWords(due) {
  const at = due?.due_at ? Date.parse(due.due_at) : 0;
  if (!at) return gettext("无时限");
  return `${STAGES[due.stage] || ""} ${timeLeft(at / 1000, now())[1]}（${new Date(at).toLocaleString("zh-CN", BY_CITY)}）`.trim();
}

/** What callers of an area incident are told: of the case that took the voice. */
function answerOf(receipt) {
  const own = (receipt.duplicates || []).find((one) => one.incident && one.case_no === receipt.case_no);
  return own?.incident.answer || "";
}

export class Receipt {
  /** next() hears that the operator goes on. */
  constructor(dialog, next) {
    Object.assign(this, { dialog, next });
    $("#receipt-next").addEventListener("click", () => this.close());
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (isComposing(event) || event.repeat) event.preventDefault();
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  show(receipt, place, told = "") {
    $("#receipt-title").textContent = receipt.merged_into_existing ? gettext("已并入在办工单") : gettext("已登记");
    $("#receipt-no").textContent = receipt.case_no;
    $("#receipt-code").textContent = receipt.query_code;
    $("#receipt-intake").textContent = receipt.intake_no;
    $("#receipt-due").textContent = dueWords(receipt.due);
    $("#receipt-place").textContent = place || receipt.district;
    const answer = told || answerOf(receipt);
    $("#receipt-told").hidden = !answer;
    $("#receipt-told-words").textContent = answer;
    $("#receipt-open").href = `/queue/?case=${encodeURIComponent(receipt.case_no)}`;
    this.dialog.showModal();
    $("#receipt-next").focus();
  }

  close() {
    this.dialog.close();
    this.next();
  }
}
