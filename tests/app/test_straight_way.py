"""The straight way of a case through the lifecycle, by HTTP, with the people of the demo."""

from typing import Any

from dispatch.models import Callback, Case, Event, Timer
from tests.city import City
from tests.client import Api, call


def walk(city: City, case_no: str, steps: list[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    """Make the moves one after the other, each by its person with the version she sees."""
    body: dict[str, Any] = {}
    for username, move, fields in steps:
        api = Api(city, username)
        status, seen = api.get(f"cases/{case_no}")
        assert status == 200, (username, move, seen)
        assert move in {offer["move"] for offer in seen["moves"]}, (username, move, seen["moves"])
        status, body = api.post(
            f"cases/{case_no}/moves", {"move": move, "version": seen["version"], **fields}
        )
        assert status == 200, (username, move, body)
    return body


TO_CHECK: list[tuple[str, str, dict[str, Any]]] = [
    ("receiver1", "accept", {}),
    ("leader1", "file", {}),
    ("dispatcher1", "dispatch", {}),
    ("handler1", "sign", {}),
    ("handler1", "first_contact", {"way": "PHONE", "text": "已联系市民"}),
    ("approver1", "submit_result", {"text": "已清理干净"}),
]


def test_a_call_goes_from_registration_to_closing_with_check_and_callback(city: City) -> None:
    status, receipt = Api(city, "operator1").post("hotline/tickets", call())
    assert status == 201
    assert receipt["state"] == "REGISTERED"
    assert receipt["district"] == "339901"
    assert receipt["created"] is True
    body = walk(
        city,
        receipt["case_no"],
        [
            *TO_CHECK,
            ("dispatcher1", "ask_check", {}),
            ("inspector1", "check_pass", {"text": "已核查，干净"}),
            ("callback1", "callback_done", {"solved": "YES", "satisfaction": "SATISFIED"}),
        ],
    )
    assert body["state"] == "CLOSED"
    assert body["close_type"] == "NORMAL"
    case = Case.objects.get(case_no=receipt["case_no"])
    assert not Timer.objects.filter(case=case, state="RUNNING").exists()
    assert Callback.objects.filter(intake__case=case, solved="YES").count() == 1
    topics = Event.objects.filter(case_id=case.pk).order_by("id").values_list("topic", flat=True)
    assert list(topics) == [
        "case.registered",
        "case.accepted",
        "case.filed",
        "case.dispatched",
        "case.signed",
        "case.contacted",
        "case.submitted",
        "case.check_asked",
        "case.check_passed",
        "case.closed",
    ]


def test_an_inspectors_case_closes_by_itself_when_the_check_passes(city: City) -> None:
    status, receipt = Api(city, "inspector1").post(
        "grid/findings",
        {
            "uid": "6f1b1f0e-1111-4c3a-9a5e-000000000001",
            "device": "phone-1",
            "captured_at": "2026-03-02T09:00:00+08:00",
            "category": "E0102",
            "location": {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 5},
        },
    )
    assert status == 201, receipt
    body = walk(
        city,
        receipt["case_no"],
        [
            *TO_CHECK,
            ("dispatcher1", "ask_check", {}),
            ("inspector1", "check_pass", {"text": "干净"}),
        ],
    )
    assert body["state"] == "CLOSED"
