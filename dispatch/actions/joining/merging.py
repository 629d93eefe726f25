"""并案: a case merged into another, and undone (domain.md 4.3). What comes along: carrying.py."""

from typing import NamedTuple

from django.db.models import Min
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch import outbox
from dispatch.actions import safety, tasks, timing, undertakings
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.actions.joining import carrying, giving_back
from dispatch.duplicates.never_merge import Side, blocked, sides_of
from dispatch.lifecycle import ABSORBED, RELEASED, State, move_from
from dispatch.models import Attachment, Case, Intake, Merge, Timer
from dispatch.models.timers import StandCause

MOST_STEPS = 20


class Refusal(NamedTuple):
    """Why two cases cannot be merged: a stable code and a text for people."""

    code: str
    message: Promise


def merge(context: MoveContext) -> None:
    """T12: the case's voices go to the primary; the earliest deadline and the highest priority win.

    Both rows are locked in one order by make_move. Raises RuleError.
    """
    case, primary = context.case, primary_of(context)
    sides = sides_of([case, primary])
    if found := why_not(case, primary, sides):
        why = [str(found.message)]
        raise RuleError(found.message, code="NOT_MERGEABLE", fields={"into": why})
    moved = list(Intake.objects.filter(case=case).values_list("pk", flat=True))
    along = carrying.carry(case, primary, by=context.by, now=context.now)
    Merge.objects.create(
        merged=case,
        primary=primary,
        from_state=case.state,
        intakes=moved,
        timers=along.stopped,
        shortened=along.shortened,
        carried=along.carried,
        own_priority=primary.priority,
        reason=context.text("reason"),
        by=context.by,
        at=context.now,
    )
    move_voices(moved, primary)
    _absorb(context, primary, numbers_of(moved))
    case.merged_into = primary
    case.intakes_count = 0
    context.changed |= {"merged_into", "intakes_count"}
    context.payload["into"] = primary.case_no


def unmerge(context: MoveContext) -> None:
    """T13: while the primary is open the voices go back; clocks and work go on, used time kept.

    The voices lie with the case at the end of the chain of merges; what the merge changed there
    is taken back where nothing else has changed it since.
    """
    case = context.case
    done = Merge.objects.select_related("primary").get(merged=case, undone_at__isnull=True)
    last = Case.objects.get(case_no=chain_of(case.case_no)[-1])
    if not last.is_open:
        raise RuleError(_("主案已结束，不能再拆回。"), code="PRIMARY_ENDED")
    voices = Intake.objects.filter(pk__in=done.intakes, case=last)
    back = list(voices.values_list("pk", flat=True))
    if not back:
        raise RuleError(_("并入的诉求都已另行拆出。"), code="NOTHING_LEFT")
    move_voices(back, case)
    undertakings.revive(case, ended_at=done.at)
    done.undone_at = context.now
    done.save(update_fields=["undone_at"])
    giving_back.give_back(done, now=context.now)
    for timer in Timer.objects.filter(pk__in=done.timers).select_related("case"):
        timing.go_on_after(timer, done.at, now=context.now, cause=StandCause.MERGED)
    tasks.lengthen(case, now=context.now)
    timing.replan(case)
    numbers = numbers_of(back)
    _release(context, last, done, numbers)
    case.merged_into = None
    case.intakes_count = len(back)
    case.match_keys = keys_of_voices(case)
    case.support_units = carrying.supports_of(case)
    context.changed |= {"merged_into", "intakes_count", "match_keys", "support_units"}
    context.target = State(done.from_state)
    context.payload |= {"from": last.case_no, "voices": numbers}


def primary_of(context: MoveContext) -> Case:
    """The case that `into` names, locked; only one that the user may see."""
    cases = Case.objects.select_for_update(of=("self",))
    if context.by is not None:
        cases = cases.visible_to(context.by)
    primary = cases.filter(case_no=context.text("into")).first()
    if primary is None:
        why = str(_("没有这个案件，或无权查看。"))
        raise RuleError(why, code="UNKNOWN_CASE", fields={"into": [why]})
    return primary


def why_not(case: Case, primary: Case, sides: dict[int, Side]) -> Refusal | None:
    """Why the case cannot go into the primary, or None: rule 8 of domain.md 4.3, the states that
    T12 names, and the never-merge list."""
    if primary.pk == case.pk:
        return Refusal("ITSELF", _("不能并入自身。"))
    if not primary.is_open:
        return Refusal("PRIMARY_ENDED", _("主案已结束。"))
    if primary.district_code != case.district_code:
        return Refusal("OTHER_DISTRICT", _("不同区的案件只能关联，不能并案。"))
    if move_from("merge", State(case.state)) is None:
        return Refusal("STATE", _("当前状态的案件不能并入他案。"))
    if case.state == State.PROCESSING and case.lead_unit_id != primary.lead_unit_id:
        return Refusal("OTHER_UNIT", _("处置中的案件仅可并入同一承办单位的案件。"))
    found = blocked(sides[case.pk], sides[primary.pk])
    return Refusal(found.code, found.message) if found else None


def chain_of(case_no: str) -> list[str]:
    """The numbers from a case to the one at the end of its merges; itself alone when not merged."""
    chain = [case_no]
    for _step in range(MOST_STEPS):
        merged = Case.objects.filter(case_no=chain[-1], state=State.MERGED.value)
        into = merged.values_list("merged_into__case_no", flat=True).first()
        if into is None:
            break
        chain.append(into)
    return chain


def move_voices(intakes: list[int], case: Case) -> None:
    """Re-point voices with their own reply clocks and pictures."""
    Intake.objects.filter(pk__in=intakes).update(case=case)
    Timer.objects.filter(intake_id__in=intakes).update(case=case)
    Attachment.objects.filter(intake_id__in=intakes).update(case=case)


def numbers_of(intakes: list[int]) -> list[str]:
    """The numbers of voices, for the log: whoever follows it re-points its own records by them."""
    rows = Intake.objects.filter(pk__in=intakes).order_by("pk")
    return list(rows.values_list("intake_no", flat=True))


def keys_of_voices(case: Case) -> list[str]:
    """What the voices of a case name, all together."""
    keys = Intake.objects.filter(case=case).values_list("match_keys", flat=True)
    return sorted({key for named in keys for key in named})


def lines_of(case: Case) -> str:
    """The lines that spoke of the case, the first voice's first."""
    lines = Intake.objects.filter(case=case).order_by("received_at", "pk")
    return ",".join(dict.fromkeys(lines.values_list("line", flat=True))) or case.line


SHARED = ("intakes_count", "version", "priority", "lines", "match_keys", "support_units", "is_hard",
          "urge_count")  # fmt: skip


def _absorb(context: MoveContext, primary: Case, voices: list[str]) -> None:
    """Rules 2 to 4: all voices, the highest priority, every mark of urgency."""
    case = context.case
    primary.priority = min(primary.priority, case.priority)
    primary.is_hard = primary.is_hard or case.is_hard
    primary.urge_count += case.urge_count
    _settle(context, primary, topic=ABSORBED, voices=voices, more=case.intakes_count)


def _release(context: MoveContext, last: Case, done: Merge, voices: list[str]) -> None:
    """What the case gave is taken back; marks that the primary earned itself stay."""
    others = Merge.objects.filter(primary=last, undone_at__isnull=True)
    lowest = others.aggregate(lowest=Min("merged__priority"))["lowest"]
    if done.primary_id == last.pk and last.priority == context.case.priority:
        known = [p for p in (done.own_priority, lowest) if p is not None]
        last.priority = min(known, default=last.priority)
    last.urge_count = max(0, last.urge_count - context.case.urge_count)
    _settle(context, last, topic=RELEASED, voices=voices, more=-len(voices))


def _settle(
    context: MoveContext, primary: Case, *, topic: str, voices: list[str], more: int
) -> None:
    primary.intakes_count = max(0, primary.intakes_count + more)
    primary.version += 1
    primary.lines = lines_of(primary)
    primary.match_keys = keys_of_voices(primary)
    primary.support_units = carrying.supports_of(primary)
    safety.follow_priority(primary, now=context.now)
    timing.replan(primary)
    timing.refresh_due(primary)
    primary.save(update_fields=[*SHARED, *timing.DUE_FIELDS])
    outbox.record(
        primary,
        topic=topic,
        by=context.by,
        now=context.now,
        from_state=primary.state,
        payload={"from": context.case.case_no, "voices": voices},
    )
