"""Nobody learns of a case that is not hers: every address x every outsider.

The addresses come from the URL configuration; one without a row here fails the test.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.actions import give_post
from accounts.models import Role, User
from accounts.scope import CASE_ROLES
from dispatch import outbox
from dispatch.models import Case, Intake
from tests.app.doors import each
from tests.app.test_bad_images import picture
from tests.app.test_disputes import log
from tests.city import NOW, A, B, City

TITLE, ADDRESS = "只有本单位能看的标题", "只有本单位能看的地址"
ANYBODY = "open to anybody, holds no case"
SIGNED = "open to who signs the body"
ANY_USER = "open to any signed-in user, holds no case"
OWN = "shows one's own things only"
ANY_EDITOR = "open to who works with the duty lists, holds no case"
CASES = "holds cases"
WATCHERS = "names cases by number, to supervisors, evaluators and auditors (test_alarms.py)"


@dataclass(frozen=True)
class Row:
    """One address: what it holds, how to ask for the foreign case there."""

    holds: str
    path: str = ""
    method: str = "GET"
    body: Any = None
    feed: bool = False
    """The feed and the counters are the district's: a neighbour unit may follow them."""


ROWS: dict[str, Row] = {
    "api/v1/": Row(ANYBODY),
    "api/v1/openapi.json": Row(ANYBODY),
    "api/v1/auth/token": Row(ANYBODY, method="POST", body={"username": "x", "password": "y"}),
    "api/v1/affairs/events": Row(SIGNED, method="POST", body={"specversion": "1.0"}),
    "api/v1/me": Row(OWN),
    "api/v1/deputies": Row(OWN),
    "api/v1/duty-lists": Row(ANY_EDITOR),
    "api/v1/duty-lists/<int:number>": Row(ANY_EDITOR, "api/v1/duty-lists/1"),
    "api/v1/duty-lists/<int:number>/changes": Row(ANY_EDITOR, "api/v1/duty-lists/1/changes"),
    "api/v1/duty-lists/<int:number>/export": Row(ANY_EDITOR, "api/v1/duty-lists/1/export"),
    "api/v1/duty-lists/<int:number>/items": Row(
        ANY_EDITOR, "api/v1/duty-lists/1/items", "PUT", {"csv": "item_no"}
    ),
    "api/v1/duty-lists/<int:number>/items/<item_no>": Row(
        ANY_EDITOR, "api/v1/duty-lists/1/items/A-E01", "DELETE"
    ),
    "api/v1/duty-lists/<int:number>/replays": Row(
        CASES, "api/v1/duty-lists/1/replays", "POST", {"days": 366}
    ),
    "api/v1/duty-lists/<int:number>/replays/latest": Row(
        CASES, "api/v1/duty-lists/1/replays/latest"
    ),
    "api/v1/duty-lists/<int:number>/publication": Row(
        ANY_EDITOR, "api/v1/duty-lists/1/publication", "POST", {"valid_from": "2099-01-01"}
    ),
    "api/v1/duty-lists/<int:number>/withdrawal": Row(
        ANY_EDITOR, "api/v1/duty-lists/1/withdrawal", "POST", {"reason": "误发"}
    ),
    "api/v1/unit-absences": Row(OWN),
    "api/v1/unit-absences/<int:absence_id>/end": Row(
        OWN, "api/v1/unit-absences/1/end", "POST", {"reason": "已恢复"}
    ),
    "api/v1/unit-absences/units": Row(OWN),
    "api/v1/unit-absences/preview": Row(
        OWN, method="POST",
        body={"unit": "A1", "deputy_unit": "A2", "reason": "检修",
              "starts_at": "2099-01-01T09:00", "ends_at": "2099-01-01T18:00"},
    ),
    "api/v1/deputies/preview": Row(
        OWN, method="POST",
        body={"absent": "handler1", "deputy": "helper1", "reason": "年休假",
              "starts_at": "2099-01-01T09:00", "ends_at": "2099-01-01T18:00"},
    ),
    "api/v1/deputies/<int:deputy_id>/end": Row(
        OWN, "api/v1/deputies/1/end", "POST", {"reason": "已返岗"}
    ),
    "api/v1/deputies/people": Row(OWN),
    "api/v1/categories": Row(ANY_USER),
    "api/v1/categories/suggest": Row(ANY_USER, "api/v1/categories/suggest?text=路灯不亮"),
    "api/v1/attachments": Row(OWN, method="POST"),
    "api/v1/attachments/uploads/<key>": Row(OWN, "api/v1/attachments/uploads/{upload}"),
    "api/v1/attachments/<uuidstr:pk>": Row(CASES, "api/v1/attachments/{photo}"),
    "api/v1/places": Row(ANY_USER, "api/v1/places?q=春晓"),
    "api/v1/places/reverse": Row(ANY_USER, "api/v1/places/reverse?lon=119.6&lat=29.9&crs=WGS84"),
    "api/v1/locate": Row(ANY_USER, "api/v1/locate?lon=119.6&lat=29.9&crs=WGS84"),
    "api/v1/hotline/tickets": Row(
        CASES, method="POST",
        body={"kind": "HELP", "title": "并", "caller": {}, "attach_to_case": "{case}"},
    ),
    "api/v1/grid/findings": Row(
        CASES, method="POST",
        body={"uid": "6f1b1f0e-1111-4c3a-9a5e-00000000000f", "device": "d", "category": "C0101",
              "captured_at": "2026-03-02T09:00:00+08:00",
              "location": {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84"}},
    ),
    "api/v1/grid/duty": Row(
        OWN, method="POST", body={"on": True, "pressed_at": "2026-03-02T09:00:00+08:00"}
    ),
    "api/v1/grid/on-duty": Row(OWN),
    "api/v1/grid/on-duty/nearest": Row(CASES, "api/v1/grid/on-duty/nearest?case_no={case}"),
    "api/v1/grid/sync": Row(CASES, method="POST", body={"items": []}),
    "api/v1/queue": Row(CASES, "api/v1/queue?q=标题&limit=200"),
    "api/v1/queue/counters": Row(CASES, "api/v1/queue/counters?district=339901"),
    "api/v1/queue/seen": Row(
        OWN, method="POST", body={"view": "all", "until": "2026-03-02T09:00:00+08:00"}
    ),
    "api/v1/queue/filters": Row(OWN),
    "api/v1/queue/filters/order": Row(OWN, method="POST", body={"order": []}),
    "api/v1/queue/filters/<int:pk>": Row(
        OWN, "api/v1/queue/filters/999999999", "DELETE", {}
    ),
    "api/v1/follow-ups": Row(CASES),
    "api/v1/queue/rings": Row(CASES),
    "api/v1/queue/rings/<case_no>": Row(CASES, "api/v1/queue/rings/{case}", "POST", {}),
    "api/v1/queue/sound": Row(OWN, method="POST", body={"on": True}),
    "api/v1/exports": Row(OWN, method="POST", body={"format": "CSV"}),
    "api/v1/exports/<uuidstr:pk>": Row(
        OWN, "api/v1/exports/6f1b1f0e-1111-4c3a-9a5e-00000000000f"
    ),
    "api/v1/exports/<uuidstr:pk>/file": Row(
        OWN, "api/v1/exports/6f1b1f0e-1111-4c3a-9a5e-00000000000f/file"
    ),
    "api/v1/cases/batch": Row(
        OWN, "api/v1/cases/batch", "POST",
        {"move": "sign", "cases": [{"case_no": "{case}", "version": 1}]},
    ),
    "api/v1/cases/batch/moves": Row(
        CASES, "api/v1/cases/batch/moves", "POST", {"cases": ["{case}"]}
    ),
    "api/v1/cases/<case_no>": Row(CASES, "api/v1/cases/{case}"),
    "api/v1/cases/<case_no>/clock": Row(CASES, "api/v1/cases/{case}/clock"),
    "api/v1/cases/<case_no>/moves": Row(
        CASES, "api/v1/cases/{case}/moves", "POST", {"move": "sign", "version": 1}
    ),
    "api/v1/intakes/<intake_no>/reveal": Row(
        CASES, "api/v1/intakes/{intake}/reveal", "POST", {"purpose": "我想知道是谁"}
    ),
    "api/v1/intakes/<intake_no>/callbacks": Row(
        CASES, "api/v1/intakes/{intake}/callbacks", "POST", {"solved": "YES"}
    ),
    "api/v1/cases/<case_no>/duplicates": Row(CASES, "api/v1/cases/{case}/duplicates"),
    "api/v1/incidents": Row(CASES, "api/v1/incidents?district=339901"),
    "api/v1/incidents/<incident_id>/accept": Row(
        CASES, "api/v1/incidents/1/accept", "POST", {"answer": ""}
    ),
    "api/v1/incidents/<incident_id>/answer": Row(
        CASES, "api/v1/incidents/1/answer", "POST", {"answer": ""}
    ),
    "api/v1/incidents/<incident_id>/dismiss": Row(
        CASES, "api/v1/incidents/1/dismiss", "POST", {"reason": "不是"}
    ),
    "api/v1/radar": Row(CASES, "api/v1/radar?lon=119.6001&lat=29.9001&crs=WGS84&category=C0101"),
    "api/v1/events": Row(CASES, "api/v1/events?district=339901&after=0", feed=True),
    "api/v1/tally": Row(CASES, "api/v1/tally?district=339901", feed=True),
    "api/v1/alarms": Row(WATCHERS),
    "api/v1/alarms/<alarm_id>/note": Row(
        WATCHERS, "api/v1/alarms/1/note", method="POST", body={"text": "已核实"}
    ),
    "api/v1/returns/counters": Row(
        CASES, "api/v1/returns/counters?district=339901&from=2026-03-01&to=2026-04-01"
    ),
    "alarms/": Row(WATCHERS),
    "tiles/<layer:layer>/<tile:z>/<tile:x>/<tile:y>.mvt": Row(ANY_USER, "tiles/base/9/4/2.mvt"),
    "tiles/cases/<int:z>/<int:x>/<int:y>.mvt": Row(CASES, "tiles/cases/16/54540/26940.mvt"),
    "api/v1/screen/state": Row(CASES, "api/v1/screen/state"),
    "api/v1/screen/panels": Row(CASES, "api/v1/screen/panels"),
    "api/v1/screen/shapes": Row(CASES, "api/v1/screen/shapes"),
    "api/v1/screen/at": Row(CASES, "api/v1/screen/at?at={now}"),
    "api/v1/screen/steps": Row(CASES, "api/v1/screen/steps?since={now}&until={now}"),
    "api/v1/screen/displays": Row(OWN),
    "api/v1/screen/displays/<display_id>/revoke": Row(
        OWN, "api/v1/screen/displays/1/revoke", "POST", {}
    ),
    "screen/": Row(CASES),
    "screen/pair/": Row(ANYBODY),
    "screen/pair/claim": Row(ANYBODY, method="POST"),
    "screen/displays/": Row(OWN),
    "screen/tiles/<layer:layer>/<tile:z>/<tile:x>/<tile:y>.mvt": Row(
        ANY_USER, "screen/tiles/base/9/4/2.mvt"
    ),
    "healthz": Row(ANYBODY),
    "readyz": Row(ANYBODY),
    "metrics": Row(ANYBODY),
    "": Row(ANYBODY),
    "login/": Row(ANYBODY),
    "logout/": Row(ANYBODY, method="POST"),
    "styleguide/": Row(ANYBODY),
    "i18n/<str:language>.js": Row(ANYBODY, "i18n/en.js"),
    "language/": Row(ANYBODY, method="POST"),
    "queue/": Row(CASES, "queue/?case={case}&q=标题"),
    "queue/rows": Row(CASES, "queue/rows?ids={case}"),
    "queue/drawer/<str:case_no>": Row(CASES, "queue/drawer/{case}"),
    "queue/drawer/<str:case_no>/twins": Row(CASES, "queue/drawer/{case}/twins"),
    "queue/drawer/<str:case_no>/beside/<str:other_no>": Row(
        CASES, "queue/drawer/{case}/beside/{case}"
    ),
    "queue/counters": Row(CASES, "queue/counters?district=339901"),
    "queue/clusters": Row(
        CASES, "queue/clusters?q=标题&box=13310000,3480000,13330000,3500000&size=10"
    ),
    "cases/<str:case_no>/": Row(CASES, "cases/{case}/"),
    "duties/": Row(CASES, "duties/?v=1&tab=replay"),
    "absences/": Row(OWN),
    "desk/": Row(CASES),
    "m/": Row(CASES),
}  # fmt: skip
COUNTS = frozenset({"api/v1/queue/counters", "queue/counters"})
OUTSIDERS = ("", "nobody", "handler2", "cleaner1", "evaluator1", "steward1", "auditor1")
"""Not signed in; without a post; of another district; of another unit; without any case."""
BEYOND = tuple(
    role for role in Role if role in CASE_ROLES | {"INSPECTOR", "EVALUATOR", "AUDITOR", "SYSADMIN"}
)
"""Posts of the other district: whatever they open there, they open nothing here."""


def addresses(found: Any = None, prefix: str = "") -> Iterator[str]:
    """Every address of the URL configuration."""
    for part in (found or get_resolver()).url_patterns:
        path = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from addresses(part, path)
        elif isinstance(part, URLPattern):
            yield path


def test_every_address_has_a_row() -> None:
    assert set(addresses()) == set(ROWS)


@dataclass
class Foreign:
    """A case of unit A1 in district A, with a photo, and the numbers that name it."""

    case: Case
    intake: Intake
    photo: str

    def fill(self, text: str) -> str:
        """The text with the numbers of the case put in."""
        names = {"case": self.case.case_no, "intake": self.intake.intake_no, "photo": self.photo}
        names["now"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for name, value in {**names, "upload": "no-such-upload"}.items():
            text = text.replace("{" + name + "}", value)
        return text

    def told_by(self, content: bytes) -> list[str]:
        """What an answer gives away of the case besides its number."""
        plain = content.decode("utf-8", "replace").replace(self.case.case_no, "")
        secrets = (TITLE, ADDRESS, self.intake.intake_no, "13800138000", self.photo)
        return [s for s in secrets if s in plain or json.dumps(s)[1:-1] in plain]

    def is_named_by(self, content: bytes) -> bool:
        """True when an answer holds the number of the case."""
        return self.case.case_no.encode() in content


@pytest.fixture
def foreign(city: City) -> Foreign:
    """The case that no outsider may learn of; numbered in the feed."""
    case = log(city, "C0101", title=TITLE, address=ADDRESS)
    Case.objects.filter(pk=case.pk).update(lead_unit=city.units["A1"])
    outbox.number_batch(now=NOW)
    photo = Client().post(
        "/api/v1/attachments",
        {"file": picture_file()},
        headers={"Authorization": f"Bearer {city.token('operator1')}"},
    ).json()["id"]  # fmt: skip
    intake = case.intakes.get()
    intake.attachments.model.objects.filter(pk=photo).update(case=case, intake=intake)
    return Foreign(Case.objects.get(pk=case.pk), intake, photo)


def picture_file() -> Any:
    """A small photograph as a form sends it."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("a.jpg", picture(), "image/jpeg")


def ask(city: City, row: Row, address: str, who: str, foreign: Foreign) -> Any:
    """Ask as that person: with a token at the API, with a session at the pages."""
    client = Client(raise_request_exception=False)
    path = "/" + foreign.fill(row.path or address)
    headers = {}
    if who and path.startswith("/api/"):
        headers = {"Authorization": f"Bearer {city.token(who)}"}
    elif who:
        client.force_login(city[who])
    if row.method == "GET":
        return client.get(path, headers=headers)
    body = foreign.fill(json.dumps(row.body))
    return client.generic(row.method, path, body, "application/json", headers=headers)


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_outsider_learns_of_a_foreign_case(city: City, foreign: Foreign, who: str) -> None:
    before = Case.objects.values_list("version", "state").get(pk=foreign.case.pk)

    assert addresses_that_tell(city, foreign, who) == []
    assert Case.objects.values_list("version", "state").get(pk=foreign.case.pk) == before


@pytest.mark.parametrize("role", BEYOND)
def test_no_post_of_another_district_opens_a_case_of_this_one(
    city: City, foreign: Foreign, role: Role
) -> None:
    before = Case.objects.values_list("version", "state").get(pk=foreign.case.pk)
    user = User.objects.create(username="beyond", name="beyond")
    give_post(user=user, role=role, area_code=B, unit=None, now=NOW)
    city.users["beyond"] = user

    assert addresses_that_tell(city, foreign, "beyond") == []
    assert Case.objects.values_list("version", "state").get(pk=foreign.case.pk) == before


def addresses_that_tell(city: City, foreign: Foreign, who: str) -> list[tuple[object, ...]]:
    """Asks every address; those that tell of the case, name it unasked, or break."""
    wrong: list[tuple[object, ...]] = []
    for address, row in ROWS.items():
        answer = ask(city, row, address, who, foreign)
        content = b"".join(answer) if answer.streaming else answer.content
        told = foreign.told_by(content)
        named = foreign.is_named_by(content) and not (row.feed and who == "cleaner1")
        if told or answer.status_code >= 500 or (named and not asked_for_it(row, answer)):
            wrong.append((address, answer.status_code, told, named))
    return wrong


def asked_for_it(row: Row, answer: Any) -> bool:
    """A refusal may repeat the number that the asker sent, in the address or in the body."""
    if "{case}" in json.dumps(row.body) and b'"code": "NOT_FOUND"' in answer.content:
        return True
    return "{case}" in row.path and (answer.status_code >= 300 or "case=" in row.path)


HIDDEN = frozenset({302, 401, 403, 404})


@pytest.mark.parametrize("who", OUTSIDERS)
def test_addresses_with_cases_refuse_or_are_empty(city: City, foreign: Foreign, who: str) -> None:
    wrong = []
    for address, row in ROWS.items():
        if row.holds != CASES:
            continue
        answer = ask(city, row, address, who, foreign)
        if not (answer.status_code in HIDDEN or is_empty(address, row, answer, who)):
            wrong.append((address, answer.status_code, answer.content[:200]))

    assert wrong == []


def is_empty(address: str, row: Row, answer: Any, who: str) -> bool:
    """A list without the case, counters at nought, a tile without a point."""
    if who == "cleaner1" and row.feed:
        return bool(answer.status_code == 200)
    if address.startswith("tiles/"):
        return answer.status_code == 200 and b"case_no" not in answer.content
    if address in COUNTS:
        counts = answer.json()
        return not any(counts.pop("unseen", {}).values()) and not any(counts.values())
    if address in {"queue/", "queue/rows"}:
        return answer.status_code == 200 and TITLE not in answer.content.decode()
    if address == "api/v1/grid/sync":
        return bool(answer.json() == {"items": []})
    body = answer.json()
    return answer.status_code == 200 and not (body.get("items") or body.get("points"))


@each(("address", "row"), [(address, row) for address, row in ROWS.items() if row.holds != ANYBODY])
def test_nobody_comes_in_without_signing_in(
    city: City, foreign: Foreign, address: str, row: Row
) -> None:
    answer = ask(city, row, address, "", foreign)

    assert answer.status_code in {302, 401}, (address, answer.status_code)
    assert answer.status_code == 401 or answer["Location"].startswith("/login/")


@each("address", [a for a, row in ROWS.items() if row.holds == CASES and row.method == "GET"])
def test_those_whose_case_it_is_do_see_it(city: City, foreign: Foreign, address: str) -> None:
    """The rows above are no empty promise: the same addresses answer the insiders."""
    who = {"desk/": "operator1", "m/": "inspector1"}.get(address, "leader1")

    answer = ask(city, ROWS[address], address, who, foreign)

    assert answer.status_code == 200, (address, answer.status_code)


def test_an_inspector_at_the_border_is_not_told_of_cases_beyond(city: City) -> None:
    """A report's receipt names likely duplicates: only those that its sender may see."""
    from tests.app.doors import FINDINGS, Door, finding

    beyond = {"lon": 119.61501, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 5}
    here = {**beyond, "lon": 119.61499}
    first = Door(city, FINDINGS).send(finding(location=beyond)).json()
    second = Door(city, FINDINGS).send(finding(location=here)).json()

    assert (first["district"], second["district"]) == ("339902", A)
    assert second["duplicates"] == []


def test_a_wall_token_only_reads(city: City, foreign: Foreign) -> None:
    from accounts.actions import make_token

    raw, _ = make_token(user=city["leader1"], now=datetime.now(UTC), read_only=True)
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {raw}"}
    path = f"/api/v1/cases/{foreign.case.case_no}"

    assert client.get(path, headers=headers).status_code == 200
    answer = client.post(f"{path}/moves", "{}", content_type="application/json", headers=headers)
    assert answer.status_code == 403


def test_a_session_cannot_write_by_the_api_without_the_csrf_token(
    city: City, foreign: Foreign
) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(city["leader1"])

    answer = client.post(
        f"/api/v1/cases/{foreign.case.case_no}/moves",
        json.dumps({"move": "urge", "version": foreign.case.version, "text": "快"}),
        content_type="application/json",
    )

    assert answer.status_code == 403
    assert set(answer.json()) == {"error"}
