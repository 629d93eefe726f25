"""Tasks, judgements and supervision when two act at once: real threads, committed rows."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.actions.errors import MoveError, StaleVersionError
from dispatch.actions.moving import make_move
from dispatch.lifecycle import ENDED
from dispatch.models import Assignment, Case, Event, Extension, Supervision, Timer
from tests.app.test_disputes import dispatched, log, move, processing
from tests.app.test_lifecycle_machine import check
from tests.app.test_supervision import to_the_callback
from tests.app.test_tasks import GIVE, led_by_the_centre
from tests.app.threads import at_once
from tests.city import NOW, City

Act = tuple[str, str, dict[str, Any]]
LATER = NOW + timedelta(minutes=130)


def race(city: City, case: Case, *acts: Act, insist: bool = False) -> list[str]:
    """Each act at the same moment on the same version; done, or the code of the refusal.

    With `insist` who is told of a newer version reads it and tries again, as people do.
    """
    for who, _, _ in acts:
        city[who].scope()

    def act(n: int) -> str:
        who, name, data = acts[n]
        version = case.version
        for _ in range(5):
            try:
                make_move(case_no=case.case_no, move=name, version=version, data=data,
                          by=city[who], now=LATER)  # fmt: skip
            except StaleVersionError as error:
                if not insist:
                    return error.code
                version = error.version
            except MoveError as error:
                return error.code
            else:
                return "done"
        return "tired"

    results = at_once(act, len(acts))
    case.refresh_from_db()
    check(case)
    return results


def test_of_two_dispatchers_one_dispatches(real_city: City) -> None:
    case = log(real_city)
    for who, name in (("receiver1", "accept"), ("leader1", "file")):
        move(real_city, case, who, name)
    acts = [("dispatcher1", "dispatch", {"unit": code}) for code in ("A1", "A2")]

    results = race(real_city, case, *acts)

    assert sorted(results) == ["STALE_VERSION", "done"]
    assert Assignment.objects.filter(case=case).count() == 1


def test_of_two_units_that_sign_one_task_one_signs(real_city: City) -> None:
    case = led_by_the_centre(real_city)
    move(real_city, case, "handler1", "sub_dispatch", 10, **GIVE)

    results = race(
        real_city, case, ("cleaner1", "sub_sign", {}), ("handler1", "sub_sign", {}), insist=True
    )

    assert sorted(results) == ["ALREADY_SIGNED", "done"]
    assert Event.objects.filter(case_id=case.pk, topic="case.task_signed").count() == 1


def test_of_two_leaders_who_judge_one_extension_one_judges(real_city: City) -> None:
    case = processing(real_city)
    move(
        real_city, case, "approver1", "request_extension", 10, days="2", reason="材料", told="PHONE"
    )

    results = race(
        real_city, case,
        ("leader1", "approve_extension", {"reason": "同意"}),
        ("commander1", "refuse_extension", {"reason": "不同意"}),
        insist=True,
    )  # fmt: skip

    assert sorted(results) == ["NOT_ASKED", "done"]
    extension = Extension.objects.get(case=case)
    judge = "leader1" if results[0] == "done" else "commander1"
    assert extension.decided_by == real_city[judge]
    assert case.extension_count == (judge == "leader1")


@pytest.mark.parametrize("_round", range(3))
def test_a_task_done_while_the_lead_submits_leaves_no_open_part(
    real_city: City, _round: int
) -> None:
    case = led_by_the_centre(real_city)
    move(real_city, case, "handler1", "sub_dispatch", 10, **GIVE)

    results = race(
        real_city, case,
        ("cleaner1", "sub_done", {"text": "已清扫"}),
        ("approver1", "submit_result", {"text": "已清理"}),
        insist=True,
    )  # fmt: skip

    assert results[0] == "done"
    assert results[1] in {"done", "SUPPORT_OPEN"}
    task = Assignment.objects.get(case=case, role="SUB")
    assert task.state == ("ACCEPTED" if results[1] == "done" else "SUBMITTED")


@pytest.mark.parametrize("_round", range(3))
def test_supervision_and_closing_at_once_leave_no_closed_case_with_an_open_thread(
    real_city: City, _round: int
) -> None:
    case = to_the_callback(real_city, processing(real_city))

    results = race(
        real_city, case,
        ("supervisor1", "supervise", {"text": "请办"}),
        ("callback1", "callback_done", {"solved": "YES"}),
        insist=True,
    )  # fmt: skip

    assert "done" in results
    is_open = Supervision.objects.filter(case=case, ended_at__isnull=True).exists()
    assert is_open is (results[0] == "done")
    assert results[1] == "done"
    assert is_open is (case.state not in ENDED)


def test_two_supervisors_at_once_share_one_thread(real_city: City) -> None:
    case = processing(real_city)

    results = race(
        real_city, case,
        ("supervisor1", "supervise", {"text": "请办"}),
        ("leader1", "supervise", {"text": "请速办", "supervision": "LISTED"}),
        insist=True,
    )  # fmt: skip

    assert results == ["done", "done"]
    thread = Supervision.objects.get(case=case)
    assert thread.kind == "LISTED"
    assert thread.messages.count() == 2
    assert Timer.objects.filter(case=case, stage="SUPERVISE").count() == 1


def test_the_same_task_given_twice_at_once_is_given_once(real_city: City) -> None:
    case = led_by_the_centre(real_city)

    results = race(
        real_city, case, ("handler1", "sub_dispatch", GIVE), ("approver1", "sub_dispatch", GIVE),
        insist=True,
    )  # fmt: skip

    assert sorted(results) == ["ALREADY_IN", "done"]


def test_two_units_sign_one_case_at_once_and_one_is_told_who_was_first(real_city: City) -> None:
    case = dispatched(real_city)

    results = race(real_city, case, ("cleaner1", "sign", {}), ("handler1", "sign", {}))

    assert sorted(results) == ["STALE_VERSION", "done"]
    lead = Assignment.objects.get(case=case)
    assert lead.signed_by == real_city["cleaner1" if results[0] == "done" else "handler1"]
