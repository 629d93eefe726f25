"""Sentences of the contract that an outside program took at their word and found untrue."""

import asyncio
import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dispatch.actions.errors import RuleError
from dispatch.models import Case, Extension, Intake
from screen import broadcast
from screen.broadcast import Broadcast
from tests.app.asking import ask
from tests.app.doors import EVENTS, assert_refused, each, event, finding, post_raw, signed
from tests.app.test_attachments import PIECE, head
from tests.app.test_bad_images import picture
from tests.app.test_disputes import log, move, processing
from tests.app.test_supervision import to_the_callback
from tests.app.test_wall_socket import CITY, said, watch, watched_city
from tests.city import City
from tests.client import call

pytestmark = pytest.mark.django_db
__all__ = ["watched_city"]
FAR_WEST = "2026-03-01T00:00:00+23:00"
"""A time that ISO 8601 knows and PostgreSQL does not read."""


def sync(city: City, items: Any, who: str = "inspector1") -> Any:
    """The answer of POST /grid/sync."""
    return ask(city, who, "POST", "grid/sync", items)


def photo(city: City, who: str = "inspector1") -> str:
    """The id of a picture that a person has sent."""
    file = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
    answer = Client().post("/api/v1/attachments", {"file": file}, headers=head(city, who))
    return str(answer.json()["id"])


NO_FINDINGS: list[Any] = [
    {"uid": "nonsense"},
    {key: value for key, value in finding().items() if key != "device"},
    finding(captured_at="garbage"),
    finding(location={"lon": "x"}),
    "text",
    None,
    5,
]


@each("number", range(len(NO_FINDINGS)))
def test_what_is_no_finding_at_all_spoils_no_other_of_its_list(city: City, number: int) -> None:
    answer = sync(city, [finding(), NO_FINDINGS[number], finding(text="另一处")])

    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["items"]] == [201, 422, 201]
    assert answer.json()["items"][1]["error"]["code"] == "FIELDS"


def test_an_item_without_a_device_says_so_under_its_own_uid(city: City) -> None:
    item = finding()
    del item["device"]

    told = sync(city, {"items": [item]}).json()["items"][0]

    assert told["uid"] == item["uid"]
    assert list(told["error"]["fields"]) == ["device"]


def test_a_list_that_is_too_long_is_refused_whole_and_none_is_left_without_an_answer(
    city: City,
) -> None:
    answer = sync(city, [finding(category="none") for _ in range(201)])

    assert_refused(answer, 422, "FIELDS", "items")


def test_an_item_of_a_list_has_the_status_that_its_own_door_gives(city: City) -> None:
    first = finding(uid=str(uuid.uuid4()))
    sync(city, [first])

    other = sync(city, [{**first, "text": "别的内容"}]).json()["items"][0]
    foreign = sync(city, [finding()], who="operator1").json()["items"][0]
    unknown = sync(city, [finding(category="none")]).json()["items"][0]

    assert (other["status"], other["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert (foreign["status"], foreign["error"]["code"]) == (403, "NOT_ALLOWED")
    assert unknown["error"]["fields"].keys() == {"category"}


@each("path", ["hotline/tickets", "grid/findings", "attachments", "cases/X/moves"])
def test_a_program_that_forgot_its_token_is_told_to_sign_in(city: City, path: str) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post(f"/api/v1/{path}", "{}", content_type="application/json")

    assert_refused(answer, 401, "NOT_SIGNED_IN")


@each(
    "query",
    ["queue?limit=x", "queue?due_before=soon", "events?district=339901&after=x", "radar?lon=119.6"],
)
def test_a_filter_that_cannot_be_read_is_a_bad_filter(city: City, query: str) -> None:
    assert_refused(ask(city, "leader1", "GET", query), 400, "BAD_FILTER")


@each(
    "query",
    [
        "queue?due_before=",
        "queue/counters?due_before=",
        "screen/at?at=",
        "screen/steps?until=2026-03-02&since=",
        "returns/counters?district=339901&to=2026-03-02&from=",
    ],
)
def test_a_time_of_any_zone_can_be_asked_for(city: City, query: str) -> None:
    answer = ask(city, "leader1", "GET", query + FAR_WEST.replace("+", "%2B"))

    assert answer.status_code in {200, 400, 422}


def test_a_time_of_any_zone_comes_in_by_every_door(city: City) -> None:
    raw = json.dumps(event(time=FAR_WEST)).encode()

    answers = [
        ask(city, "operator1", "POST", "hotline/tickets", call(occurred_at=FAR_WEST)),
        ask(city, "inspector1", "POST", "grid/findings", finding(captured_at=FAR_WEST)),
        post_raw(Client(), EVENTS, raw, **signed(raw)),
        ask(city, "leader1", "POST", "queue/seen", {"view": "all", "until": FAR_WEST}),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 200]
    times = Intake.objects.values_list("occurred_at", flat=True)
    assert {at.isoformat() for at in times} == {"2026-02-28T01:00:00+00:00"}


def test_the_mark_of_a_page_belongs_to_its_order(city: City) -> None:
    for number in range(3):
        log(city, title=f"第 {number} 件")
    mark = ask(city, "leader1", "GET", "queue?limit=1&sort=due").json()["next"]

    assert ask(city, "leader1", "GET", f"queue?sort=due&cursor={mark}").status_code == 200
    answer = ask(city, "leader1", "GET", f"queue?sort=created&cursor={mark}")
    assert_refused(answer, 400, "BAD_FILTER", "cursor")


@each("layer", ["areas", "cells", "base", "cases"])
def test_a_program_sees_every_layer_of_the_map_by_its_token(city: City, layer: str) -> None:
    path = f"/tiles/{layer}/5/26/13.mvt"

    known = Client().get(path, headers=head(city, "leader1"))
    unknown = Client().get(path, headers={"Authorization": "Bearer nonsense"})

    assert known.status_code in {200, 503}
    assert_refused(unknown, 401, "NOT_SIGNED_IN")
    assert int(unknown["Content-Length"]) == len(unknown.content)
    assert_refused(Client().get("/tiles/nothing/1/0/0.mvt"), 404, "NOT_FOUND")


def test_a_position_that_cannot_be_one_is_refused_in_the_language_of_the_reader(city: City) -> None:
    body = call(location={"lon": 119.6, "lat": 29.9, "crs": "MARS"})

    answer = ask(city, "operator1", "POST", "hotline/tickets", body)

    assert_refused(answer, 422, "UNKNOWN_CRS", "location.crs")
    assert "坐标系" in answer.json()["error"]["message"]


def test_a_field_that_cannot_be_read_says_why_in_the_language_of_the_reader(city: City) -> None:
    body = {**call(title=5, wants_reply="maybe"), "caller": "王"}
    del body["kind"]

    fields = ask(city, "operator1", "POST", "hotline/tickets", body).json()["error"]["fields"]
    page = ask(city, "leader1", "GET", "places?q=x&limit=99999").json()["error"]["fields"]

    assert fields == {
        "kind": ["必填。"],
        "title": ["应为文字。"],
        "wants_reply": ["应为 true 或 false。"],
        "caller": ["应为 JSON 对象。"],
    }
    assert page["limit"][0].startswith("不得大于")


def test_a_voice_that_joins_a_case_need_not_say_again_where_it_is(city: City) -> None:
    case = log(city)
    body = {**call(attach_to_case=case.case_no, category="E0102"), "location": None}

    answer = ask(city, "operator1", "POST", "hotline/tickets", body)

    assert answer.status_code == 201
    assert answer.json()["case_no"] == case.case_no


def test_a_voice_that_joins_a_case_that_stands_still_is_promised_no_year_9999(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "request_suspension", 5, cause="SEASON", reason="入冬后施工")
    move(city, case, "leader1", "suspend", 6, until="2026-04-01", reason="同意")

    body = call(attach_to_case=case.case_no)
    receipt = ask(city, "operator1", "POST", "hotline/tickets", body).json()

    assert receipt["due"] == {"stage": None, "due_at": None}


def test_what_is_closed_at_once_is_due_no_more(city: City) -> None:
    receipt = ask(city, "inspector1", "POST", "grid/findings", finding(self_handled=True)).json()

    assert receipt["state"] == "CLOSED"
    assert receipt["due"] == {"stage": None, "due_at": None}


@each("words", ["", "   ", "　\n", 5, [], {"a": 1}])
def test_words_that_are_asked_for_are_words(city: City, words: Any) -> None:
    case = log(city)

    answer = made(city, case, "operator1", move="transfer_emergency", text=words)

    assert_refused(answer, 422, "FIELDS", "text")


def made(city: City, case: Case, who: str, **body: Any) -> Any:
    """The answer to a move of the case as it is now."""
    case.refresh_from_db()
    body = {"version": case.version, **body}
    return ask(city, who, "POST", f"cases/{case.case_no}/moves", body)


@each("days", [2, "2"])
def test_days_may_be_said_as_a_number(city: City, days: Any) -> None:
    case = processing(city)

    move(city, case, "approver1", "request_extension", 5, reason="等材料", told="PHONE", days=days)

    assert Extension.objects.get(case=case).days == 2


@each("days", ["²", 0, 61, True, 1.5, "１"])
def test_days_that_are_no_number_of_days_are_refused(city: City, days: Any) -> None:
    case, body = processing(city), {"reason": "等材料", "told": "PHONE", "days": days}

    with pytest.raises(RuleError) as refused:
        move(city, case, "approver1", "request_extension", 5, **body)

    assert refused.value.fields.keys() == {"days"}


def test_nobody_reports_with_the_picture_of_another(city: City) -> None:
    own, foreign = photo(city), photo(city, "operator1")

    first = ask(city, "inspector1", "POST", "grid/findings", finding(photos=[own]))
    twice = ask(city, "inspector1", "POST", "grid/findings", finding(photos=[own]))
    taken = ask(city, "inspector1", "POST", "grid/findings", finding(photos=[foreign]))

    assert first.status_code == 201
    for answer in (twice, taken):
        assert_refused(answer, 422, "UNKNOWN_ATTACHMENT", "photos")
    assert Intake.objects.count() == 1


def test_a_finding_that_comes_again_with_its_pictures_gets_its_first_receipt(city: City) -> None:
    body = finding(photos=[photo(city)])

    first, again = (ask(city, "inspector1", "POST", "grid/findings", body) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_a_move_with_a_picture_that_is_not_there_is_refused(city: City) -> None:
    case = processing(city)
    picture_of_nobody, own = str(uuid.uuid4()), photo(city, "handler1")

    lost = made(city, case, "handler1", move="progress", text="到场", photos=[picture_of_nobody])
    kept = made(city, case, "handler1", move="progress", text="到场", photos=[own])
    again = made(city, case, "handler1", move="progress", text="完工", photos=[own])

    assert_refused(lost, 422, "UNKNOWN_ATTACHMENT", "photos")
    assert (kept.status_code, again.status_code) == (200, 200)


def test_the_last_piece_of_a_picture_may_come_twice(city: City) -> None:
    raw, client = picture(size=(200, 150)), Client()
    extra = {"Upload-Key": uuid.uuid4().hex, "Upload-Length": str(len(raw)), "Upload-Offset": "0"}
    headers = {**head(city), **extra}

    first, again = (
        client.post("/api/v1/attachments", raw, content_type=PIECE, headers=headers)
        for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    where = client.get(f"/api/v1/attachments/uploads/{extra['Upload-Key']}", headers=head(city))
    assert where.json() == {"offset": len(raw)}


def test_a_call_back_is_not_a_handlers_to_make_though_she_sees_the_voice(city: City) -> None:
    case = processing(city)
    number = Intake.objects.get(case=case).intake_no

    mine = ask(city, "handler1", "POST", f"intakes/{number}/callbacks", {"solved": "YES"})
    foreign = ask(city, "handler2", "POST", f"intakes/{number}/callbacks", {"solved": "YES"})

    assert_refused(mine, 403, "NOT_ALLOWED")
    assert_refused(foreign, 404, "NOT_FOUND")


def test_a_program_reads_of_each_voice_how_it_was_called_back(city: City) -> None:
    case = to_the_callback(city, processing(city))
    number = Intake.objects.get(case=case).intake_no
    told = {"solved": "PARTIAL", "satisfaction": "BASICALLY", "text": "还差一点"}
    ask(city, "callback1", "POST", f"intakes/{number}/callbacks", {"solved": "UNREACHABLE"})
    ask(city, "callback1", "POST", f"intakes/{number}/callbacks", told)

    (voice,) = ask(city, "callback1", "GET", f"cases/{case.case_no}").json()["intakes"]

    assert [call["solved"] for call in voice["calls"]] == ["UNREACHABLE", "PARTIAL"]
    assert {name: voice["calls"][1][name] for name in told} == told


@each("kind", ["text/plain", "application/cloudevents-batch+json", "application/xml"])
def test_events_come_as_json_and_one_by_one(city: City, kind: str) -> None:
    raw = json.dumps(event()).encode()

    answer = Client().post(f"/api/v1/{EVENTS}", raw, content_type=kind, headers=signed(raw))

    assert_refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_data_may_name_a_specversion_of_its_own_in_the_binary_mode(city: City) -> None:
    whole = event()
    raw = json.dumps({**whole["data"], "specversion": "hall-7"}).encode()
    attributes = {f"ce-{name}": value for name, value in whole.items() if name != "data"}

    answer = post_raw(Client(), EVENTS, raw, **signed(raw), **attributes)

    assert answer.status_code == 201


@each("text", ["[" * 4000, '{"type":' + "[" * 2000])
def test_nonsense_on_a_socket_is_passed_over(watched_city: City, text: str) -> None:
    token = watched_city.token("leader1")

    async def story() -> list[str]:
        socket = watch([], "/ws/v1/screen")
        await socket.send_input({"type": "websocket.connect"})
        await socket.receive_output(5)
        for said_first in (text, json.dumps({"type": "resume", "token": token, "after": None})):
            await socket.send_input({"type": "websocket.receive", "text": said_first})
        heard = await socket.receive_output(5)
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait(5)
        return [heard["type"], json.loads(heard["text"])["type"]]

    assert asyncio.run(story()) == ["websocket.send", "welcome"]


@each("path", ["/ws/v1/districts/NOPE", "/ws/v1/nothing", "/ws/"])
def test_a_socket_to_nowhere_is_refused_and_breaks_nothing(path: str) -> None:
    async def story() -> dict[str, Any]:
        socket = watch([], path)
        await socket.send_input({"type": "websocket.connect"})
        answer: dict[str, Any] = await socket.receive_output(5)
        return answer

    assert asyncio.run(story())["type"] == "websocket.close"


def test_who_joins_the_wall_is_told_by_the_next_word_and_not_by_one_of_her_own(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two words would come within one second."""
    monkeypatch.setattr(broadcast, "QUIET_S", 3600.0)
    one = Broadcast(CITY)
    said(one)
    assert said(one) == {}

    async def join() -> None:
        one.task = asyncio.get_running_loop().create_future()  # type: ignore[assignment]
        one.join(Nobody())

    asyncio.run(join())
    assert said(one)["type"] == "tally"


class Nobody:
    """A wall that hears nothing."""

    def __init__(self) -> None:
        self.authority_changed = asyncio.Event()

    async def send(self, text_data: str) -> None:
        """Say nothing."""
