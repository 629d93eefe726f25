"""One outage, many callers: offered once to the leader, made one, read aloud to who calls next."""

from functools import partial

import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from dispatch.incidents import recognising
from dispatch.subscribing import drain
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe

ANSWER = "春晓花园片区停水，正在抢修，预计今晚八点恢复。"
LATER_ANSWER = "春晓花园片区停水，抢修延长，预计今晚十点恢复。"
ESTATE = "云中区望江街道秋涛路22号春晓花园{n}幢"
OUTAGE = "L9013"
SPOT = {"lon": 119.6021, "lat": 29.9041, "crs": "WGS84", "accuracy_m": 8}


def _neighbours(stack: Stack, many: int, *, first: int, estate: str = ESTATE) -> list[str]:
    """Different people of one estate call about the same outage; their cases."""
    receipts = [
        stack.log_call(
            title="家里停水了",
            content="从刚才开始停水，要求尽快恢复",
            category=OUTAGE,
            address=estate.format(n=n + 1),
            location=SPOT,
            caller={"phone": f"139{first + n:08d}", "name": f"住户{n}"},
        )
        for n in range(many)
    ]
    return [receipt["case_no"] for receipt in receipts]


def _recognise(blocker: DjangoDbBlocker) -> None:
    with blocker.unblock():
        drain(recognising.SUBSCRIBER, partial(recognising.recognise, now=timezone.now()))


def _until_offered(leader: Visitor, blocker: DjangoDbBlocker, words: str) -> None:
    strip = leader.page.locator("#incidents .incident")

    def is_there() -> bool:
        _recognise(blocker)
        return strip.count() == 1 and words in strip.inner_text()

    leader.until(is_there, 15)


def _close(stack: Stack, numbers: list[str], blocker: DjangoDbBlocker) -> None:
    """End the incident's case, and those that it lets go: the next journey starts from nothing."""
    for number in numbers:
        stack.move("leader1", number, "void", reason="演练结束", told="PHONE")
    _recognise(blocker)


def _desk_for_the_outage(visit: Visit, words: str) -> Visitor:
    desk = visit("operator1", 1366, 768).go("/desk/")
    desk.page.fill("#content", words)
    desk.page.fill("#category", OUTAGE)
    desk.page.locator("#category-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.page.fill("#address", ESTATE.format(n=9))
    desk.page.fill("#phone", "13912345678")
    return desk


def test_five_neighbours_make_one_offer_and_the_sixth_hears_the_answer(
    visit: Visit, stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    leader = visit("leader1").until_live()
    watcher = visit("dispatcher1").until_live()
    assert leader.page.locator("#incidents").is_hidden()

    numbers = _neighbours(stack, 5, first=0)
    _until_offered(leader, django_db_blocker, "5 位反映人")

    strip = leader.page.locator("#incidents .incident")
    assert "疑似区域性事件：春晓花园" in strip.inner_text()
    watcher.until(lambda: watcher.page.locator("#incidents .incident").count() == 1)
    assert watcher.page.locator("#incidents .btn").all_inner_texts() == ["查看"]
    strip.get_by_role("button", name="合为一件").click()
    leader.page.locator("#incident-sheet").wait_for()
    assert leader.page.evaluate("document.activeElement.id") == "incident-accept"
    assert leader.page.locator(".incident-cases li").count() == 5
    assert "春晓花园5幢" in leader.text(".incident-cases li:last-child")
    assert _axe(leader) == []
    leader.page.fill("#incident-accept", ANSWER)
    leader.page.keyboard.press("Control+Enter")
    leader.until(lambda: f"5 件已合为 {numbers[0]}" in leader.text("#toasts"))
    leader.until(lambda: ANSWER in leader.text("#incidents"))
    assert _axe(leader) == []
    primary = stack.call("leader1", "GET", f"cases/{numbers[0]}")
    assert len(primary["intakes"]) == 5
    states = [stack.call("leader1", "GET", f"cases/{no}")["state"] for no in numbers[1:]]
    assert states == ["MERGED"] * 4

    strip.get_by_role("button", name="更改答复").click()
    assert leader.page.input_value("#incident-answer") == ANSWER
    leader.page.fill("#incident-answer", LATER_ANSWER)
    leader.page.keyboard.press("Control+Enter")
    leader.until(lambda: LATER_ANSWER in leader.text("#incidents"))
    watcher.until(lambda: LATER_ANSWER in watcher.text("#incidents"))
    assert watcher.page.locator("#incidents .btn").all_inner_texts() == ["查看"]

    desk = _desk_for_the_outage(visit, "春晓花园9幢也停水了，要求今天恢复供水。")
    desk.until(lambda: LATER_ANSWER in desk.text("#twins"))
    first = desk.page.locator("#twins li").first
    assert first.get_attribute("data-case") == numbers[0]
    assert first.get_attribute("aria-selected") == "true"
    assert "区域性事件" in first.inner_text()
    assert _axe(desk) == []
    desk.page.keyboard.press("Control+m")
    desk.page.locator("#receipt").wait_for()
    assert desk.text("#receipt-no") == numbers[0]
    assert desk.text("#receipt-told-words") == LATER_ANSWER
    primary = stack.call("leader1", "GET", f"cases/{numbers[0]}")
    assert len(primary["intakes"]) == 6
    _close(stack, numbers, django_db_blocker)
    leader.until(lambda: leader.page.locator("#incidents").is_hidden())


@pytest.mark.parametrize("width", [1440, 390])
def test_a_refused_dismissal_keeps_the_words_and_the_second_who_decides_is_told(
    visit: Visit, stack: Stack, django_db_blocker: DjangoDbBlocker, width: int
) -> None:
    leader = visit("leader1", width, 900).until_live()
    for words in ("409", "422"):
        leader.expect_complaint(words)
    numbers = _neighbours(stack, 5, first=1000 * width, estate=f"云中区望江新村{width}号院{{n}}幢")
    _until_offered(leader, django_db_blocker, "5 位反映人")
    leader.page.locator("#incidents .incident").get_by_role("button", name="不是").click()
    leader.page.locator("#incident-sheet").wait_for()
    leader.page.keyboard.press("Control+Enter")
    leader.until(lambda: leader.page.locator("#incident-dismiss[aria-invalid]").count() == 1)
    assert _axe(leader) == []
    leader.page.fill("#incident-dismiss", "各户水表故障，原因不同")
    leader.page.keyboard.press("Escape")
    leader.page.locator("#incidents .incident").get_by_role("button", name="不是").click()
    assert leader.page.input_value("#incident-dismiss") == "各户水表故障，原因不同"
    [offer] = stack.call("leader1", "GET", "incidents?district=339901")["items"]
    stack.call("leader1", "POST", f"incidents/{offer['id']}/dismiss", {"reason": "先行核实"})

    leader.page.keyboard.press("Control+Enter")

    leader.until(lambda: leader.page.locator("#incident-sheet .notice.over").is_visible())
    assert leader.page.input_value("#incident-dismiss") == "各户水表故障，原因不同"
    leader.until(lambda: leader.page.locator("#incidents").is_hidden())
    states = [stack.call("leader1", "GET", f"cases/{no}")["state"] for no in numbers]
    assert "MERGED" not in states
