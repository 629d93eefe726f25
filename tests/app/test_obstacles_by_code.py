"""Each code that the file names beside a move is the code by which the move is refused."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from dispatch.facts import facts_of
from dispatch.models import Case
from dispatch.obstacles import obstacle
from tests.app.test_disputes import log, move, processing
from tests.app.test_guards import refusal_of
from tests.app.test_merge_rules import merged_into
from tests.app.test_promises import blocked, handed_over
from tests.app.test_sampled_answers import answered
from tests.app.test_supervision import to_the_callback
from tests.city import NOW, City


def changed(case: Case, **columns: Any) -> Case:
    Case.objects.filter(pk=case.pk).update(**columns)
    case.refresh_from_db()
    return case


def submitted(city: City) -> Case:
    return move(city, processing(city), "approver1", "submit_result", 10, text="已清理")


def waiting(city: City) -> Case:
    return move(city, processing(city), "handler1", "wait_citizen", 5, text="门牌？", way="PHONE")


def gone_with_its_primary(city: City, *, steps: int = 1) -> Case:
    """A case merged into one that was merged on (if so told), whose last one is rejected."""
    cases = [log(city) for _ in range(steps + 1)]
    for n, (case, primary) in enumerate(pairwise(cases)):
        merged_into(city, case, primary, minutes=n)
    told = {"reject_reason": "OUT_OF_DUTY", "reason": "不属职责", "told": "PHONE"}
    move(city, cases[-1], "receiver1", "reject", 10, **told)
    return changed(cases[0])


WHY = {"reason": "说明"}
TEXT = {"text": "说明"}
ROWS: tuple[tuple[str, str, str, Callable[[City], Case], dict[str, str]], ...] = (
    ("NEEDS_VERIFICATION", "receiver1", "accept", lambda c: log(c, "E0110"), {}),
    ("NO_VERIFICATION", "receiver1", "ask_verify", lambda c: changed(log(c), priority=0), {}),
    ("NOT_OWN_FINDING", "inspector1", "self_handle", log, TEXT),
    ("NOT_AN_EMERGENCY", "leader1", "emergency_dispatch", log, WHY),
    ("ALREADY_WAITING", "handler1", "wait_citizen", waiting, {**TEXT, "way": "PHONE"}),
    ("NOT_WAITING", "handler1", "citizen_answered", processing, TEXT),
    ("NO_EXPLANATION", "leader1", "approve_explanation",
     lambda c: to_the_callback(c, processing(c)), WHY),
    ("NO_PLACE", "dispatcher1", "ask_check", lambda c: changed(submitted(c), location=None), {}),
    ("CHECK_REQUIRED", "dispatcher1", "no_check_needed", submitted, WHY),
    ("NO_SUPPORT", "approver1", "recall", processing, {**WHY, "unit": "A1"}),
    ("PRIMARY_ENDED", "leader1", "unmerge", gone_with_its_primary, WHY),
    ("PRIMARY_ENDED", "leader1", "unmerge", partial(gone_with_its_primary, steps=2), WHY),
    ("NEVER_DISPATCHED", "leader1", "reopen", answered, WHY),
)  # fmt: skip


@pytest.mark.parametrize(("code", "who", "name", "case_in", "data"), ROWS, ids=[r[0] for r in ROWS])
def test_what_stands_in_the_way_is_said_and_refuses(
    city: City, code: str, who: str, name: str, case_in: Callable[[City], Case],
    data: dict[str, str],
) -> None:  # fmt: skip
    case = case_in(city)

    assert blocked(city, who, case, 95)[name] == code
    assert refusal_of(city, case, who, name, 95, **data) == code


@pytest.mark.parametrize(
    ("code", "case_in"), [("NOT_FOLLOWED_UP", handed_over), ("SAMPLE_OPEN", answered)]
)
def test_no_case_is_archived_before_its_call(
    city: City, code: str, case_in: Callable[[City], Case]
) -> None:
    case = case_in(city)

    found = obstacle("archive", facts_of(case, by=None, now=NOW + timedelta(days=40)))

    assert found is not None
    assert found.code == code
