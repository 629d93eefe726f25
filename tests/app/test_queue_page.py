"""The queue page's filters, saved filters and unseen counters, as different people see them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.actions import give_post
from accounts.models import Role, User
from dispatch.actions.errors import CaseNotFoundError, NotAllowedError, RuleError
from dispatch.models import Case, Export, SavedFilter, SeenMark
from dispatch.queries import FilterError, queue_for
from dispatch.queue.clusters import extent_of, inside, squares_of
from dispatch.queue.filters import canonical, filters_from, parsed
from dispatch.queue.pages import counted
from dispatch.queue.saving import (
    MOST_FILTERS,
    change_filter,
    drop_filter,
    order_filters,
    save_filter,
    usable_by,
)
from dispatch.queue.seeing import look, unseen_for
from dispatch.voices import Position
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.city import NOW, A, City
from tests.client import Api

SOON = NOW + timedelta(minutes=30)


def numbers(city: City, who: str, query: str) -> set[str]:
    filters = filters_from(parsed(query), city[who], SOON)
    page = queue_for(city[who], filters=filters, now=SOON)
    return {item["case_no"] for item in page.items}


def test_mine_is_what_my_unit_leads_or_my_role_carries_on(city: City) -> None:
    waiting, given = log(city), dispatched(city)

    assert numbers(city, "cleaner1", "rel=mine") == {given.case_no}
    assert numbers(city, "receiver1", "rel=mine") == {waiting.case_no}
    assert numbers(city, "dispatcher1", "rel=mine") == set()


def test_supporting_returned_and_supervised_are_told_apart(city: City) -> None:
    supported, back, watched = processing(city), dispatched(city), log(city)
    move(city, supported, "handler1", "add_support", 1, unit="A1", text="请协助")
    move(city, back, "handler1", "request_return", 2, **{**RETURN, "unit": "A0"})
    move(city, watched, "leader1", "supervise", 3, text="盯住")

    assert numbers(city, "helper1", "rel=supporting") == {supported.case_no}
    assert numbers(city, "dispatcher1", "rel=returned") == {back.case_no}
    assert numbers(city, "leader1", "rel=supervised") == {watched.case_no}
    move(city, watched, "leader1", "end_supervision", 4, reason="已经办妥")
    assert numbers(city, "leader1", "rel=supervised") == set()
    move(city, back, "dispatcher1", "refuse_return", 4, reason="权责清单明确")
    assert numbers(city, "cleaner1", "rel=returned") == {back.case_no}
    assert numbers(city, "dispatcher1", "rel=returned") == set()


@pytest.mark.parametrize(
    "query",
    ["rel=theirs", "sort=random", "due=never", "priority=x", "state=NOWHERE", "line=FOURTH"],
)
def test_a_filter_that_cannot_be_read_is_refused_and_the_page_is_404(
    city: City, query: str
) -> None:
    with pytest.raises(FilterError):
        numbers(city, "leader1", query)
    client = Client()
    client.force_login(city["leader1"])
    assert client.get(f"/queue/?{query}").status_code == 404


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_pages_sorted_by_priority_are_the_whole_queue_in_order(city: City, limit: int) -> None:
    for priority in (2, 0, 3, 1, 0, 2, 3):
        log(city, priority=priority)
    api, seen, cursor = Api(city, "leader1"), [], ""
    while True:
        body = api.get("queue", sort="priority", limit=limit, cursor=cursor)[1]
        seen += [(item["priority"], item["due"]["due_at"]) for item in body["items"]]
        if not (cursor := body["next"]):
            break

    assert len(seen) == 7
    assert seen == sorted(seen)


def test_a_tile_and_a_date_together_narrow_to_both(city: City) -> None:
    case = log(city)
    due = Case.objects.get(pk=case.pk).due_at

    late = filters_from({"tile": "overdue", "due": "3d"}, city["leader1"], due + timedelta(hours=1))
    early = filters_from({"tile": "overdue", "due": "3d"}, city["leader1"], NOW)

    assert queue_for(city["leader1"], filters=late, now=due).items
    assert not queue_for(city["leader1"], filters=early, now=NOW).items


def test_the_address_alone_says_what_a_filter_is() -> None:
    asked = {"tile": "overdue", "only": "x", "cursor": "y", "case": "z", "q": "路灯", "junk": "1"}

    assert parsed(canonical(asked)) == {"tile": "overdue", "q": "路灯"}


# --- saved filters ---------------------------------------------------------------------------


def save(
    city: City,
    who: str,
    name: str,
    query: str = "tile=overdue",
    unit: str = "",
    now: datetime = NOW,
) -> SavedFilter:
    return save_filter(name=name, query=query, pinned=True, unit_code=unit, by=city[who], now=now)


def test_a_filter_is_ones_own_until_an_approver_shares_it_within_the_unit(city: City) -> None:
    own = save(city, "handler1", "我的超时")
    shared = save(city, "approver1", "本单位超时", unit="A0")

    assert list(usable_by(city["handler1"])) == [own, shared]
    assert list(usable_by(city["approver1"])) == [shared]
    assert list(usable_by(city["cleaner1"])) == []
    with pytest.raises(NotAllowedError):
        save(city, "handler1", "不行", unit="A0")
    with pytest.raises(NotAllowedError):
        drop_filter(pk=shared.pk, by=city["handler1"])
    with pytest.raises(CaseNotFoundError):
        change_filter(pk=own.pk, name="偷", query=None, pinned=None, by=city["cleaner1"], now=NOW)


def test_a_saved_filter_is_renamed_pinned_ordered_and_deleted(city: City) -> None:
    first, second = save(city, "handler1", "一"), save(city, "handler1", "二")

    change_filter(
        pk=first.pk, name="壹", query="line=GRID", pinned=False, by=city["handler1"], now=NOW
    )
    order_filters(order=[second.pk, first.pk], by=city["handler1"])

    assert [f.name for f in usable_by(city["handler1"])] == ["二", "壹"]
    assert SavedFilter.objects.get(pk=first.pk).query == "line=GRID"
    drop_filter(pk=first.pk, by=city["handler1"])
    assert usable_by(city["handler1"]).count() == 1


@pytest.mark.parametrize("name", ["", "  ", "长" * 31, "零\x00"])
def test_a_name_is_one_to_thirty_letters(city: City, name: str) -> None:
    with pytest.raises(RuleError):
        save(city, "handler1", name)


def test_a_name_is_taken_once_and_there_is_a_limit(city: City) -> None:
    save(city, "handler1", "同名")
    with pytest.raises(RuleError) as taken:
        save(city, "handler1", "同名")
    assert taken.value.code == "NAME_TAKEN"
    for number in range(MOST_FILTERS - 1):
        save(city, "handler1", f"第{number}个")
    with pytest.raises(RuleError) as full:
        save(city, "handler1", "再一个")
    assert full.value.code == "TOO_MANY_FILTERS"


def test_saved_filters_by_json(city: City) -> None:
    api = Api(city, "approver1")
    status, made = api.post("queue/filters", {"name": "本单位", "query": "rel=mine", "unit": "A0"})
    assert (status, made["unit"]) == (201, "A0")
    path = f"/api/v1/queue/filters/{made['id']}"
    headers = api.headers
    changed = api.client.patch(
        path, {"pinned": False}, content_type="application/json", headers=headers
    )
    assert changed.json()["pinned"] is False
    assert api.post("queue/filters", {"name": "坏", "query": "rel=theirs"})[0] == 400
    assert Api(city, "handler1").get("queue/filters")[1]["items"][0]["name"] == "本单位"
    assert api.client.delete(path, headers=headers).status_code == 204
    assert api.get("queue/filters")[1]["items"] == []


# --- unseen ----------------------------------------------------------------------------------


def unseen(city: City, who: str, minutes: float, **query: str) -> dict[str, int]:
    saved = list(usable_by(city[who]))
    now = NOW + timedelta(minutes=minutes)
    return unseen_for(city[who], query=query, saved=saved, now=now)


def test_what_was_looked_at_is_seen_and_what_enters_its_state_later_is_not(city: City) -> None:
    case = dispatched(city)
    assert unseen(city, "cleaner1", 1)["unsigned"] == 1

    look(view="unsigned", until=NOW + timedelta(minutes=1), by=city["cleaner1"], now=SOON)

    assert unseen(city, "cleaner1", 2)["unsigned"] == 0
    assert unseen(city, "cleaner1", 2)["all"] == 1
    move(city, case, "cleaner1", "sign", 5)
    look(view="all", until=NOW + timedelta(minutes=4), by=city["cleaner1"], now=SOON)
    assert unseen(city, "cleaner1", 6)["all"] == 1


def test_an_old_case_that_comes_back_is_new_and_an_urge_alone_is_not(city: City) -> None:
    case = dispatched(city)
    look(view="unsigned", until=NOW + timedelta(minutes=1), by=city["cleaner1"], now=SOON)

    move(city, case, "dispatcher1", "urge", 5, text="快一点")
    assert unseen(city, "cleaner1", 6)["unsigned"] == 0
    move(city, case, "handler1", "request_return", 7, **RETURN)
    move(city, case, "dispatcher1", "refuse_return", 8, reason="权责清单明确")

    assert case.created_at == NOW
    assert unseen(city, "cleaner1", 9)["unsigned"] == 1


def test_a_mark_is_ones_own_and_never_goes_back_nor_ahead_of_the_clock(city: City) -> None:
    user = city["cleaner1"]
    look(view="all", until=NOW + timedelta(minutes=5), by=user, now=SOON)
    look(view="all", until=NOW, by=user, now=SOON)
    assert SeenMark.objects.get(user=user, view="all").until == NOW + timedelta(minutes=5)
    look(view="all", until=NOW + timedelta(days=900), by=user, now=SOON)
    assert SeenMark.objects.get(user=user, view="all").until == SOON
    assert not SeenMark.objects.filter(user=city["handler1"]).exists()


def test_who_saves_what_is_on_the_screen_has_seen_what_it_holds(city: City) -> None:
    dispatched(city)
    saved = save(city, "cleaner1", "夜班", "tile=unsigned", now=NOW + timedelta(minutes=1))

    assert unseen(city, "cleaner1", 2)[f"f{saved.pk}"] == 0
    assert unseen(city, "cleaner1", 2)["unsigned"] == 1


def test_a_saved_filter_has_a_counter_of_its_own_and_a_strange_view_is_refused(city: City) -> None:
    saved = save(city, "cleaner1", "待签收的", "tile=unsigned", now=NOW - timedelta(minutes=5))
    dispatched(city)
    assert unseen(city, "cleaner1", 1)[f"f{saved.pk}"] == 1
    look(view=f"f{saved.pk}", until=SOON, by=city["cleaner1"], now=SOON)
    assert unseen(city, "cleaner1", 31)[f"f{saved.pk}"] == 0
    for view in ("f0", "fx", "everything", f"f{saved.pk + 1}", "all@33990"):
        with pytest.raises(FilterError):
            look(view=view, until=SOON, by=city["cleaner1"], now=SOON)
    with pytest.raises(FilterError):
        look(view=f"f{saved.pk}", until=SOON, by=city["handler1"], now=SOON)


def test_who_looks_at_one_district_has_seen_only_that(city: City) -> None:
    log(city)
    look(view=f"all@{A}", until=SOON, by=city["leader1"], now=SOON)

    assert unseen(city, "leader1", 31, district=A)["all"] == 0
    log(city, title="澜江", position=Position(119.6251, 29.9051, "WGS84"))
    assert unseen(city, "leader1", 31, district="339902")["all"] == 1


def test_a_tile_shows_as_many_as_it_says_whatever_state_the_form_asks_for(city: City) -> None:
    dispatched(city)
    log(city, title="还没有受理的一件")
    leader = city["leader1"]
    asked = {"": 1, "PENDING_SIGN": 1, "REGISTERED,PENDING_SIGN": 1, "REGISTERED": 0}
    for state, many in asked.items():
        query = {"district": A, "tile": "unsigned", "state": state}
        shown = queue_for(leader, filters=filters_from(query, leader, SOON), now=SOON)
        assert len(shown.items) == many, state
        assert counted(leader, query, SOON)["unsigned"] == many, state
        assert unseen(city, "leader1", 31, **query)["unsigned"] == many, state


def test_unseen_counts_within_the_pages_other_filters_as_the_large_numbers_do(city: City) -> None:
    log(city, title="热线的一件")
    within = {"district": A}

    assert unseen(city, "leader1", 1, **within)["all"] == 1
    assert unseen(city, "leader1", 1, **within, line="HOTLINE")["all"] == 1
    assert unseen(city, "leader1", 1, **within, line="GRID")["all"] == 0
    assert unseen(city, "leader1", 1, **within, tile="unsigned", q="热线的一件")["all"] == 1
    assert unseen(city, "leader1", 1, **within, q="没有这几个字")["all"] == 0


# --- the map ---------------------------------------------------------------------------------

BOX = (13310000.0, 3480000.0, 13330000.0, 3500000.0)


@pytest.mark.parametrize("who", ["leader1", "handler1", "cleaner1", "helper1", "handler2"])
@pytest.mark.parametrize("query", ["", "tile=today", "q=件", "line=HOTLINE"])
def test_the_squares_of_the_map_hold_exactly_the_cases_of_the_list(
    city: City, who: str, query: str
) -> None:
    for place in range(9):
        log(city, title=f"第 {place} 件", position=position(place))
    dispatched(city)
    filters = filters_from(parsed(query), city[who], SOON)
    listed = queue_for(city[who], filters=filters, now=SOON).items

    for size in (2.0, 300.0, 20000.0):
        found = squares_of(city[who], filters=filters, box=BOX, size=size, now=SOON)
        assert sum(item[2] for item in found) == len(listed)
        singles = {item[5] for item in found if item[5]}
        assert singles <= {item["case_no"] for item in listed}
    assert extent_of(city[who], filters=filters)["n"] == len(listed)


def position(place: int) -> Position:
    return Position(119.6001 + 0.001 * place, 29.9001 + 0.0007 * place, "WGS84")


def test_a_lasso_holds_what_is_inside_and_may_be_seen(city: City) -> None:
    near, far = log(city), log(city, position=position(8))
    lasso = "119.599,29.899;119.601,29.899;119.601,29.901;119.599,29.901"
    filters = filters_from({}, city["leader1"], SOON)

    found = inside(city["leader1"], filters=filters, lasso=lasso)

    assert [row["case_no"] for row in found] == [near.case_no]
    assert far.case_no != near.case_no
    own = filters_from({}, city["handler2"], SOON)
    assert inside(city["handler2"], filters=own, lasso=lasso) == []


@pytest.mark.parametrize("lasso", ["", "1,2", "1,2;3,4", "x,y;1,2;3,4", "nan,1;2,2;3,3", "1;2;3"])
def test_an_outline_that_is_none_is_refused(city: City, lasso: str) -> None:
    filters = filters_from({}, city["leader1"], SOON)
    with pytest.raises(FilterError):
        inside(city["leader1"], filters=filters, lasso=lasso)


@pytest.mark.parametrize(
    "query",
    ["box=1,2,3", "box=a,b,c,d", "box=0,0,1,1&size=0", "box=0,0,1,1&size=x", "box=2,0,1,1&size=9",
     "box=nan,0,1,1&size=9", "box=0,0,1,1&size=inf"],
)  # fmt: skip
def test_a_map_that_cannot_be_is_404(city: City, query: str) -> None:
    client = Client()
    client.force_login(city["leader1"])
    assert client.get(f"/queue/clusters?{query}").status_code == 404


# --- rows ------------------------------------------------------------------------------------


def test_a_row_says_why_the_unit_has_it_and_a_gone_one_who_took_it(city: City) -> None:
    case = dispatched(city)
    client = Client()
    client.force_login(city["cleaner1"])
    assert "A-E01" in client.get("/queue/?tile=unsigned").content.decode()

    move(city, case, "handler1", "sign", 1)
    answer = client.get(f"/queue/rows?tile=unsigned&ids={case.case_no}").content.decode()

    assert f'data-gone="{case.case_no}"' in answer
    assert "handler1" in answer


def test_only_one_case_leaves_the_counters_as_they_are(city: City) -> None:
    first, second = log(city), log(city)
    client = Client()
    client.force_login(city["leader1"])

    page = client.get(f"/queue/?only={first.case_no}").content.decode()

    assert f'id="case-{first.case_no}"' in page
    assert f'id="case-{second.case_no}"' not in page
    assert 'data-count="all">2<' in page


# --- the database refuses --------------------------------------------------------------------


def own_twice(city: City) -> None:
    for _ in range(2):
        SavedFilter.objects.create(owner=city["handler1"], name="同", created_at=NOW)


def shared_twice(city: City) -> None:
    for who in ("handler1", "approver1"):
        SavedFilter.objects.create(
            owner=city[who], unit=city.units["A0"], name="同", created_at=NOW
        )


def nameless(city: City) -> None:
    SavedFilter.objects.create(owner=city["handler1"], name="", created_at=NOW)


def seen_twice(city: City) -> None:
    for _ in range(2):
        SeenMark.objects.create(user=city["handler1"], view="all", until=NOW)


def export_with(**changes: object) -> Callable[[City], None]:
    def make(city: City) -> None:
        fields = {"owner": city["handler1"], "format": "CSV", "language": "zh-hans",
                  "scope_digest": "x", "state": "DIRECT", "alive_at": NOW, "created_at": NOW,
                  "expires_at": SOON, **changes}  # fmt: skip
        Export.objects.create(**fields)

    return make


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (own_twice, "dispatch_savedfilter_one_of_a_name_per_person"),
        (shared_twice, "dispatch_savedfilter_one_of_a_name_per_unit"),
        (nameless, "dispatch_savedfilter_has_a_name"),
        (seen_twice, "dispatch_seenmark_one_per_person_and_view"),
        (export_with(format="PDF"), "dispatch_export_format_is_known"),
        (export_with(state="LOST"), "dispatch_export_state_is_known"),
        (export_with(expires_at=NOW), "dispatch_export_expires_after_it_was_made"),
    ],
)
def test_the_database_itself_refuses(city: City, make: Callable[[City], None], name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(city)


def test_a_person_of_two_units_is_offered_both_units_filters(city: City) -> None:
    user = User.objects.create(username="both1", name="both1")
    for unit in ("A0", "A1"):
        give_post(user=user, role=Role.HANDLER, area_code=A, unit=city.units[unit], now=NOW)
    shared = save(city, "approver1", "共享", unit="A0")

    assert list(usable_by(user)) == [shared]
