"""Many calls about one outage are recognised, offered once, accepted as one."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import catalogue
from dispatch.actions.errors import (
    CaseNotFoundError,
    NotAllowedError,
    RuleError,
    StaleVersionError,
)
from dispatch.actions.joining.deciding import accept, change_answer, dismiss
from dispatch.models import Case, Cursor, Event, Incident, Intake, Note
from tests.app.joining_fixtures import ESTATE, FAR, caller, case_of, recognise, say
from tests.app.test_disputes import move
from tests.app.threads import at_once
from tests.city import NOW, A, B, City
from tests.client import Api

ANSWER = "春晓花园片区停水，正在抢修，预计今晚八点恢复。"
LATER = NOW + timedelta(minutes=30)


def calls(city: City, many: int, *, start: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """Different callers, a minute apart, about one outage."""
    return [
        say(city, "L9013", n, caller=caller(n), **{"address": ESTATE, **changes})
        for n in range(start, start + many)
    ]


def offered(city: City, many: int = 5, **changes: Any) -> Incident:
    calls(city, many, **changes)
    [incident] = recognise(LATER)
    return incident


def test_five_callers_of_one_estate_in_half_an_hour_are_offered_as_one(city: City) -> None:
    receipts = calls(city, 4)
    assert recognise(LATER) == []
    receipts += calls(city, 1, start=4)

    [incident] = recognise(LATER)

    assert (incident.state, incident.place, incident.voices) == ("OFFERED", "春晓花园", 5)
    assert incident.primary.case_no == receipts[0]["case_no"]
    assert incident.members.count() == 5
    event = Event.objects.get(topic="incident.offered")
    assert event.payload == {"incident": incident.pk, "voices": 5}


def test_a_case_that_an_incident_was_offered_on_opens_before_and_after(city: City) -> None:
    incident = offered(city)
    path = f"cases/{incident.primary.case_no}"

    assert Api(city, "leader1").get(path)[0] == 200
    accept(incident_id=incident.pk, answer=ANSWER, auto_join=True, by=city["leader1"], now=LATER)
    assert Api(city, "leader1").get(path)[0] == 200


@pytest.mark.parametrize(
    ("many", "changes"),
    [
        (5, {"caller": caller(1)}),
        (5, {"kind": "REPORT"}),
        (4, {}),
    ],
    ids=["one caller five times", "confidential reports", "too few"],
)
def test_what_is_no_incident_is_not_offered(city: City, many: int, changes: dict[str, Any]) -> None:
    for n in range(many):
        say(city, "L9013", n, **{"caller": caller(n), "address": ESTATE, **changes})

    assert recognise(LATER) == []


def test_neither_slow_calls_nor_other_families_nor_two_ends_of_a_city_make_one(
    city: City,
) -> None:
    for n in range(5):
        say(city, "L9013", n * 10, caller=caller(n), address=ESTATE)
        say(city, "E0104", n, caller=caller(10 + n), address=ESTATE)
    assert recognise(NOW + timedelta(hours=1)) == []


def test_a_radius_is_enough_without_an_estate(city: City) -> None:
    incident = offered(city, address="")

    assert incident.spot.startswith("Q:")
    assert incident.place == "春晓社区"
    assert incident.centre is not None


def test_the_recogniser_may_die_and_hear_twice_and_never_offers_twice(city: City) -> None:
    incident = offered(city)
    Cursor.objects.all().update(seq=0)

    assert recognise(LATER) == [incident]
    assert Event.objects.filter(topic="incident.offered").count() == 1


def test_later_voices_grow_the_offer(city: City) -> None:
    offered(city)
    calls(city, 3, start=5)

    [incident] = recognise(LATER)

    assert (incident.voices, incident.members.count()) == (8, 8)


def test_history_is_not_offered(city: City) -> None:
    calls(city, 5)

    assert recognise(NOW + timedelta(days=1)) == []


def test_accepting_makes_one_case_and_the_never_merge_list_holds(city: City) -> None:
    incident = offered(city)
    members = list(incident.members.order_by("pk"))
    kept = members[-1].case
    Case.objects.filter(pk=kept.pk).update(sensitive=True)

    accepted = accept(
        incident_id=incident.pk, answer=ANSWER, auto_join=False, by=city["leader1"], now=LATER
    )

    primary = Case.objects.get(pk=accepted.primary_id)
    assert (accepted.state, primary.intakes_count) == ("ACCEPTED", 4)
    assert Case.objects.filter(state="MERGED", merged_into=primary).count() == 3
    kept.refresh_from_db()
    assert kept.state == "REGISTERED"
    assert incident.members.get(case=kept).left_out == "SENSITIVE"
    assert Event.objects.filter(case_id=primary.pk, topic="incident.accepted").count() == 1


def accepted_one(city: City, *, auto_join: bool = False) -> Incident:
    incident = offered(city)
    accept(
        incident_id=incident.pk, answer=ANSWER, auto_join=auto_join, by=city["leader1"], now=LATER
    )
    catalogue.refresh()
    return Incident.objects.get(pk=incident.pk)


def test_who_calls_next_is_offered_the_incident_first_with_the_answer(city: City) -> None:
    incident = accepted_one(city)

    receipt = say(city, "L9013", 40, caller=caller(50), address="春晓花园9幢", position=None)
    far = say(city, "L9013", 41, caller=caller(51), address="望江花园1幢", position=None)

    hit = receipt["duplicates"][0]
    assert receipt["created"]
    assert (hit["case_no"], hit["reasons"][0]) == (incident.primary.case_no, "AREA_INCIDENT")
    assert hit["incident"] == {"id": incident.pk, "answer": ANSWER}
    assert far["duplicates"] == []


def test_new_voices_join_by_themselves_where_the_leader_said_so(city: City) -> None:
    incident = accepted_one(city, auto_join=True)

    joined = say(city, "L9013", 40, caller=caller(50), address=ESTATE)
    report = say(city, "L9013", 41, caller=caller(51), address=ESTATE, kind="REPORT")
    praise = say(city, "L9013", 42, caller=caller(52), address=ESTATE, kind="PRAISE")

    assert joined["case_no"] == incident.primary.case_no
    assert joined["merged_into_existing"]
    assert report["created"]
    assert praise["created"]
    payload = Event.objects.filter(topic="intake.attached").latest("id").payload
    assert (payload["rule"], payload["incident"]) == ("AREA_INCIDENT", incident.pk)


def test_what_was_dismissed_is_offered_again_only_for_new_voices(city: City) -> None:
    incident = offered(city)
    dismiss(incident_id=incident.pk, reason="各修各的", by=city["leader1"], now=LATER)
    for n in range(4):
        say(city, "L9013", 31 + n, caller=caller(20 + n), address=ESTATE)
    assert len(recognise(NOW + timedelta(minutes=40))) == 1

    say(city, "L9013", 36, caller=caller(30), address=ESTATE)

    again = recognise(NOW + timedelta(minutes=41))
    assert [one.state for one in again] == ["DISMISSED", "OFFERED"]
    assert again[1].voices == 5


def test_an_incident_ends_with_its_case_and_the_log_says_so(city: City) -> None:
    incident = accepted_one(city)
    move(city, incident.primary, "leader1", "void", 50, reason="误报")

    [closed] = recognise(NOW + timedelta(hours=1))

    assert closed.state == "CLOSED"
    assert Event.objects.filter(topic="incident.closed").count() == 1


def test_an_incident_goes_on_with_the_case_that_took_its_own(city: City) -> None:
    incident = accepted_one(city)
    other = case_of(say(city, "L9013", 40, caller=caller(60), position=FAR))
    move(city, incident.primary, "leader1", "merge", 50, into=other.case_no, reason="同一管线")

    [live] = recognise(NOW + timedelta(hours=1))

    assert (live.state, live.primary_id) == ("ACCEPTED", other.pk)


def test_the_second_who_decides_is_told_who_was_first(city: City) -> None:
    incident = accepted_one(city)

    with pytest.raises(StaleVersionError) as refusal:
        dismiss(incident_id=incident.pk, reason="不是", by=city["leader1"], now=LATER)

    assert refusal.value.who == "leader1"


@pytest.mark.parametrize(
    ("who", "error"),
    [("operator1", NotAllowedError), ("handler1", CaseNotFoundError),
     ("inspector2", CaseNotFoundError)],
)  # fmt: skip
def test_only_the_duty_leader_of_the_district_decides(
    city: City, who: str, error: type[Exception]
) -> None:
    incident = offered(city)

    with pytest.raises(error):
        accept(incident_id=incident.pk, answer="", auto_join=False, by=city[who], now=LATER)


def test_a_dismissal_says_why(city: City) -> None:
    incident = offered(city)

    with pytest.raises(RuleError) as refusal:
        dismiss(incident_id=incident.pk, reason=" ", by=city["leader1"], now=LATER)

    assert set(refusal.value.fields) == {"reason"}


def test_the_incidents_of_a_district_by_json(city: City) -> None:
    incident = offered(city)
    leader, operator = Api(city, "leader1"), Api(city, "operator1")

    status, listed = operator.get("incidents", district=A)
    _, elsewhere = operator.get("incidents", district=B)
    hidden, _ = Api(city, "handler1").get("incidents", district=A)
    forbidden, _ = operator.post(f"incidents/{incident.pk}/accept", {"answer": ANSWER})
    done, body = leader.post(f"incidents/{incident.pk}/accept", {"answer": ANSWER})
    again, error = leader.post(f"incidents/{incident.pk}/dismiss", {"reason": "不是"})

    assert status == 200
    assert [one["id"] for one in listed["items"]] == [incident.pk]
    assert elsewhere["items"] == []
    assert (hidden, forbidden, done, again) == (404, 403, 200, 409)
    assert (body["state"], body["answer"], len(body["cases"])) == ("ACCEPTED", ANSWER, 5)
    assert error["error"]["code"] == "STALE_VERSION"


def test_recognising_costs_the_intake_no_round_trip(city: City) -> None:
    def looks(minute: int) -> int:
        """How often the radar asks for one call, its statements prepared and rules read before."""
        say(city, "L9013", minute, caller=caller(40 + minute), address=ESTATE)
        with CaptureQueriesContext(connection) as asked:
            say(city, "L9013", minute + 1, caller=caller(41 + minute), address=ESTATE)
        return sum("pg_advisory_xact_lock" in query["sql"] for query in asked)

    before = looks(0)
    accepted_one(city)

    assert before == looks(31) == 1


def test_of_twenty_voices_at_once_exactly_one_incident_comes(real_city: City) -> None:
    def speak(n: int) -> datetime:
        say(real_city, "L9013", caller=caller(n), address=ESTATE)
        recognise(LATER)
        return NOW

    at_once(speak, 20)

    [incident] = recognise(LATER)
    assert (incident.voices, incident.members.count()) == (20, 20)
    assert Event.objects.filter(topic="incident.offered").count() == 1
    assert Intake.objects.count() == 20


def told_anew(city: City, incident: Incident, answer: str, **changes: object) -> Incident:
    """The leader gives another answer, having seen the one that stands."""
    wanted = {"answer": answer, "auto_join": False, "instead_of": incident.answer, **changes}
    return change_answer(incident_id=incident.pk, by=city["leader1"], now=LATER, **wanted)  # type: ignore[arg-type]


def test_who_calls_after_the_answer_was_changed_hears_the_new_one(city: City) -> None:
    incident = accepted_one(city)
    told_anew(city, incident, " 延到今晚十点恢复。 ", auto_join=True)
    catalogue.refresh()

    receipt = say(city, "L9013", 40, caller=caller(50), address=ESTATE)

    assert receipt["case_no"] == incident.primary.case_no
    incident.refresh_from_db()
    assert (incident.answer, incident.auto_join) == ("延到今晚十点恢复。", True)
    event = Event.objects.get(topic="incident.answered")
    assert event.case_id == incident.primary_id
    assert Note.objects.get(pk=event.payload["note"]).text == "延到今晚十点恢复。"


def test_who_changes_an_answer_that_another_has_changed_is_told_who_was_first(city: City) -> None:
    incident = accepted_one(city)
    told_anew(city, incident, "延到今晚十点恢复。")

    with pytest.raises(StaleVersionError) as refusal:
        told_anew(city, incident, "延到明早恢复。")

    assert (refusal.value.who, refusal.value.topic) == ("leader1", "incident.answered")
    incident.refresh_from_db()
    assert incident.answer == "延到今晚十点恢复。"


def test_an_answer_is_changed_only_where_one_stands_and_only_by_the_leader(city: City) -> None:
    incident = offered(city)
    with pytest.raises(StaleVersionError):
        told_anew(city, incident, "还没有确认")
    accept(incident_id=incident.pk, answer="", auto_join=False, by=city["leader1"], now=LATER)
    body = {"answer": "正在抢修", "instead_of": ""}

    forbidden, _ = Api(city, "operator1").post(f"incidents/{incident.pk}/answer", body)
    too_long, error = Api(city, "leader1").post(
        f"incidents/{incident.pk}/answer", {**body, "answer": "长" * 501}
    )
    done, answer = Api(city, "leader1").post(f"incidents/{incident.pk}/answer", body)

    assert (forbidden, too_long, done) == (403, 422, 200)
    assert set(error["error"]["fields"]) == {"answer"}
    assert answer["answer"] == "正在抢修"


def test_a_member_that_has_ended_is_not_called_left_out(city: City) -> None:
    incident = offered(city)
    ended = incident.members.order_by("pk").last()
    assert ended is not None
    move(city, ended.case, "leader1", "void", 32, reason="误报")

    accept(incident_id=incident.pk, answer="", auto_join=False, by=city["leader1"], now=LATER)

    ended.refresh_from_db()
    assert (ended.case.state, ended.left_out) == ("VOIDED", "")
