"""Units sent away and people who stand in, arranged in a browser: what it means comes first."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Route
from pytest_django import DjangoDbBlocker

from accounts.actions import end_post, give_post
from accounts.models import Role, Unit, User
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe

CHINESE = re.compile("[\u4e00-\u9fff]")
CITY_TIME = ZoneInfo("Asia/Shanghai")
SIZES = ((390, 844), (768, 1024), (1440, 900), (1920, 1080))


def moment(**later: int) -> str:
    """A time from now on, as a field for date and time takes it."""
    return f"{datetime.now(CITY_TIME) + timedelta(**later):%Y-%m-%dT%H:%M}"


def free(stack: Stack) -> None:
    """End every arrangement that another journey left."""
    for path in ("unit-absences", "deputies"):
        for item in stack.call("leader1", "GET", path)["items"]:
            if item["standing"] in {"CURRENT", "COMING"}:
                stack.call("leader1", "POST", f"{path}/{item['id']}/end", {"reason": "换一个试验"})


def choose(visitor: Visitor, field: str, words: str, name: str) -> None:
    """Type into a list that is searched and take the first answer by key."""
    visitor.page.fill(f"#{field}-words", words)
    visitor.page.locator(f"#{field}-list li").first.wait_for()
    visitor.page.keyboard.press("Enter")
    visitor.until(lambda: visitor.page.input_value(f"#{field}-words") == name)


def told(visitor: Visitor) -> str:
    """What the form says would follow, once it says anything."""
    visitor.page.locator("[data-foretold] li").first.wait_for()
    return visitor.text("[data-foretold]")


def test_words_typed_before_the_script_has_come_are_answered(visit: Visit, stack: Stack) -> None:
    visitor = visit("leader1")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/combobox*.js", hold)
    visitor.page.goto(f"{stack.url}/absences/", wait_until="commit")
    visitor.page.fill("#unit-words", "yzqhws")
    visitor.until(lambda: held)
    assert not visitor.page.locator("#unit-list li").count()

    held[0].continue_()
    visitor.page.locator("#unit-list li").first.wait_for()
    visitor.page.unroute("**/combobox*.js")


def test_a_leader_sends_a_unit_away_by_keyboard_and_the_next_case_goes_to_the_other(
    visit: Visit, stack: Stack
) -> None:
    free(stack)
    waiting = stack.log_call(title="停派前登记的一件")["case_no"]
    visitor = visit("leader1").go("/queue/")
    visitor.page.click('.rail a[href="/absences/"]')
    choose(visitor, "unit", "yzqhws", "云中区环卫所")
    choose(visitor, "deputy_unit", "A1", "云中区市政所")
    visitor.page.fill("#starts-at", moment(minutes=-1))
    visitor.page.fill("#ends-at", moment(days=1))
    words = told(visitor)
    count = re.search(r"现有 (\d+) 件待派遣的案件归云中区环卫所", words)
    assert count is not None
    assert int(count[1]) >= 1
    assert "改由云中区市政所承办" in words
    visitor.page.fill("#reason", "压缩站检修")
    visitor.page.focus("#reason")
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Control+Enter")
    assert "云中区环卫所 → 云中区市政所" in visitor.text("[data-done]")
    line = visitor.text("#group-current + ol .absence")
    assert "压缩站检修" in line
    assert "leader1" in line
    stack.move("receiver1", waiting, "accept")
    stack.move("leader1", waiting, "file")
    visitor.until(
        lambda: stack.call("dispatcher1", "GET", f"cases/{waiting}")["suggestion"]["unit"] == "A1"
    )


def test_an_absence_is_ended_early_with_a_reason_that_stays_on_the_page(
    visit: Visit, stack: Stack
) -> None:
    free(stack)
    body = {"unit": "B2", "deputy_unit": "B1", "starts_at": moment(minutes=-5),
            "ends_at": moment(days=2), "reason": "车辆年检"}  # fmt: skip
    stack.call("dispatcher1", "POST", "unit-absences", body)
    visitor = visit("dispatcher1").go("/absences/")
    assert visitor.page.locator(".absence-tabs").count() == 0
    visitor.page.locator(".absence", has_text="车辆年检").locator("summary").click()
    form = visitor.page.locator(".ending[open] form")
    form.locator("button").click()
    assert "请填写" in form.locator(".why").inner_text()
    form.locator("input").fill("车辆已检完")
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    past = visitor.page.locator("#group-over + ol .absence", has_text="车辆年检").inner_text()
    assert "车辆已检完" in past
    assert "提前结束" in past


def test_what_is_refused_is_said_at_its_field_and_nothing_typed_is_lost(
    visit: Visit, stack: Stack
) -> None:
    free(stack)
    visitor = visit("approver1").go("/absences/?tab=people")
    visitor.page.click(".absence-form .btn.pri")
    assert visitor.text("#absent-why") == "请填写。"
    assert visitor.page.evaluate("document.activeElement.id") == "absent-words"
    visitor.expect_complaint("422")
    visitor.expect_complaint("403")
    choose(visitor, "absent", "handler1", "handler1")
    visitor.page.fill("#deputy-words", "dispatcher1")
    visitor.page.fill("#reason", "年休假五天")
    visitor.page.fill("#ends-at", moment(days=-1))
    visitor.until(lambda: visitor.page.locator("#ends-at-why").is_visible())
    visitor.page.fill("#ends-at", moment(days=5))
    visitor.until(lambda: "管辖" in visitor.text("#deputy-why"))
    visitor.page.click(".absence-form .btn.pri")
    visitor.until(lambda: visitor.page.get_attribute("#deputy-words", "aria-invalid") == "true")
    kept = [visitor.page.input_value(f"#{name}") for name in ("absent-words", "deputy-words")]
    assert kept == ["handler1", "dispatcher1"]
    assert visitor.page.input_value("#reason") == "年休假五天"
    assert stack.call("leader1", "GET", "deputies")["items"] == [] or all(
        item["reason"] != "年休假五天" for item in stack.call("leader1", "GET", "deputies")["items"]
    )


def test_who_stands_in_sees_for_whom_on_every_page_and_the_record_names_both(
    visit: Visit, stack: Stack
) -> None:
    free(stack)
    number = stack.log_call(title="代班期间的一件", category="C0101")["case_no"]
    stack.move("receiver1", number, "accept")
    stack.move("leader1", number, "file")
    stack.move("dispatcher1", number, "dispatch", unit="A0", reason="处置中心直接办理")
    visitor = visit("leader1").go("/absences/?tab=people")
    choose(visitor, "absent", "handler1", "handler1")
    choose(visitor, "deputy", "cleaner1", "cleaner1")
    visitor.page.fill("#starts-at", moment(minutes=-1))
    visitor.page.fill("#ends-at", moment(days=1))
    assert "cleaner1（代 handler1）" in told(visitor)
    visitor.page.fill("#reason", "外出培训")
    with visitor.page.expect_navigation():
        visitor.page.click(".absence-form .btn.pri")
    deputy = visit("cleaner1")
    for path in ("/queue/", f"/cases/{number}/"):
        assert "代 handler1" in deputy.go(path).text(".stands-in")
    stack.move("cleaner1", number, "sign")
    history = deputy.go(f"/queue/?case={number}").page.locator("#timeline li").first
    deputy.until(lambda: "cleaner1（代 handler1）" in history.inner_text())
    deputy.until(lambda: deputy.page.locator("#drawer [aria-busy]").count() == 0)
    free(stack)
    assert deputy.go("/queue/").page.locator(".stands-in").count() == 0


def test_of_several_posts_one_is_chosen_and_the_page_says_which_was_lent(
    visit: Visit, stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    free(stack)
    with django_db_blocker.unblock():
        helper, unit = User.objects.get(username="helper1"), Unit.objects.get(code="A2")
        second = give_post(
            user=helper, role=Role.HANDLER, area_code="339901", unit=unit, now=timezone.now()
        )
    visitor = visit("leader1").go("/absences/?tab=people")
    assert visitor.page.locator("#post").is_hidden()
    choose(visitor, "absent", "helper1", "helper1")
    options = visitor.page.locator("#post option").all_inner_texts()
    assert options == ["全部可代的岗位", "处置员 · 云中区市政所", "处置员 · 云中区环卫所"]
    visitor.page.select_option("#post", label="处置员 · 云中区环卫所")
    choose(visitor, "deputy", "approver1", "approver1")
    visitor.page.fill("#ends-at", moment(days=1))
    words = told(visitor)
    assert "环卫所" in words
    assert "市政所" not in words
    assert _axe(visitor) == []
    visitor.page.fill("#reason", "外出培训")
    with visitor.page.expect_navigation():
        visitor.page.click(".absence-form .btn.pri")
    lent = visitor.text("[data-done]") + visitor.text(".absence")
    assert "环卫所" in lent
    assert "市政所" not in lent
    free(stack)
    with django_db_blocker.unblock():
        end_post(post=second, now=timezone.now())


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_page_has_no_barriers_and_does_not_scroll_sideways(
    visit: Visit, stack: Stack, width: int, height: int
) -> None:
    free(stack)
    body = {"unit": "A2", "deputy_unit": "A0", "starts_at": moment(hours=2),
            "ends_at": moment(days=1), "reason": "冲洗车检修"}  # fmt: skip
    stack.call("leader1", "POST", "unit-absences", body)
    visitor = visit("leader1", width, height)
    for tab in ("units", "people"):
        visitor.go(f"/absences/?tab={tab}")
        visitor.page.click('.absence-form [data-days="2"]')
        if tab == "units":
            visitor.page.locator(".ending summary").first.click()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visitor.page.locator('.rail a[aria-current="page"]').is_visible()
        assert _axe(visitor) == [], tab


def test_the_english_page_has_no_chinese_words_of_ours(visit: Visit, stack: Stack) -> None:
    free(stack)
    visitor = visit("leader1", 1440, 900, "en-GB")
    for tab in ("units", "people"):
        visitor.go(f"/absences/?tab={tab}")
        parts = ".page-head, .absence-form, .absence-lists .head, .none, .absence .tag"
        words = " ".join(visitor.page.locator(parts).all_inner_texts())
        assert not CHINESE.search(words), (tab, CHINESE.findall(words))


def test_who_arranges_nothing_has_no_such_page(visit: Visit) -> None:
    visitor = visit("handler1").go("/queue/")
    assert visitor.page.locator('.rail a[href="/absences/"]').count() == 0
    visitor.expect_complaint("403")
    visitor.go("/absences/")
    assert visitor.page.locator(".absence-form").count() == 0
