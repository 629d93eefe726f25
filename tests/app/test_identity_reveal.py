"""Who sees a caller: masked by default, in full only for a purpose, and always logged."""

import pytest

from accounts.models import AccessLog
from dispatch.models import Case
from tests.app.test_disputes import dispatched, log, move, processing
from tests.city import City
from tests.client import Api

WHY = {"purpose": "回访核实情况"}


def number(case: Case) -> str:
    """The number of the case's only voice."""
    return case.intakes.get().intake_no


@pytest.mark.parametrize("who", ["operator1", "leader1", "callback1"])
def test_a_purpose_shows_the_identity_and_leaves_a_line(city: City, who: str) -> None:
    case = log(city)

    status, body = Api(city, who).post(f"intakes/{number(case)}/reveal", WHY)

    assert (status, body["phone"]) == (200, "13800138000")
    line = AccessLog.objects.get()
    assert (line.user, line.subject, line.purpose) == (city[who], number(case), WHY["purpose"])


@pytest.mark.parametrize("who", ["dispatcher1", "receiver1", "handler1", "inspector1"])
def test_others_are_refused_and_nothing_is_logged(city: City, who: str) -> None:
    case = dispatched(city)

    status, body = Api(city, who).post(f"intakes/{number(case)}/reveal", WHY)

    assert (status, body["error"]["code"]) == (403, "NOT_ALLOWED")
    assert not AccessLog.objects.exists()


def test_no_purpose_no_identity(city: City) -> None:
    case = log(city)

    status, body = Api(city, "leader1").post(f"intakes/{number(case)}/reveal", {"purpose": "  看"})

    assert (status, body["error"]["code"]) == (422, "PURPOSE_REQUIRED")
    assert not AccessLog.objects.exists()


def test_a_report_is_confidential_to_operators_too(city: City) -> None:
    case = log(city, kind="REPORT")

    assert Api(city, "operator1").post(f"intakes/{number(case)}/reveal", WHY)[0] == 403
    assert Api(city, "leader1").post(f"intakes/{number(case)}/reveal", WHY)[0] == 200


@pytest.mark.parametrize(
    ("who", "shown"),
    [("handler1", "138****8000"), ("leader1", "138****8000"), ("inspector1", None),
     ("commander1", None)],
)  # fmt: skip
def test_the_file_shows_a_masked_number_or_none(city: City, who: str, shown: str | None) -> None:
    case = dispatched(city)

    body = Api(city, who).get(f"cases/{case.case_no}")[1]

    caller = body["intakes"][0]["caller"]
    assert (caller["phone"] if caller else None) == shown
    assert "13800138000" not in str(body)


def test_who_was_not_reached_cannot_be_satisfied(city: City) -> None:
    """domain.md 9.1, trap 13."""
    case = processing(city)
    for who, name in (("approver1", "submit_result"), ("dispatcher1", "ask_check"),
                      ("inspector1", "check_pass")):  # fmt: skip
        move(city, case, who, name, text="干净")
    path = f"intakes/{number(case)}/callbacks"
    answer = {"solved": "UNREACHABLE", "satisfaction": "SATISFIED"}

    status, body = Api(city, "callback1").post(path, answer)

    assert (status, "satisfaction" in body["error"]["fields"]) == (422, True)
    assert Api(city, "callback1").post(path, {"solved": "UNREACHABLE"})[0] == 200
