"""Any page of the queue: each case once, in order, whatever page size."""

import pytest

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
