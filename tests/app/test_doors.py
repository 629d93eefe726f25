"""What arrives twice is taken once: by key, call, uid or event, in a row or at once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from affairs.models import ServiceEvent
from dispatch.models import Case, Event, Intake, Timer
from grid.models import Finding
from hotline.models import Ticket
from tests.app.doors import (
    EVENTS,
    FINDINGS,
    TICKETS,
    Door,
    event,
    finding,
    post_raw,
    send_event,
    signed,
)
from tests.app.threads import at_once
from tests.city import City
from tests.client import call

KEY = {"Idempotency-Key": "a-key-of-the-client"}
Send = Callable[[dict[str, Any]], Any]


def twice(path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A body and headers with a natural key."""
    return {
        "key": (call(), KEY),
        "call": (call(call_id="call-1"), {}),
        "praise": (call(kind="PRAISE", title="表扬"), KEY),
        "attach": (call(), KEY),
        "finding": (finding(), {}),
        "self": (finding(self_handled=True), {}),
        "event": (event(), {}),
        "kept": (event({}, type="sanxian.affairs.application.status_changed"), {}),
    }[path]


WAYS = {"key": TICKETS, "call": TICKETS, "praise": TICKETS, "attach": TICKETS,
        "finding": FINDINGS, "self": FINDINGS, "event": EVENTS, "kept": EVENTS}  # fmt: skip


def sender(city: City, way: str) -> Callable[[int], Any]:
    """Sends the same thing each time it is called, each time as a client would."""
    body, headers = twice(way)
    if way == "attach":
        first = Door(city, TICKETS).send(call(title="先来的")).json()
        body["attach_to_case"] = first["case_no"]

    def send(_: int) -> Any:
        return Door(city, WAYS[way]).send(body, **headers)

    return send


def counts() -> dict[str, int]:
    """The rows that one arrival makes."""
    return {m.__name__: m.objects.count() for m in (Case, Intake, Ticket, Finding, ServiceEvent)}


@pytest.mark.parametrize("way", WAYS)
def test_the_second_arrival_gets_the_first_receipt_and_makes_nothing(city: City, way: str) -> None:
    send = sender(city, way)
    first = send(0)
    after_first = (counts(), Event.objects.count(), Timer.objects.count())

    second = send(1)

    assert (first.status_code, second.status_code) == (201, 200), second.content
    assert second.json() == first.json()
    assert (counts(), Event.objects.count(), Timer.objects.count()) == after_first


@pytest.mark.parametrize("way", WAYS)
def test_eight_at_once_make_one_thing_and_all_get_its_receipt(real_city: City, way: str) -> None:
    send = sender(real_city, way)
    before = counts()

    answers = at_once(send)

    assert sorted(a.status_code for a in answers) == [200] * 7 + [201], [
        a.content for a in answers if a.status_code > 201
    ]
    assert len({json.dumps(a.json(), sort_keys=True) for a in answers}) == 1
    made = {name: count - before[name] for name, count in counts().items()}
    expected_cases = 0 if way in {"attach", "kept"} else 1
    assert made["Case"] == expected_cases
    assert made["Intake"] == (0 if way == "kept" else 1)


CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    (TICKETS, {"title": "另一件事"}),
    (TICKETS, {"content": "别的内容"}),
    (TICKETS, {"address": "别的地址"}),
    (TICKETS, {"priority": 0}),
    (TICKETS, {"wants_reply": False}),
    (TICKETS, {"caller": {"phone": "13900139000"}}),
    (TICKETS, {"location": {"lon": 119.601, "lat": 29.9001, "crs": "WGS84"}}),
    (FINDINGS, {"text": "别的说明"}),
    (FINDINGS, {"category": "E0101"}),
    (FINDINGS, {"captured_at": "2026-03-02T09:05:00+08:00"}),
    (FINDINGS, {"self_handled": True}),
)


@pytest.mark.parametrize(("path", "change"), CHANGES)
def test_the_same_key_with_another_content_is_a_conflict(
    city: City, path: str, change: dict[str, Any]
) -> None:
    door = Door(city, path)
    body = call() if path == TICKETS else finding()
    headers = KEY if path == TICKETS else {}
    assert door.send(body, **headers).status_code == 201
    before = counts()

    answer = door.send({**body, **change}, **headers)

    assert answer.status_code == 409, answer.content
    assert answer.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert counts() == before


def test_two_operators_may_use_the_same_key(city: City) -> None:
    door = Door(city, TICKETS)
    door.send(call(), **KEY)
    door.headers = {"Authorization": f"Bearer {city.token('leader1')}"}

    answer = door.send(call(title="别人的电话"), **KEY)

    assert answer.status_code == 201


def test_a_longer_key_is_refused_not_cut(city: City) -> None:
    answer = Door(city, TICKETS).send(call(), **{"Idempotency-Key": "k" * 101})

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["error"]["fields"]


def test_a_list_of_findings_is_answered_item_by_item_and_may_come_again(city: City) -> None:
    door = Door(city, "grid/sync")
    door.headers = {"Authorization": f"Bearer {city.token('inspector1')}"}
    good, bad, last = finding(), finding(category="none"), finding(self_handled=True)

    first = door.send({"items": [good, bad, last]}).json()["items"]
    again = door.send([good, bad, last]).json()["items"]

    assert [item["status"] for item in first] == [201, 422, 201]
    assert [item["status"] for item in again] == [200, 422, 200]
    assert [item["uid"] for item in first] == [good["uid"], bad["uid"], last["uid"]]
    assert first[1]["error"]["code"] == "UNKNOWN_CATEGORY"
    assert again[2]["receipt"] == first[2]["receipt"]
    assert Finding.objects.count() == 2


def test_an_event_of_a_known_id_and_source_is_known_whatever_it_says(city: City) -> None:
    body = event()
    first = send_event(body)

    again = send_event({**body, "data": {**body["data"], "text": "改过的"}})

    assert (first[0], again[0]) == (201, 200)
    assert again[1] == first[1]


def test_another_systems_event_of_the_same_name_is_refused(city: City) -> None:
    """One hall must neither read another's receipts nor take its ids away."""
    from accounts import identity
    from affairs.models import UpstreamSystem

    secret = "whsec_YW5vdGhlci1oYWxsLXNlY3JldC0wMTIzNDU2Nzg5"
    UpstreamSystem.objects.create(
        code="other", name="另一大厅", secret=identity.seal(secret) or b"", area_code="339902"
    )
    body = event()
    first = send_event(body)[1]
    raw = json.dumps(body).encode()

    answer = post_raw(
        Client(raise_request_exception=False), EVENTS, raw, **signed(raw, secret=secret)
    )

    assert answer.status_code == 409
    assert first["case_no"] not in answer.content.decode()


def test_the_binary_mode_of_cloudevents_says_the_same(city: City) -> None:
    whole = event()
    raw = json.dumps(whole["data"]).encode()
    attributes = {f"ce-{k}": v for k, v in whole.items() if k not in {"data"}}

    answer = post_raw(Client(), EVENTS, raw, **signed(raw), **attributes)
    again = send_event(whole)

    assert (answer.status_code, again[0]) == (201, 200)
    assert again[1] == answer.json()


def test_praise_never_enters_dispatch_whoever_logs_it(city: City) -> None:
    for who in ("operator1", "receiver1", "leader1"):
        door = Door(city, TICKETS)
        door.headers = {"Authorization": f"Bearer {city.token(who)}"}

        answer = door.send(call(kind="PRAISE", title="表扬", call_id=f"call-{who}"))

        assert (answer.status_code, answer.json()["state"]) == (201, "CLOSED")
    assert not Case.objects.open().exists()


def test_a_voice_joined_to_a_case_keeps_its_own_promise(city: City) -> None:
    door = Door(city, TICKETS)
    first = door.send(call()).json()

    second = door.send(call(title="也有垃圾", attach_to_case=first["case_no"])).json()

    assert second["merged_into_existing"] is True
    assert second["case_no"] == first["case_no"]
    assert second["intake_no"] != first["intake_no"]
    assert second["query_code"] != "" and len(second["query_code"]) == 6
    case = Case.objects.get()
    assert (case.intakes_count, case.version) == (2, 2)
    assert Timer.objects.filter(case=case, stage="REPLY", state="RUNNING").count() == 2


def test_reports_of_the_same_component_join_by_themselves(city: City) -> None:
    door = Door(city, FINDINGS)
    first = door.send(finding(category="C0101", component_id="3399010101000001")).json()

    second = door.send(finding(category="C0101", component_id="3399010101000001")).json()

    assert second["merged_into_existing"] is True
    assert second["case_no"] == first["case_no"]
