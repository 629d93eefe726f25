"""Words for the codes that the screens show: moves, topics, stages, fields, choices."""

from typing import Final

from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

MOVES: Final = {
    "register": _("登记"),
    "answer_directly": _("直接答复"),
    "reject": _("不予受理"),
    "transfer_emergency": _("转紧急"),
    "self_handle": _("自行处置"),
    "ask_verify": _("派核实"),
    "verified_true": _("核实属实"),
    "verified_false": _("核实不属实"),
    "accept": _("受理"),
    "file": _("立案"),
    "void": _("作废"),
    "merge": _("并案"),
    "unmerge": _("拆分"),
    "dispatch": _("派遣"),
    "sign": _("签收"),
    "request_return": _("申请退单"),
    "accept_return": _("同意退单"),
    "refuse_return": _("驳回退单"),
    "escalate": _("提交裁定"),
    "designate": _("指定承办"),
    "decide_out": _("裁定办结"),
    "first_contact": _("先行联系"),
    "request_extension": _("申请延期"),
    "suspend": _("挂账"),
    "resume": _("恢复办理"),
    "add_support": _("增加协办"),
    "submit_result": _("办结反馈"),
    "bounce": _("退回补充"),
    "ask_check": _("派核查"),
    "check_fail": _("核查不合格"),
    "check_pass": _("核查合格"),
    "no_check_needed": _("免核查"),
    "callback_done": _("回访办结"),
    "rework": _("重办"),
    "archive": _("归档"),
    "reopen": _("重新打开"),
    "appeal_accept": _("受理申诉"),
    "urge": _("催办"),
    "supervise": _("督办"),
    "change_category": _("改分类"),
    "fixed_already": _("已消失结案"),
    "wait_citizen": _("待市民补充"),
    "citizen_answered": _("市民已补充"),
    "emergency_dispatch": _("紧急派遣"),
}
TOPICS: Final = {
    "case.registered": pgettext_lazy("topic", "登记"),
    "case.answered": pgettext_lazy("topic", "直接答复，办结"),
    "case.rejected": pgettext_lazy("topic", "不予受理"),
    "case.transferred": pgettext_lazy("topic", "转紧急处置"),
    "case.self_handled": pgettext_lazy("topic", "网格员自行处置"),
    "case.verify_asked": pgettext_lazy("topic", "派网格员核实"),
    "case.verified": pgettext_lazy("topic", "核实属实"),
    "case.found_untrue": pgettext_lazy("topic", "核实不属实，结案"),
    "case.accepted": pgettext_lazy("topic", "受理"),
    "case.filed": pgettext_lazy("topic", "立案"),
    "case.voided": pgettext_lazy("topic", "作废"),
    "case.merged": pgettext_lazy("topic", "并案"),
    "case.unmerged": pgettext_lazy("topic", "拆分"),
    "case.dispatched": pgettext_lazy("topic", "派遣"),
    "case.signed": pgettext_lazy("topic", "签收"),
    "case.return_requested": pgettext_lazy("topic", "申请退单"),
    "case.return_accepted": pgettext_lazy("topic", "同意退单"),
    "case.return_refused": pgettext_lazy("topic", "驳回退单"),
    "case.escalated": pgettext_lazy("topic", "提交争议裁定"),
    "case.designated": pgettext_lazy("topic", "指定承办单位"),
    "case.decided_out": pgettext_lazy("topic", "裁定办结"),
    "case.contacted": pgettext_lazy("topic", "联系市民"),
    "case.extension_requested": pgettext_lazy("topic", "申请延期"),
    "case.suspended": pgettext_lazy("topic", "挂账"),
    "case.resumed": pgettext_lazy("topic", "恢复办理"),
    "case.support_added": pgettext_lazy("topic", "增加协办单位"),
    "case.submitted": pgettext_lazy("topic", "反馈处置结果"),
    "case.bounced": pgettext_lazy("topic", "退回补充"),
    "case.check_asked": pgettext_lazy("topic", "派网格员核查"),
    "case.check_failed": pgettext_lazy("topic", "核查不合格"),
    "case.check_passed": pgettext_lazy("topic", "核查合格"),
    "case.check_skipped": pgettext_lazy("topic", "免核查"),
    "case.closed": pgettext_lazy("topic", "结案"),
    "case.reworked": pgettext_lazy("topic", "重办"),
    "case.archived": pgettext_lazy("topic", "归档"),
    "case.reopened": pgettext_lazy("topic", "重新打开"),
    "case.appeal_accepted": pgettext_lazy("topic", "受理申诉"),
    "case.urged": pgettext_lazy("topic", "催办"),
    "case.supervised": pgettext_lazy("topic", "督办"),
    "case.recategorised": pgettext_lazy("topic", "改分类"),
    "case.fixed_already": pgettext_lazy("topic", "现场已消失，结案"),
    "case.waiting_for_citizen": pgettext_lazy("topic", "待市民补充"),
    "case.citizen_answered": pgettext_lazy("topic", "市民已补充"),
    "intake.attached": pgettext_lazy("topic", "并入一件诉求"),
}
STAGES: Final = {
    "ACCEPT": _("受理"),
    "VERIFY": _("核实"),
    "FILE": _("立案"),
    "DISPATCH": _("派遣"),
    "SIGN": _("签收"),
    "RESPONSE": _("先行联系"),
    "DISPOSAL": _("处置"),
    "CHECK": _("核查"),
    "REPLY": _("答复"),
    "CALLBACK": _("回访"),
    "RETURN_REVIEW": _("退单审核"),
    "ARBITRATION": _("争议裁定"),
    "SUPERVISE": _("督办"),
    "RECTIFY": _("整改"),
}
TIMERS: Final = {
    "RUNNING": _("计时中"),
    "PAUSED": _("暂停"),
    "MET": _("按时"),
    "MISSED": _("超时"),
    "CANCELLED": _("取消"),
}
FIELDS: Final = {
    "reason": _("理由"),
    "text": _("说明"),
    "unit": _("承办单位"),
    "category": _("事项分类"),
    "condition": _("立案条件"),
    "photos": _("照片"),
    "reject_reason": _("不予受理的情形"),
    "solved": _("诉求是否解决"),
    "satisfaction": _("满意度"),
    "way": _("联系方式"),
}
CHOICES: Final = {
    "PHONE": _("电话"),
    "VISIT": _("上门"),
    "SMS": _("短信"),
    "OTHER": _("其他"),
    "YES": _("已解决"),
    "NO": _("未解决"),
    "PARTIAL": _("部分解决"),
    "UNREACHABLE": _("联系不上"),
    "VERY_SATISFIED": _("非常满意"),
    "SATISFIED": _("满意"),
    "BASICALLY": _("基本满意"),
    "DISSATISFIED": _("不满意"),
    "VERY_DISSATISFIED": _("非常不满意"),
    "TRANSFERRED_EMERGENCY": _("已转紧急救助"),
    "OTHER_LEGAL_CHANNEL": _("应走其他法定途径"),
    "REPEAT_NO_NEW": _("重复诉求，无新情况"),
    "SECRET": _("涉及国家秘密"),
    "OUT_OF_DUTY": _("不属政府职责"),
    "IMPROPER": _("违背法律或公序良俗"),
}
KINDS: Final = {
    "CONSULT": _("咨询"),
    "HELP": _("求助"),
    "COMPLAINT": _("投诉"),
    "REPORT": _("举报"),
    "SUGGESTION": _("建议"),
    "PRAISE": _("表扬"),
    "OTHER": _("其他"),
}
ROLES: Final = {
    "OPERATOR": _("坐席"),
    "RECEIVER": _("受理员"),
    "DUTY_LEADER": _("值班长"),
    "DISPATCHER": _("派遣员"),
    "HANDLER": _("处置员"),
    "UNIT_APPROVER": _("处置单位审核人"),
    "INSPECTOR": _("网格员"),
    "CALLBACK": _("回访员"),
    "COMMANDER": _("指挥中心"),
}
BOOKS: Final = {
    "move": MOVES,
    "topic": TOPICS,
    "stage": STAGES,
    "timer": TIMERS,
    "field": FIELDS,
    "choice": CHOICES,
    "kind": KINDS,
    "role": ROLES,
}


def word(code: str, book: str) -> str:
    """The word for a code in one of the books above; the code itself where it has none."""
    return str(BOOKS[book].get(code, lazystr(code)))


STEPS: Final = (
    (_("受理"), ("REGISTERED", "VERIFYING", "PENDING_FILING")),
    (_("派遣"), ("PENDING_DISPATCH", "PENDING_SIGN", "RETURN_REVIEW", "ARBITRATION")),
    (_("处置"), ("PROCESSING", "SUSPENDED")),
    (_("核查"), ("PENDING_CHECK", "CHECKING")),
    (_("评价"), ("PENDING_CALLBACK",)),
)
"""The five steps of the stepper and the states that belong to each."""


def steps_of(state: str) -> list[tuple[str, str]]:
    """The stepper for a state: (label, past | now | next); all past once the case has ended."""
    current = next((i for i, (_label, states) in enumerate(STEPS) if state in states), len(STEPS))
    return [
        (str(label), "past" if i < current else "now" if i == current else "next")
        for i, (label, _states) in enumerate(STEPS)
    ]
