"""Any page of the queue: each case once, in order, whatever page size."""

import pytest
from django.db import connection

from dispatch.models import Case
from dispatch.queries import SORTS, QueueFilters, filtered
from tests.app.test_disputes import log
from tests.city import City
from tests.client import Api


@pytest.mark.parametrize("sort", ["due", "created"])
@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_the_pages_together_are_the_queue(city: City, sort: str, limit: int) -> None:
    made = {log(city, title=f"第 {n} 件").case_no for n in range(7)}
    api, seen, cursor = Api(city, "leader1"), [], ""
    while True:
        body = api.get("queue", sort=sort, limit=limit, cursor=cursor)[1]
        seen += [item["case_no"] for item in body["items"]]
        if not (cursor := body["next"]):
            break

    assert len(seen) == len(made)
    assert set(seen) == made


def test_filters_narrow_and_never_widen(city: City) -> None:
    case = log(city)
    api = Api(city, "handler1")
    assert [i["case_no"] for i in api.get("queue")[1]["items"]] == [case.case_no]

    assert api.get("queue", state="CLOSED")[1]["items"] == []
    assert api.get("queue", line="GRID")[1]["items"] == []
    assert Api(city, "handler2").get("queue", district="339901")[1]["items"] == []


@pytest.mark.parametrize("states", [(), ("PENDING_SIGN",), ("REGISTERED", "PROCESSING")])
def test_open_states_go_by_the_indexes_of_open_cases(city: City, states: tuple[str, ...]) -> None:
    asked = filtered(Case.objects.all(), QueueFilters(state=states)).order_by("due_at", "id")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    assert "dispatch_case_queue_city" in asked.explain()


def test_ended_cases_are_found_by_their_state_too(city: City) -> None:
    case = log(city)
    Case.objects.filter(pk=case.pk).update(state="VOIDED", is_open=False)
    log(city, title="另一件")

    ended = filtered(Case.objects.all(), QueueFilters(state=("VOIDED", "CLOSED")))
    either = filtered(Case.objects.all(), QueueFilters(state=("VOIDED", "REGISTERED")))

    assert [one.pk for one in ended] == [case.pk]
    assert either.count() == 2


EVERY_ORDER = pytest.mark.parametrize("sort", ["due", "created", "priority"])


@EVERY_ORDER
def test_pages_of_open_and_ended_states_together_hold_each_case_once(city: City, sort: str) -> None:
    states = ["REGISTERED", "CLOSED", "VOIDED"]
    for n in range(9):
        case = log(city, title=f"第 {n} 件")
        ended = n % 3 != 0
        Case.objects.filter(pk=case.pk).update(state=states[n % 3], is_open=not ended)
    api, found, cursor = Api(city, "dispatcher1"), list[str](), ""
    asked = {"state": ",".join([*states, "CLOSED"]), "sort": sort, "limit": 2}

    while cursor is not None:
        page = api.get("queue", **asked, **({"cursor": cursor} if cursor else {}))[1]
        found += [item["case_no"] for item in page["items"]]
        cursor = page["next"]

    order = {"due": "due_at", "created": "-created_at", "priority": "priority"}[sort]
    assert len(found) == len(set(found)) == 9
    assert set(found) == set(Case.objects.values_list("case_no", flat=True))
    rows = {case.case_no: case for case in Case.objects.all()}
    keys = [getattr(rows[number], order.lstrip("-")) for number in found]
    assert keys == sorted(keys, reverse=order.startswith("-"))


@pytest.mark.parametrize("state", ["CLOSED", "VOIDED"])
@EVERY_ORDER
def test_ended_states_go_by_the_indexes_of_ended_cases(city: City, sort: str, state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    asked = filtered(Case.objects.all(), QueueFilters(state=(state,))).order_by(*SORTS[sort])

    assert f"dispatch_case_ended_{sort}" in asked.explain()
