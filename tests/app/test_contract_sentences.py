"""Sentences of the contract that an outside program took at their word and found untrue."""

import uuid
from typing import Any

import pytest

from tests.app.asking import ask
from tests.app.doors import finding
from tests.city import City

pytestmark = pytest.mark.django_db


def sync(city: City, items: Any, who: str = "inspector1") -> Any:
    """The answer of POST /grid/sync."""
    return ask(city, who, "POST", "grid/sync", items)


NO_FINDINGS: list[Any] = [
    {"uid": "nonsense"},
    {key: value for key, value in finding().items() if key != "device"},
    finding(captured_at="garbage"),
    finding(location={"lon": "x"}),
    "text",
    None,
    5,
]


@pytest.mark.parametrize("item", NO_FINDINGS, ids=lambda item: str(item)[:20])
def test_what_is_no_finding_at_all_spoils_no_other_of_its_list(city: City, item: Any) -> None:
    first, last = finding(), finding(text="另一处")

    answer = sync(city, [first, item, last])

    assert answer.status_code == 200
    assert [each["status"] for each in answer.json()["items"]] == [201, 422, 201]
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

    assert answer.status_code == 422
    assert "items" in answer.json()["error"]["fields"], answer.json()


def test_an_item_of_a_list_has_the_status_that_its_own_door_gives(city: City) -> None:
    first = finding(uid=str(uuid.uuid4()))
    sync(city, [first])

    other = sync(city, [{**first, "text": "别的内容"}]).json()["items"][0]
    foreign = sync(city, [finding()], who="operator1").json()["items"][0]
    unknown = sync(city, [finding(category="none")]).json()["items"][0]

    assert (other["status"], other["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert (foreign["status"], foreign["error"]["code"]) == (403, "NOT_ALLOWED")
    assert unknown["error"]["fields"].keys() == {"category"}
