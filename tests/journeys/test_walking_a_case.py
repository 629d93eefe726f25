"""A case in the drawer: its last step, two at once, what is missing, by keyboard, on paper."""

from typing import Any

from playwright.sync_api import Locator

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack


def _open(visitor: Visitor, number: str) -> Locator:
    visitor.go(f"/queue/?case={number}")
    drawer = visitor.page.locator("#drawer")
    drawer.locator(".drawer-head").wait_for()
    visitor.until(lambda: drawer.locator("[aria-busy]").count() == 0)
    return drawer


def _make(visitor: Visitor, number: str, move: str, fields: dict[str, Any]) -> None:
    drawer = _open(visitor, number)
    visitor.press_move(move)
    form = drawer.locator(f"#move-{move}")
    for name, value in fields.items():
        if name.startswith("choose:"):
            form.locator(f'input[value="{value}"]').check()
        else:
            form.locator(f'[name="{name}"]').fill(value)
    if form.is_visible():
        form.locator("[data-send]").click()
    visitor.until(lambda: f"已办理：{number}" in visitor.text("#toasts"))


TO_THE_CALL_BACK: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("receiver1", "accept", {}),
    ("leader1", "file", {}),
    ("dispatcher1", "dispatch", {}),
    ("handler1", "sign", {}),
    ("handler1", "first_contact", {"way": "PHONE", "text": "已电话联系市民"}),
    ("approver1", "submit_result", {"text": "已清理干净"}),
    ("dispatcher1", "ask_check", {}),
    ("inspector1", "check_pass", {"text": "现场干净"}),
)
"""The same steps are walked through the pages in test_walks.py."""


def test_the_call_back_closes_a_case_by_the_form_of_the_move(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="回访后结案的一件")["case_no"]
    for username, move, fields in TO_THE_CALL_BACK:
        stack.move(username, number, move, **fields)
    officer = visit("callback1")
    _make(officer, number, "callback_done", {"choose:solved": "YES"})
    state = officer.page.locator("#drawer .drawer-body .state").first
    officer.until(lambda: "已结案" in state.inner_text())
    words = officer.text("#drawer .timeline")
    for topic in ("登记", "立案", "派遣", "签收", "联系市民", "反馈处置结果", "核查合格", "结案"):
        assert topic in words


def test_the_second_of_two_handlers_is_told_who_was_first(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="两人同时签收的一件")["case_no"]
    for username, move in (
        ("receiver1", "accept"),
        ("leader1", "file"),
        ("dispatcher1", "dispatch"),
    ):
        stack.move(username, number, move)
    slow = visit("handler1").hearing_nothing()
    slow.expect_complaint("409")
    drawer = _open(slow, number)
    stack.move("approver1", number, "sign")
    slow.press_move("sign")
    slow.until(lambda: "approver1" in slow.text("#toasts"))
    slow.until(lambda: "处置中" in drawer.locator(".drawer-body .state").first.inner_text())
    assert drawer.locator('[data-open-move="sign"]').count() == 0


def test_a_move_without_its_reason_is_not_sent_and_says_what_is_missing(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="不写理由的一件")["case_no"]
    leader = visit("leader1")
    drawer = _open(leader, number)
    leader.press_move("void")
    drawer.locator("#move-void [data-send]").click()
    assert drawer.locator("#move-void .why:visible").all_inner_texts() == ["请填写"]
    assert stack.call("leader1", "GET", f"cases/{number}")["state"] == "REGISTERED"


def test_the_queue_is_worked_by_keyboard_alone(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="只用键盘的一件", priority=0)["case_no"]
    receiver = visit("receiver1")
    for _ in range(60):
        receiver.page.keyboard.press("ArrowDown")
        if receiver.page.locator(".case[aria-current]").get_attribute("data-case") == number:
            break
    receiver.page.keyboard.press("Enter")
    receiver.page.locator("#drawer .drawer-head").wait_for()
    receiver.page.keyboard.press("e")
    receiver.until(lambda: "已办理" in receiver.text("#toasts"))
    receiver.page.keyboard.press("Escape")
    assert receiver.page.locator("#drawer").is_hidden()
    receiver.page.keyboard.press("?")
    assert receiver.page.locator("#keys").is_visible()
    receiver.page.keyboard.press("Escape")
    assert receiver.page.locator("#keys").is_hidden()


def test_row_and_marker_follow_each_other(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="地图上的一件", priority=0)["case_no"]
    queue = visit("dispatcher1").until_live()
    queue.page.locator(f"#case-{number}").click()
    queue.until(lambda: queue.page.evaluate("Boolean(window.sanxianMap.selected)") is True)
    point = queue.page.evaluate(
        "() => { const m = window.sanxianMap; const p = m.map.getPixelFromCoordinate("
        "m.selected.getGeometry().getCoordinates()); return p; }"
    )
    drawer = queue.page.locator("#drawer").bounding_box()
    panel = queue.page.locator(".map-panel").bounding_box()
    assert drawer is not None
    assert panel is not None
    queue.until(
        lambda: (
            queue.page.evaluate(
                "() => window.sanxianMap.map.getPixelFromCoordinate("
                "window.sanxianMap.selected.getGeometry().getCoordinates())[0]"
            )
            < drawer["x"] - panel["x"]
        )
    )
    assert point


def test_a_sheet_is_printed_from_the_case(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="要打印的一件")["case_no"]
    leader = visit("leader1").go(f"/cases/{number}/")
    assert number in leader.text(".paper-no")
    assert "138****8000" in leader.text(".paper")
    assert len(leader.page.pdf(format="A4")) > 4000
