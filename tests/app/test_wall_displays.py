"""A wall screen is paired once by a short code and may then show one wall, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.display import Display, Pairing
from accounts.pairing import (
    MOST_OPEN_PER_SOURCE,
    Offer,
    PairingError,
    approve_pairing,
    ask_for_pairing,
    claim_pairing,
    display_by_token,
    displays_for,
    revoke_display,
)
from accounts.queries import token_digest
from screen.access import COOKIES
from tests.app.test_disputes import log
from tests.app.test_feed import relay_all
from tests.app.test_outsiders import ROWS
from tests.app.threads import at_once
from tests.city import A, City

SOON = timedelta(minutes=1)


def moment() -> datetime:
    """The real time: pages and sockets of this file ask for it too."""
    return datetime.now(UTC)


def offered() -> Offer:
    return ask_for_pairing(source="10.0.0.1", now=moment())


def paired(city: City, area: str = "3399", name: str = "大厅东墙") -> str:
    """The raw token of a display that was just paired."""
    offer = offered()
    approve_pairing(code=offer.code, name=name, area_code=area, by=city["sysadmin1"], now=moment())
    state, raw = claim_pairing(claim=offer.claim, now=moment())
    assert state == "PAIRED"
    return raw


def kiosk(raw: str) -> Client:
    """A browser with the cookies of a display and no other."""
    client = Client(raise_request_exception=False)
    for name in COOKIES:
        client.cookies[name] = raw
    return client


def test_a_screen_waits_is_approved_and_gets_its_token_once(city: City) -> None:
    offer = offered()
    assert claim_pairing(claim=offer.claim, now=moment()) == ("WAITING", "")

    approve_pairing(
        code=f"{offer.code[:4]} {offer.code[4:].lower()}",
        name="大厅东墙", area_code=A, by=city["sysadmin1"], now=moment(),
    )  # fmt: skip
    state, raw = claim_pairing(claim=offer.claim, now=moment())

    display = display_by_token(raw)
    assert state == "PAIRED"
    assert display is not None
    assert (display.name, display.area_code, display.created_by) == (
        "大厅东墙", A, city["sysadmin1"],
    )  # fmt: skip
    assert claim_pairing(claim=offer.claim, now=moment()) == ("EXPIRED", "")


def test_neither_code_nor_claim_nor_token_is_stored(city: City) -> None:
    offer = offered()
    approve_pairing(code=offer.code, name="墙", area_code=A, by=city["sysadmin1"], now=moment())
    _, raw = claim_pairing(claim=offer.claim, now=moment())

    stored = str(list(Pairing.objects.values())) + str(list(Display.objects.values()))
    assert offer.code not in stored
    assert offer.claim not in stored
    assert raw not in stored
    assert token_digest(raw) in stored


def test_a_code_expires_and_cannot_be_used_twice(city: City) -> None:
    offer, other = offered(), offered()
    admin = city["sysadmin1"]
    approve_pairing(code=offer.code, name="一", area_code=A, by=admin, now=moment())
    for code, at in ((offer.code, moment()), (other.code, moment() + timedelta(minutes=11))):
        with pytest.raises(PairingError, match="UNKNOWN_CODE"):
            approve_pairing(code=code, name="二", area_code=A, by=admin, now=at)
    late = moment() + timedelta(minutes=11)
    assert claim_pairing(claim=offer.claim, now=late) == ("EXPIRED", "")


def test_five_wrong_codes_close_the_door_for_a_while(city: City) -> None:
    offer, admin = offered(), city["sysadmin1"]
    for _ in range(5):
        with pytest.raises(PairingError, match="UNKNOWN_CODE"):
            approve_pairing(code="AAAAAAAA", name="x", area_code=A, by=admin, now=moment())

    with pytest.raises(PairingError, match="TOO_MANY_CODES"):
        approve_pairing(code=offer.code, name="x", area_code=A, by=admin, now=moment())
    again = ask_for_pairing(source="10.0.0.2", now=moment() + timedelta(minutes=16))
    later = moment() + timedelta(minutes=17)
    approve_pairing(code=again.code, name="x", area_code=A, by=admin, now=later)


def test_codes_for_one_source_are_limited(city: City) -> None:
    for _ in range(MOST_OPEN_PER_SOURCE):
        offered()
    with pytest.raises(PairingError, match="TOO_MANY_PAIRINGS"):
        offered()
    ask_for_pairing(source="10.0.0.9", now=moment())


@pytest.mark.parametrize("who", ["leader1", "commander1", "nobody", "auditor1"])
def test_only_an_administrator_pairs_and_revokes(city: City, who: str) -> None:
    offer = offered()
    with pytest.raises(PairingError, match="NOT_ALLOWED"):
        approve_pairing(code=offer.code, name="x", area_code=A, by=city[who], now=moment())
    paired(city)
    assert displays_for(city[who]) == []
    with pytest.raises(PairingError, match="UNKNOWN_DISPLAY"):
        revoke_display(display_id=Display.objects.get().pk, by=city[who], now=moment())


@pytest.mark.parametrize("area", ["", "33", "5101", "339901001", "33990x", "３３９９"])
def test_an_administrator_gives_areas_of_her_own_only(city: City, area: str) -> None:
    offer = offered()
    with pytest.raises(PairingError, match="BAD_AREA"):
        approve_pairing(
            code=offer.code, name="x", area_code=area, by=city["sysadmin1"], now=moment()
        )


def test_two_claims_at_once_give_one_token(real_city: City) -> None:
    offer = offered()
    approve_pairing(
        code=offer.code, name="墙", area_code=A, by=real_city["sysadmin1"], now=moment()
    )

    answers = at_once(lambda _: claim_pairing(claim=offer.claim, now=moment()), 6)

    assert sorted(state for state, _ in answers) == ["EXPIRED"] * 5 + ["PAIRED"]
    assert Display.objects.count() == 1


def test_two_administrators_cannot_take_one_code(real_city: City) -> None:
    offer = offered()

    def take(n: int) -> str:
        try:
            approve_pairing(
                code=offer.code, name=f"墙{n}", area_code=A, by=real_city["sysadmin1"], now=moment()
            )
        except PairingError as error:
            return error.code
        return "TAKEN"

    assert sorted(at_once(take, 4)) == ["TAKEN"] + ["UNKNOWN_CODE"] * 3


def test_the_cookies_of_a_display_reach_the_wall_alone(city: City) -> None:
    client = Client()
    client.get("/screen/pair/")
    pairing = Pairing.objects.get()
    Pairing.objects.update(approved_by=city["sysadmin1"], name="墙", area_code=A)
    answer = client.post("/screen/pair/claim")

    assert answer.json() == {"state": "PAIRED"}
    assert pairing.display_id is None
    for name, path in COOKIES.items():
        cookie = answer.cookies[name]
        assert cookie["path"] == path
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
    assert "sessionid" not in client.cookies


def paths(city: City) -> list[tuple[str, str, Any]]:
    """Every address of the site as one would ask for it."""
    number = log(city).case_no
    filled = []
    for address, row in ROWS.items():
        path = (row.path or address).replace("{case}", number).replace("{photo}", "x")
        path = path.replace("{now}", f"{moment():%Y-%m-%dT%H:%M:%SZ}").replace("{intake}", "x")
        filled.append((row.method, "/" + path.replace("{upload}", "x"), row))
    return filled


def test_a_display_opens_its_wall_and_nothing_else(city: City) -> None:
    everything = paths(city)
    relay_all()
    raw = paired(city, A)
    client, nobody = kiosk(raw), Client(raise_request_exception=False)
    opened = set()
    for method, path, row in everything:
        ask: dict[str, Any] = {}
        if method == "POST":
            ask = {"content_type": "application/json", "data": "{}"}
        answer = client.generic(method, path, **ask)
        without = nobody.generic(method, path, **ask)
        if answer.status_code == 200 and without.status_code != 200:
            opened.add(path.split("?")[0])
        assert answer.status_code < 500, (path, row)

    assert opened == {
        "/screen/",
        "/screen/tiles/base/9/4/2.mvt",
        "/api/v1/screen/state",
        "/api/v1/screen/panels",
        "/api/v1/screen/shapes",
        "/api/v1/screen/at",
        "/api/v1/screen/steps",
    }


def test_a_display_of_a_district_sees_no_other_and_not_the_city(city: City) -> None:
    client = kiosk(paired(city, A))
    for area, status in ((A, 200), ("", 200), ("339902", 404), ("3399", 404), ("99", 404)):
        assert client.get(f"/api/v1/screen/state?district={area}").status_code == status, area
    assert client.get("/screen/?district=339902").status_code == 403


def test_a_revoked_display_sees_nothing_any_more(city: City) -> None:
    raw = paired(city)
    client = kiosk(raw)
    assert client.get("/api/v1/screen/state").status_code == 200

    admin = Client()
    admin.force_login(city["sysadmin1"])
    display = Display.objects.get()
    page = admin.get("/screen/displays/").content.decode()
    assert "大厅东墙" in page
    answer = admin.post(f"/api/v1/screen/displays/{display.pk}/revoke")

    assert answer.status_code == 200
    assert client.get("/api/v1/screen/state").status_code == 401
    assert client.get("/screen/").status_code == 302
    assert "已停用" in admin.get("/screen/displays/").content.decode()


def test_unit_posts_and_street_posts_have_no_wall(city: City) -> None:
    for who in ("handler1", "inspector1", "evaluator1", "nobody", "sysadmin1"):
        client = Client()
        client.force_login(city[who])
        assert client.get("/screen/").status_code == 403, who
        assert client.get("/api/v1/screen/state").status_code == 404, who


BAD_DISPLAYS = (
    ("accounts_display_shows_a_city_or_a_district", {"area_code": "33990"}),
    ("accounts_display_has_a_name", {"name": ""}),
    ("accounts_display_is_revoked_by_somebody", {"revoked_at": moment()}),
)
BAD_PAIRINGS = (
    ("accounts_pairing_expires_after_it_began", {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}),
    ("accounts_pairing_approved_names_an_area", {"approved_by": "admin", "area_code": ""}),
    ("accounts_pairing_is_approved_before_it_is_used", {"display": "one"}),
)


@pytest.mark.parametrize(("name", "changes"), BAD_DISPLAYS)
def test_the_database_refuses_a_bad_display(city: City, name: str, changes: dict[str, Any]) -> None:
    paired(city)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Display.objects.update(**changes)


@pytest.mark.parametrize(("name", "changes"), BAD_PAIRINGS)
def test_the_database_refuses_a_bad_pairing(city: City, name: str, changes: dict[str, Any]) -> None:
    paired(city)
    Pairing.objects.all().delete()
    offered()
    things = {"admin": city["sysadmin1"], "one": Display.objects.get()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Pairing.objects.update(**{k: things.get(v, v) for k, v in changes.items()})
