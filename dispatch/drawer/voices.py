"""The voices of a case with what each was promised and how far the calls back have come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dispatch.actions.checking import ANSWERED, UNREACHABLE
from dispatch.attempts import ATTEMPTS, counted, is_given_up, next_counts_from
from dispatch.lifecycle import Stage, State
from dispatch.models import Callback, Intake, Merge

HAS_CALL_BACK: Final = frozenset(
    {State.PENDING_CALLBACK.value, State.CLOSED.value, State.ARCHIVED.value}
)


def voices_of(case: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """The voices as the drawer shows them; confidential ones among others are only counted.

    Who may reveal a confidential voice sees it among the rest (domain.md 4.3, rule 4).
    """
    numbers = [intake["intake_no"] for intake in case["intakes"]]
    tries, since = _tries(numbers), _called_since(case)
    origins = _origins(case["case_no"])
    may_call = any(move["move"] == "callback_done" for move in case["moves"])
    shown = [
        _voice(intake, tries.get(intake["intake_no"], []), since, origins, case["state"], now)
        for intake in case["intakes"]
        if len(numbers) == 1 or not intake["confidential"] or intake["may_reveal"]
    ]
    waiting = sum(voice["is_waiting"] for voice in shown)
    return {
        "voices": [{**voice, "may_call": may_call and voice["is_waiting"]} for voice in shown],
        "hidden_voices": len(numbers) - len(shown) + case["confidential_voices"],
        "waiting_voices": waiting if case["state"] == State.PENDING_CALLBACK else 0,
    }


def _called_since(case: Mapping[str, Any]) -> datetime | None:
    """When the citizens began to be called: after a rework all are called again (checking.py)."""
    if case["state"] != State.PENDING_CALLBACK:
        return None
    clocks = [clock for clock in case["timers"] if clock["stage"] == Stage.CALLBACK]
    started = (datetime.fromisoformat(clock["started_at"]) for clock in clocks)
    return max(started, default=None)


def _tries(numbers: Sequence[str]) -> dict[str, list[Callback]]:
    found: dict[str, list[Callback]] = {}
    rows = Callback.objects.filter(intake__intake_no__in=numbers).select_related("intake", "by")
    for row in rows.order_by("at", "pk"):
        found.setdefault(row.intake.intake_no, []).append(row)
    return found


def _origins(case_no: str) -> dict[str, str]:
    """Which merged case each voice came from, by the number of the voice."""
    merges = Merge.objects.filter(primary__case_no=case_no, undone_at__isnull=True)
    rows = merges.select_related("merged").values_list("merged__case_no", "intakes")
    by_id = {pk: number for number, intakes in rows for pk in intakes}
    if not by_id:
        return {}
    pairs = Intake.objects.filter(pk__in=by_id)
    return {number: by_id[pk] for pk, number in pairs.values_list("pk", "intake_no")}


def _voice(
    intake: Mapping[str, Any],
    tries: Sequence[Callback],
    since: datetime | None,
    origins: Mapping[str, str],
    state: str,
    now: datetime,
) -> dict[str, Any]:
    counting = [one for one in tries if since is None or one.at >= since]
    missed = [one.at for one in counting if one.solved == UNREACHABLE]
    is_called = state in HAS_CALL_BACK
    answered = (one for one in reversed(counting) if is_called and one.solved in ANSWERED)
    answer = next(answered, None)
    wants = intake["wants_reply"] and is_called
    return {
        **intake,
        "origin": origins.get(intake["intake_no"], ""),
        "tries": [_try(one) for one in tries],
        "answer": _try(answer) if answer else None,
        "missed": counted(missed),
        "attempts": ATTEMPTS,
        "next_counts_from": next_counts_from(missed, now),
        "given_up": answer is None and is_given_up(missed),
        "is_waiting": wants and answer is None and not is_given_up(missed),
    }


def _try(row: Callback) -> dict[str, Any]:
    return {
        "at": row.at,
        "by": str(row.by) if row.by else "",
        "solved": row.solved,
        "satisfaction": row.satisfaction,
        "text": row.text,
    }
