"""T2's call-back by sample: was what the desk answered at once an answer? (domain.md 7.2, 2.4.4)

Chance draws, not the person who answered: the lot falls by a keyed digest of the voice's number,
so nobody can tell it beforehand and a repetition draws the same. The clock runs on after the case
has closed. Who was not helped comes back to the desk. These answers are no part of the three
rates: what the desk answered itself stands outside them (2.6).
"""

from django.utils.translation import gettext_lazy as _

from accounts import identity
from dispatch import catalogue
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.actions.following_up import take_back
from dispatch.attempts import is_given_up
from dispatch.lifecycle import Stage
from dispatch.models import Callback, Case, Intake, SampleRate

PARTS = 10_000
UNREACHABLE, NOT_HELPED = "UNREACHABLE", "NO"
UNASKED = frozenset({UNREACHABLE, "OPTED_OUT"})


def draw(context: MoveContext) -> None:
    """Start the clock of the call where the lot falls on the voice; else none starts."""
    context.starts = ()
    voice = voice_of(context.case)
    limits = catalogue.current().limits
    if voice is None or (Stage.SAMPLE.value, context.case.priority) not in limits:
        return
    if is_drawn(voice.intake_no, percent_of(voice.kind)):
        context.starts = (Stage.SAMPLE,)
        context.payload["sampled"] = voice.intake_no


def voice_of(case: Case) -> Intake | None:
    """The first voice that can be called at all."""
    return case.intakes.filter(caller_phone__isnull=False).order_by("received_at", "pk").first()


def percent_of(kind: str) -> int:
    """Which part of a kind is called: its own row, else the one for all, else nobody."""
    rates = dict(SampleRate.objects.filter(kind__in=[kind, ""]).values_list("kind", "percent"))
    return rates.get(kind, rates.get("", 0))


def is_drawn(number: str, percent: int) -> bool:
    """True where the lot of a number falls into the part; the same whenever it is asked."""
    lot = int(identity.keyed_digest(f"sample {number}")[:8], 16) % PARTS
    return lot < percent * PARTS // 100


def sample_call(context: MoveContext) -> None:
    """The citizen says whether she was helped. Nobody answers: try again, as often as at a
    call-back (attempts.py). Not helped: the case is registered again, with new promises."""
    case, solved = context.case, context.text("solved")
    satisfaction, words = context.text("satisfaction"), context.text("text")
    if solved == NOT_HELPED and not words:
        why = str(_("请写明诉求人还有什么问题。"))
        raise RuleError(why, code="TEXT_MISSING", fields={"text": [why]})
    if satisfaction and solved in UNASKED:
        why = str(_("未接通或不愿评价时不填满意度。"))
        raise RuleError(why, code="FIELDS", fields={"satisfaction": [why]})
    voice = voice_of(case)
    if voice is None:
        raise RuleError(_("没有可回访的电话。"), code="NOBODY_TO_CALL")
    Callback.objects.create(
        intake=voice, at=context.now, by=context.by, solved=solved, satisfaction=satisfaction,
        text=words,
    )  # fmt: skip
    context.payload |= {"intake": voice.intake_no, "solved": solved}
    if solved == UNREACHABLE and not _is_given_up(case, voice):
        return
    context.stops = frozenset({Stage.SAMPLE})
    if solved == NOT_HELPED:
        take_back(context)


def _is_given_up(case: Case, voice: Intake) -> bool:
    tries = Callback.objects.filter(intake=voice, solved=UNREACHABLE, at__gte=case.closed_at)
    return is_given_up(list(tries.values_list("at", flat=True)))
