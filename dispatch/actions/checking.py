"""After the work: check on site, call the citizen back, close or send back."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import outbox
from dispatch.actions import supervising
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import CaseNotFoundError, NotAllowedError, RuleError
from dispatch.attempts import is_given_up
from dispatch.facts import UNHEARD, facts_of
from dispatch.fields import Satisfaction, needs_explanation
from dispatch.lifecycle import CALL_NOTED, CALLED_BACK, CloseType, Stage, State
from dispatch.models import Callback, Case, Intake, Timer
from dispatch.models.cases import NEVER
from dispatch.models.timers import TimerState
from dispatch.obstacles import OWN_WORK

UNREACHABLE = "UNREACHABLE"
OPTED_OUT = "OPTED_OUT"
CALLERS_BACK = frozenset({"CALLBACK"})
ANSWERED = ("YES", "PARTIAL", "NO", OPTED_OUT)


def no_check_needed(context: MoveContext) -> None:
    """T32: where the catalogue asks for no check; otherwise evidence from the field is needed."""
    _close_when_nobody_waits(context)


def check_pass(context: MoveContext) -> None:
    """T32: the checker is never of the handling unit (domain.md 7.2, separation)."""
    _close_when_nobody_waits(context)


def check_fail(context: MoveContext) -> None:
    """T31: back to the unit; one rework more."""
    _count_rework(context)


def rework(context: MoveContext) -> None:
    """T34: unsolved and reasonable; a second one is the duty leader's (obstacles.py)."""
    _count_rework(context)


def callback_done(context: MoveContext) -> None:
    """T33: each voice that asked for it is called back on its own, the case closes with the last.

    One answer is one citizen's: with others still waiting, or an explanation to be approved, the
    case stays where it is.
    """
    case = context.case
    waiting = waiting_voices(case)
    if waiting:
        _call_back(context, waiting[0])
    if waiting[1:] or _is_kept_open(context, answered=bool(waiting)):
        context.target, context.topic = State.PENDING_CALLBACK, CALLED_BACK
        context.stops, context.starts = frozenset(), ()
        context.payload["waiting"] = len(waiting[1:])
        return
    missed = Timer.objects.filter(
        case=case, stage=Stage.DISPOSAL.value, state=TimerState.MISSED.value
    ).exists()
    kind = CloseType.OVERTIME if missed else CloseType.NORMAL
    case.close_type, case.closed_at = kind.value, context.now
    context.changed |= {"close_type", "closed_at"}
    context.payload["close_type"] = kind.value


def _is_kept_open(context: MoveContext, *, answered: bool) -> bool:
    """True when the last answer is kept, but somebody else has to end something first."""
    case = context.case
    supervised = supervising.open_threads(case).exists()
    unheard = unapproved(case).exists()
    if (supervised or unheard) and not answered:
        why = _("未解决的说明须先经值班长认可。") if unheard else _("督办尚未结束，不能办结。")
        raise RuleError(why, code="EXPLANATION_PENDING" if unheard else "SUPERVISED")
    return supervised or unheard


def approve_explanation(context: MoveContext) -> None:
    """T33: what could not be solved was explained well enough; the last one closes the case."""
    count = unapproved(context.case).update(approved_by=context.by, approved_at=context.now)
    context.payload["explanations"] = count
    _close_when_nobody_waits(context)


def unapproved(case: Case) -> QuerySet[Callback]:
    """The explanations of this call-back that nobody has approved yet."""
    rows = Callback.objects.filter(UNHEARD, intake__case=case)
    return rows.filter(at__gte=_called_since(case))


def _called_since(case: Case) -> datetime:
    """When the citizens began to be called; after a rework they are all called again."""
    clocks = Timer.objects.filter(case=case, stage=Stage.CALLBACK.value).order_by("-started_at")
    since = clocks.values_list("started_at", flat=True).first()
    calling = case.state == State.PENDING_CALLBACK.value
    return since if calling and since else NEVER


def waiting_voices(case: Case) -> list[Intake]:
    """The voices that want a reply and were neither answered nor given up (attempts.py)."""
    waiting, since = [], _called_since(case)
    voices = case.intakes.filter(wants_reply=True).order_by("received_at", "pk")
    for intake in voices.prefetch_related("callbacks"):
        tries = [one for one in intake.callbacks.all() if one.at >= since]
        if any(one.solved in ANSWERED for one in tries):
            continue
        if not is_given_up([one.at for one in tries if one.solved == UNREACHABLE]):
            waiting.append(intake)
    return waiting


@transaction.atomic
def record_callback(
    *, intake_no: str, solved: str, satisfaction: str, text: str, by: User, now: datetime
) -> Callback:
    """One attempt to reach one citizen; takes the case row's lock. The other screens hear of it."""
    cases = Case.objects.select_for_update(of=("self",)).visible_to(by)
    case = cases.filter(intakes__intake_no=intake_no).first()
    if case is None:
        raise CaseNotFoundError
    if not by.scope().may(CALLERS_BACK, case.area_code, None):
        raise NotAllowedError
    if case.state != State.PENDING_CALLBACK.value:
        raise RuleError(_("当前状态不能登记回访。"), code="MOVE_NOT_POSSIBLE")
    if OWN_WORK.stands(facts_of(case, by=by, now=now)):
        raise RuleError(OWN_WORK.message, code=OWN_WORK.code)
    if solved not in (*ANSWERED, UNREACHABLE):
        raise RuleError(code="FIELDS", fields={"solved": [str(_("请选择回访结果。"))]})
    if needs_explanation(solved, satisfaction) and not text.strip():
        why = str(_("未解决时须说明理由，或退回重办。"))
        raise RuleError(code="EXPLANATION_MISSING", message=why, fields={"text": [why]})
    unasked = solved in {UNREACHABLE, OPTED_OUT}
    if satisfaction and (satisfaction not in set(Satisfaction) or unasked):
        raise RuleError(code="FIELDS", fields={"satisfaction": [str(_("未知的满意度。"))]})
    intake = Intake.objects.get(intake_no=intake_no)
    attempt = Callback.objects.create(
        intake=intake, at=now, by=by, solved=solved, satisfaction=satisfaction, text=text
    )
    payload = {"solved": solved, **by.scope().on_behalf(CALLERS_BACK, case.area_code)}
    outbox.record(case, topic=CALL_NOTED, by=by, now=now, from_state=case.state, payload=payload)
    return attempt


def _call_back(context: MoveContext, intake: Intake) -> None:
    solved = context.text("solved")
    if not solved:
        why = str(_("还有来件人未回访，请填写回访结果。"))
        raise RuleError(code="CALLBACK_MISSING", message=why, fields={"solved": [why]})
    if needs_explanation(solved, context.text("satisfaction")) and not context.text("text"):
        why = str(_("未解决时须说明理由，或退回重办。"))
        raise RuleError(code="EXPLANATION_MISSING", message=why, fields={"text": [why]})
    if solved == UNREACHABLE:
        why = str(_("未接通须满三次（不同时段）方可结案，请先逐次登记。"))
        raise RuleError(code="ATTEMPTS_MISSING", message=why, fields={"solved": [why]})
    Callback.objects.create(
        intake=intake,
        at=context.now,
        by=context.by,
        solved=solved,
        satisfaction=context.text("satisfaction"),
        text=context.text("text"),
    )


def _close_when_nobody_waits(context: MoveContext) -> None:
    if waiting_voices(context.case) or unapproved(context.case).exists():
        return
    if not supervising.open_threads(context.case).exists():
        context.then = "callback_done"


def _count_rework(context: MoveContext) -> None:
    context.case.rework_count += 1
    context.changed.add("rework_count")
    supervising.watch_reworks(context)
