"""The drawer's screens: without barriers at each size, by keyboard, in English, at 200 %."""

import pytest
from playwright.sync_api import Route

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.people import photo
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe

HAN = ("\u4e00", "\u9fff")


def _worked(stack: Stack, title: str) -> str:
    """A case in work, with another call near it."""
    stack.log_call(title=title, caller={"phone": "13800138051", "name": "李四"})
    number: str = stack.log_call(title=title)["case_no"]
    for username, move in (
        ("receiver1", "accept"),
        ("leader1", "file"),
        ("dispatcher1", "dispatch"),
        ("handler1", "sign"),
    ):
        stack.move(username, number, move)
    return number


def _open(visit: Visit, user: str, number: str, width: int, height: int, lang: str) -> Visitor:
    visitor = visit(user, width, height, lang).go(f"/queue/?case={number}")
    visitor.page.locator("#drawer .twins-list").wait_for()
    visitor.until(lambda: visitor.page.locator("#drawer [aria-busy]").count() == 0)
    return visitor


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844), (720, 450)])
def test_the_whole_drawer_has_no_barriers_at_any_size(
    visit: Visit, stack: Stack, width: int, height: int
) -> None:
    number = _worked(stack, f"看屏障的一件{width}")
    leader = _open(visit, "leader1", number, width, height, "zh-CN")
    leader.page.evaluate(
        "document.querySelectorAll('#drawer details').forEach(fold => { fold.open = true; })"
    )
    assert leader.page.evaluate("document.documentElement.scrollWidth") <= width
    assert leader.page.evaluate("document.querySelector('#drawer').scrollWidth") <= width
    assert _axe(leader) == []


def test_side_by_side_and_the_lightbox_have_no_barriers_and_obey_keys(
    visit: Visit, stack: Stack
) -> None:
    number = _worked(stack, "并排与大图的一件")
    approver = _open(visit, "approver1", number, 1440, 900, "zh-CN")
    approver.press_move("submit_result")
    form = approver.page.locator("#move-submit_result")
    form.locator("textarea").fill("已清理")
    form.locator("input[type=file]").set_input_files([photo(), photo()])
    approver.until(lambda: form.locator(".photo img").count() == 2)
    assert "2 张" in form.locator("[data-photo-count]").inner_text()
    form.locator("[data-remove-photo]").first.click()
    assert form.locator(".photo img").count() == 1
    form.locator("[data-send]").click()
    approver.until(lambda: "已办理" in approver.text("#toasts"))
    approver.page.locator("#drawer .photos [data-photo]").first.click()
    approver.page.locator("dialog.lightbox img").wait_for()
    approver.page.keyboard.press("ArrowRight")
    assert "1/1" in approver.text("#lightbox-name")
    assert _axe(approver) == []
    approver.page.keyboard.press("Escape")
    assert approver.page.locator("#drawer").is_visible()
    approver.page.locator("[data-beside]").first.click()
    approver.page.locator("dialog.beside section").nth(1).wait_for()
    assert _axe(approver) == []
    approver.page.keyboard.press("Escape")
    assert approver.page.locator("dialog.beside").is_hidden()


def test_the_first_drawer_shows_its_outline_while_its_parts_are_on_their_way(
    visit: Visit, stack: Stack
) -> None:
    number = _worked(stack, "慢网络里打开的一件")
    leader = visit("leader1").go(f"/queue/?q={number}").until_live()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    leader.page.route("**/drawer/shell*.js", hold)
    leader.page.locator(f"#case-{number} .title a").click()
    leader.page.locator("#drawer [aria-busy] .skeleton").first.wait_for()
    leader.until(lambda: len(held) == 1)
    held[0].continue_()
    leader.page.locator("#drawer .drawer-head").wait_for()
    assert leader.page.locator("#drawer .skeleton").count() == 0


def test_a_drawer_whose_parts_do_not_come_says_so_and_comes_at_the_next_try(
    visit: Visit, stack: Stack
) -> None:
    number = _worked(stack, "断网时打开的一件")
    leader = visit("leader1").go(f"/queue/?q={number}").until_live()
    for words in ("ERR_FAILED", "dynamically imported"):
        leader.expect_complaint(words)
    leader.page.route("**/queue/drawer/**", lambda route: route.abort())
    leader.page.locator(f"#case-{number} .title a").click()
    leader.page.locator("#drawer [data-retry]").wait_for()
    assert "网络不通" in leader.text("#drawer .notice")
    leader.page.unroute("**/queue/drawer/**")
    leader.page.click("#drawer [data-retry]")
    leader.page.locator("#drawer .drawer-head").wait_for()


def test_the_clock_picture_is_read_by_arrow_keys(visit: Visit, stack: Stack) -> None:
    number = _worked(stack, "用方向键看时间条的一件")
    leader = _open(visit, "leader1", number, 1440, 900, "zh-CN")
    leader.page.locator(".clock-track").focus()
    leader.page.keyboard.press("ArrowRight")
    first = leader.text("#clock-words")
    assert "受理员" in first
    leader.page.keyboard.press("ArrowRight")
    assert leader.text("#clock-words") != first
    leader.page.locator(".clock-table summary").click()
    assert "值班长" in leader.text(".clock-table table")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_button_for_more_stays_under_the_pointer(
    visit: Visit, stack: Stack, width: int
) -> None:
    number = _worked(stack, f"看更多步骤的一件{width}")
    handler = _open(visit, "handler1", number, width, 900, "zh-CN")
    more = handler.page.locator("#drawer .more-moves summary")
    before = more.bounding_box()
    foot = handler.page.locator("#drawer .drawer-foot")
    height = foot.evaluate("foot => foot.getBoundingClientRect().bottom")
    more.click()
    handler.page.locator("#drawer .more-panel").wait_for()
    after = more.bounding_box()
    quick = handler.page.locator("#drawer .quick .btn").first.bounding_box()
    assert before and after and quick
    assert before["x"] == after["x"]
    assert abs(after["y"] - quick["y"]) < 1
    assert foot.evaluate("foot => foot.getBoundingClientRect().bottom") == height


def test_a_revealed_number_is_dialled_by_one_press(visit: Visit, stack: Stack) -> None:
    number = _worked(stack, "要打电话问清的一件")
    leader = _open(visit, "leader1", number, 1440, 900, "zh-CN")
    assert "13800138000" not in leader.page.content()
    leader.page.locator("#drawer .reveal summary").first.click()
    form = leader.page.locator("#drawer [data-reveal]").first
    form.locator("input").fill("核实地点")
    form.locator("button").click()
    dial = form.locator(".revealed a")
    dial.wait_for()
    assert dial.get_attribute("href") == "tel:13800138000"
    assert _axe(leader) == []


def test_a_dot_copies_the_number_and_two_dots_the_link(visit: Visit, stack: Stack) -> None:
    number = _worked(stack, "复制编号的一件")
    leader = _open(visit, "leader1", number, 1440, 900, "zh-CN")
    leader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    leader.page.locator("#drawer").focus()
    leader.page.keyboard.press(".")
    leader.until(lambda: "20" in leader.page.evaluate("navigator.clipboard.readText()"))
    assert leader.page.evaluate("navigator.clipboard.readText()") == number
    leader.page.wait_for_timeout(500)
    leader.page.keyboard.press(".")
    leader.page.keyboard.press(".")
    leader.until(lambda: "http" in leader.page.evaluate("navigator.clipboard.readText()"))
    link = leader.page.evaluate("navigator.clipboard.readText()")
    assert link == f"{stack.url}/queue/?case={number}"


def test_a_word_that_is_being_composed_is_not_sent_by_enter(visit: Visit, stack: Stack) -> None:
    number = _worked(stack, "输入法里按回车的一件")
    leader = _open(visit, "leader1", number, 1440, 900, "zh-CN")
    leader.press_move("urge")
    leader.page.focus("#move-urge textarea")
    session = leader.context.new_cdp_session(leader.page)
    session.send(
        "Input.imeSetComposition", {"text": "kuai", "selectionStart": 4, "selectionEnd": 4}
    )
    for kind in ("rawKeyDown", "keyUp"):
        session.send(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": "Process", "windowsVirtualKeyCode": 229, "modifiers": 2},
        )
    session.send("Input.insertText", {"text": "快"})
    leader.page.keyboard.press("Enter")
    leader.page.wait_for_timeout(300)
    assert leader.page.locator("#move-urge").is_visible()
    assert stack.call("leader1", "GET", f"cases/{number}")["state"] == "PROCESSING"
    leader.page.keyboard.press("Control+Enter")
    leader.until(lambda: "已办理" in leader.text("#toasts"))


def test_the_english_drawer_has_no_chinese_words_of_ours(visit: Visit, stack: Stack) -> None:
    number = _worked(stack, "English case")
    leader = _open(visit, "leader1", number, 1440, 900, "en-GB")
    leader.page.locator(".more-moves summary").click()
    words = leader.page.locator(
        "#drawer h3, #drawer dt, #drawer .btn, #drawer summary, #drawer .jumps button, "
        "#drawer .label, #drawer .blocked span, #drawer .clock-legend li:last-child"
    ).all_inner_texts()
    ours = [text for text in words if any(HAN[0] <= letter <= HAN[1] for letter in text)]
    assert ours == []


def test_enter_opens_a_case_then_goes_into_it_where_arrows_scroll(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="键盘读的一件", content="很长的一段话。" * 300)["case_no"]
    stack.log_call(title="键盘读的另一件")
    reader = visit("leader1", 1366, 768).go("/queue/?q=键盘读的")
    page = reader.page
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#drawer-title").wait_for()
    selected = page.locator(".case[aria-current]")
    first = selected.get_attribute("data-case")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "drawer-body"
    page.keyboard.press("ArrowDown")
    assert selected.get_attribute("data-case") == first, "reading left the case"
    page.keyboard.press("Escape")
    reader.until(lambda: page.evaluate("!!document.activeElement.closest('.case')"))
    page.keyboard.press("ArrowDown")
    assert selected.get_attribute("data-case") != first
    reader.go(f"/queue/?case={number}&q=键盘读的")
    page.locator("#drawer-body").focus()
    page.keyboard.press("ArrowDown")
    reader.until(lambda: page.evaluate("document.getElementById('drawer-body').scrollTop") > 0)
