"""拆分: chosen voices leave into a case of their own (domain.md 4.3, rule 1)."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from dispatch import catalogue, numbers, outbox
from dispatch.actions import timing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.actions.joining import carrying, linking, merging
from dispatch.lifecycle import SPLIT_OFF, Stage, State
from dispatch.models import Case, Intake, Timer
from dispatch.models.merges import LinkKind
from gis import locator

WAITS_FOR = {
    State.REGISTERED: Stage.ACCEPT,
    State.VERIFYING: Stage.VERIFY,
    State.PENDING_FILING: Stage.FILE,
    State.PENDING_DISPATCH: Stage.DISPATCH,
}
"""States in which the new case goes on as the old one; from later ones it is dispatched anew."""


def split(context: MoveContext) -> None:
    """M3: the voices take their reply clocks, the case's used time goes along; own number.

    Undone by merging the new case back.
    """
    case = context.case
    voices = _chosen(context)
    made = _make(context, voices)
    merging.move_voices([voice.pk for voice in voices], made)
    _copy_clocks(context, made)
    timing.refresh_due(made)
    made.save(update_fields=[*timing.DUE_FIELDS, "extension_count"])
    linking.tie(context, made, LinkKind.SPLIT)
    case.intakes_count -= len(voices)
    case.lines = merging.lines_of(case)
    case.match_keys = merging.keys_of_voices(case)
    context.changed |= {"intakes_count", "lines", "match_keys"}
    context.payload |= {"into": made.case_no, "voices": [voice.intake_no for voice in voices]}
    outbox.record(
        made,
        topic=SPLIT_OFF,
        by=context.by,
        now=context.now,
        payload={"from": case.case_no, "voices": [voice.intake_no for voice in voices]},
    )


def _chosen(context: MoveContext) -> list[Intake]:
    """The voices by their numbers, the first that came first; some must stay."""
    wanted = {str(number) for number in context.data["intakes"]}
    rows = Intake.objects.filter(case=context.case, intake_no__in=wanted)
    voices = list(rows.order_by("received_at", "pk"))
    if len(voices) != len(wanted):
        raise _refusal(_("所选诉求不在本案中。"), "UNKNOWN_VOICE")
    if Intake.objects.filter(case=context.case).count() == len(voices):
        raise _refusal(_("至少要留下一件诉求。"), "NOTHING_LEFT")
    return voices


def _make(context: MoveContext, voices: Sequence[Intake]) -> Case:
    """The new case speaks as its first voice does, where that voice says it is."""
    case, first = context.case, voices[0]
    category = catalogue.current().categories[first.category_code]
    hidden = any(voice.confidential or voice.kind == "REPORT" for voice in voices)
    made = Case(
        state=_state_of(case).value,
        line=first.line,
        lines=",".join(dict.fromkeys(voice.line for voice in voices)),
        category_code=category.code,
        condition_code=_condition_of(case, category.code),
        family=category.family,
        priority=case.priority,
        sensitive=category.sensitive or hidden,
        title=first.title,
        address=first.address or case.address,
        location=first.location or case.location,
        accuracy_m=first.accuracy_m if first.location else case.accuracy_m,
        intakes_count=len(voices),
        match_keys=sorted({key for voice in voices for key in voice.match_keys}),
        created_at=first.received_at,
        state_at=context.now,
    )
    _locate(made, case, first)
    made.case_no = numbers.case_no(
        made.district_code,
        numbers.intake_no(numbers.take()[0], first.line, context.now),
    )
    made.lead_unit_id = None if made.sensitive else _foreseen(made, context)
    made.save(force_insert=True)
    return made


def _state_of(case: Case) -> State:
    state = State(case.state)
    return state if state in WAITS_FOR else State.PENDING_DISPATCH


def _condition_of(case: Case, category: str) -> str:
    if category == case.category_code:
        return case.condition_code
    if State(case.state) in {State.REGISTERED, State.VERIFYING, State.PENDING_FILING}:
        return ""
    found = catalogue.current().default_condition(category)
    return found.code if found else ""


def _locate(made: Case, case: Case, first: Intake) -> None:
    """The areas of the voice's own point; the old case's where it has none in the city."""
    made.area_code, made.district_code = case.area_code, case.district_code
    made.street_code, made.community_code = case.street_code, case.community_code
    made.cell_code = case.cell_code
    located = locator.locate(first.location.x, first.location.y) if first.location else None
    if located is None or not located.district_code:
        return
    made.district_code, made.street_code = located.district_code, located.street_code
    made.community_code, made.cell_code = located.community_code, located.cell_code
    made.area_code = (
        located.cell_code or located.community_code or located.street_code or located.district_code
    )


def _foreseen(made: Case, context: MoveContext) -> int | None:
    suggestion = catalogue.current().suggest_unit(
        made.category_code, made.area_code, condition=made.condition_code, at=context.now
    )
    return suggestion.unit_id if suggestion else None


def _copy_clocks(context: MoveContext, made: Case) -> None:
    """The used time is kept: the stage's clock and the disposal's go along as they stand,
    with what was granted."""
    waits = WAITS_FOR[State(made.state)]
    clocks = Timer.objects.filter(
        case=context.case,
        intake__isnull=True,
        stage__in=[waits.value, Stage.DISPOSAL.value],
        state__in=timing.OPEN_STATES,
    )
    for clock in clocks:
        carrying.copy_clock(clock, made, now=context.now, is_capped=clock.is_capped)
        if clock.stage == Stage.DISPOSAL.value:
            made.extension_count = len(carrying.copy_extensions(clock, made))
    if not timing.is_open(made, waits):
        timing.start(made, waits, now=context.now)


def _refusal(message: object, code: str) -> RuleError:
    return RuleError(message, code=code, fields={"intakes": [str(message)]})
