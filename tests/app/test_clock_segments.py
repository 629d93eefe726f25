"""The clock of a case says who held it and for how many working minutes."""

from datetime import timedelta

from dispatch.actions.moving import make_move
from dispatch.models import Case
from dispatch.timekeeping.segments import clock_of
from dispatch.voices import Caller, Position
from hotline.actions import Call, log_call
from tests.city import NOW, City


def test_segments_name_each_party_and_its_working_minutes(city: City) -> None:
    call = Call(
        kind="COMPLAINT",
        title="垃圾散落",
        content="",
        category="E0104",
        caller=Caller(),
        occurred_at=NOW,
        position=Position(119.6001, 29.9001, "WGS84"),
    )
    case_no = log_call(call, by=city["operator1"], now=NOW).body["case_no"]
    steps = (
        ("receiver1", "accept", 10),
        ("leader1", "file", 25),
        ("dispatcher1", "dispatch", 30),
        ("handler1", "sign", 60 * 5),
    )
    for username, move, minutes in steps:
        version = Case.objects.get(case_no=case_no).version
        at = NOW + timedelta(minutes=minutes)
        make_move(case_no=case_no, move=move, version=version, data={}, by=city[username], now=at)

    clock = clock_of(city["leader1"], case_no, now=NOW + timedelta(hours=6))

    held = [(s["stage"], s["party"], s["counted_minutes"]) for s in clock["segments"]]
    assert held == [
        ("ACCEPT", "RECEIVER", 10.0),
        ("FILE", "DUTY_LEADER", 15.0),
        ("DISPATCH", "DISPATCHER", 5.0),
        ("SIGN", "A2", 150.0),
        ("DISPOSAL", "A2", 60.0),
    ]
    assert {timer["stage"] for timer in clock["timers"]} >= {"ACCEPT", "DISPOSAL", "SIGN", "REPLY"}
