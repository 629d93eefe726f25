"""Cases walked from report to closing through the real pages, every act by the one who does it."""

from datetime import datetime, timedelta

import pytest

from tests.journeys.conftest import Visit
from tests.journeys.people import People, worked
from tests.journeys.stack import Stack

pytestmark = pytest.mark.timeout(300)
"""A walk opens some twenty pages; each person's window is a browser of its own."""


def test_a_place_problem_goes_from_the_inspector_to_the_checked_end(
    visit: Visit, stack: Stack
) -> None:
    people = People(visit)
    number = people.report("路口井盖松动有异响")
    worked(people, number)
    people.make("approver1", number, "submit_result", text="已更换井盖并加固", photos=True)
    people.make("dispatcher1", number, "ask_check")
    people.make("inspector1", number, "check_pass", text="现场牢固", photos=True)
    drawer = people.open("leader1", number)
    assert drawer.locator(".drawer-body .state").first.inner_text() == "已结案"
    assert drawer.locator(".compare-pair img").count() == 2
    assert "间隔" in drawer.locator(".compare figcaption").inner_text()
    assert drawer.locator(".clock-track .seg").count() >= 5
    words = drawer.locator("#timeline").inner_text()
    for topic in ("登记", "受理", "立案", "派遣", "签收", "反馈处置结果", "核查合格", "结案"):
        assert topic in words


TO_THE_CALL_BACK: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("receiver1", "accept", {}, "待立案"),
    ("leader1", "file", {}, "待派遣"),
    ("dispatcher1", "dispatch", {}, "待签收"),
    ("handler1", "sign", {}, "处置中"),
    ("handler1", "first_contact", {"way": "PHONE", "text": "已电话说明安排"}, "处置中"),
    ("approver1", "submit_result", {"text": "已清理干净"}, "待核查"),
    ("dispatcher1", "ask_check", {}, "核查中"),
    ("inspector1", "check_pass", {"text": "现场干净"}, "待回访"),
)
"""Who makes which move with which words, and what the drawer then says."""


def test_a_citizen_is_called_back_until_she_answers(visit: Visit, stack: Stack) -> None:
    people = People(visit)
    number = people.log_call("垃圾散落三天没人清理", "13800138011")
    for username, move, fields, state in TO_THE_CALL_BACK:
        people.make(username, number, move, **fields)
        assert people.state(username, number) == state
    voice = stack.call("callback1", "GET", f"cases/{number}")["intakes"][0]["intake_no"]
    people.call_back(number, voice, "UNREACHABLE", text="无人接听")
    drawer = people.open("callback1", number)
    assert "未接通 1/3 次" in drawer.locator(f'[data-intake="{voice}"]').inner_text()
    assert "138****8011" in drawer.locator(f'[data-intake="{voice}"]').inner_text()
    people.call_back(number, voice, "YES", satisfaction="VERY_SATISFIED", text="谢谢")
    people.make("callback1", number, "callback_done")
    assert people.state("callback1", number) == "已结案"
    told = people.open("leader1", number).locator(f'[data-intake="{voice}"]').inner_text()
    assert "已回访：已解决 · 非常满意" in told


def test_two_calls_about_one_thing_are_joined_parted_joined_and_both_called_back(
    visit: Visit, stack: Stack
) -> None:
    people = People(visit)
    first = people.log_call("秋涛路口垃圾成堆发臭", "13800138021")
    second = people.log_call("秋涛路口垃圾成堆发臭", "13800138022")
    drawer = people.open("leader1", second)
    twin = drawer.locator(f'[data-twin="{first}"]')
    twin.locator("[data-beside]").click()
    leader = people.window("leader1")
    leader.page.locator("dialog.beside section").nth(1).wait_for()
    assert "138****8021" not in leader.text("dialog.beside")
    leader.page.keyboard.press("Escape")
    twin.locator("[data-merge]").click()
    leader.until(lambda: f"已并入 {first}" in leader.text("#toasts"))
    leader.page.locator("#toasts button").first.click()
    leader.until(lambda: f"已撤销并案：{second}" in leader.page.inner_text("#toasts"))
    leader.until(lambda: leader.page.get_attribute(".drawer-head", "data-case") == second)
    people.open("leader1", second).locator(f'[data-twin="{first}"] [data-merge]').click()
    leader.until(lambda: leader.page.get_attribute(".drawer-head", "data-case") == first)
    assert leader.page.locator("#drawer .intake").count() == 2
    assert second in leader.text("#drawer .origin")
    assert leader.page.locator(f'#timeline [data-unmerge="{second}"]').count() == 1
    worked(people, first)
    people.make("approver1", first, "submit_result", text="垃圾已清运")
    people.make("dispatcher1", first, "ask_check")
    people.make("inspector1", first, "check_pass", text="现场干净")
    voices = [v["intake_no"] for v in stack.call("callback1", "GET", f"cases/{first}")["intakes"]]
    people.call_back(first, voices[1], "YES", satisfaction="SATISFIED")
    assert people.state("callback1", first) == "待回访"
    people.call_back(first, voices[0], "PARTIAL", satisfaction="BASICALLY", text="希望常态保洁")
    people.make("callback1", first, "callback_done")
    assert people.state("callback1", first) == "已结案"


def test_a_fight_of_returns_ends_in_a_ruling_that_cannot_be_returned(
    visit: Visit, stack: Stack
) -> None:
    people = People(visit)
    number = people.log_call("井盖与垃圾混在一处", "13800138031")
    people.make("receiver1", number, "accept")
    people.make("leader1", number, "file")
    people.make("dispatcher1", number, "dispatch")
    back = {
        "clause": "三定方案第四条",
        "unit": "yzqszs",
        "reason": "属市政设施，不归环卫",
        "evidence": "现场照片与权属图",
    }
    people.make("approver1", number, "request_return", **back)
    people.make("dispatcher1", number, "refuse_return", reason="地面保洁为主，仍由环卫办理")
    people.make("approver1", number, "request_return", **back)
    assert people.state("leader1", number) == "争议裁定"
    ruling = {"unit": "yzqhws", "reason": "以保洁为主，市政配合", "precedent": "YES"}
    people.make("leader1", number, "designate", **ruling)
    drawer = people.open("approver1", number)
    records = drawer.locator("#part-records").inner_text()
    assert records.count("退单无效") == 2
    assert "裁定" in records
    assert "先例" in records
    drawer.locator(".more-moves summary").click()
    blocked = drawer.locator('[data-blocked="request_return"]')
    assert blocked.is_disabled()
    assert "不得再退单" in drawer.locator("#blocked-request_return").inner_text()


def test_a_suspended_case_stands_still_and_resumes(visit: Visit, stack: Stack) -> None:
    people = People(visit)
    number = people.log_call("绿化带垃圾待春季补植后清理", "13800138041")
    worked(people, number)
    people.make(
        "approver1", number, "request_suspension", cause="SEASON", reason="春季补植前无法完全清理"
    )
    assert "待值班长审批" in people.open("approver1", number).locator("#part-records").inner_text()
    until = (datetime.now() + timedelta(days=20)).date().isoformat()  # noqa: DTZ005
    people.make("leader1", number, "suspend", until=until, reason="同意，补植后恢复")
    drawer = people.open("approver1", number)
    assert drawer.locator(".drawer-body .state").first.inner_text() == "挂账"
    assert drawer.locator(".seg.is-paused").count() == 1
    people.make("leader1", number, "resume", reason="补植完成")
    assert people.state("approver1", number) == "处置中"
    people.make("approver1", number, "submit_result", text="已清理")
    assert people.state("dispatcher1", number) == "待核查"


def test_of_two_who_sign_at_once_one_wins_and_the_other_sees_who(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="两个窗口同时按签收")["case_no"]
    for username, move in (
        ("receiver1", "accept"),
        ("leader1", "file"),
        ("dispatcher1", "dispatch"),
    ):
        stack.move(username, number, move)
    people = People(visit)
    both = ("handler1", "approver1")
    windows = {name: people.window(name).hearing_nothing() for name in both}
    for name, window in windows.items():
        window.expect_complaint("409")
        people.open(name, number)
    signs = [window.page.locator('[data-open-move="sign"]') for window in windows.values()]
    signs[0].evaluate("button => button.click()")
    signs[1].evaluate("button => button.click()")
    for window in windows.values():
        window.until(lambda window=window: window.page.inner_text("#toasts") != "")  # type: ignore[misc]
    said = {name: window.page.inner_text("#toasts") for name, window in windows.items()}
    won = [name for name, words in said.items() if "已办理" in words]
    lost = [name for name, words in said.items() if won and won[0] in words]
    assert len(won) == 1
    assert len(lost) == 1
    assert "签收" in said[lost[0]]


def test_words_outlive_a_change_by_somebody_else_and_are_sent_with_the_new_version(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="写到一半被别人改动的一件")["case_no"]
    people = People(visit)
    drawer = people.open("leader1", number)
    leader = people.window("leader1").until_live()
    leader.press_move("urge")
    drawer.locator("#move-urge textarea").fill("请尽快，老人已摔倒一次")
    stack.move("receiver1", number, "accept")
    leader.until(lambda: "刚刚有了变化" in leader.text(".move-error"))
    assert drawer.locator("#move-urge textarea").input_value() == "请尽快，老人已摔倒一次"
    assert drawer.locator(".drawer-body .state").first.inner_text() == "待立案"
    drawer.locator("#move-urge [data-send]").click()
    leader.until(lambda: f"已办理：{number}" in leader.text("#toasts"))
    leader.until(lambda: "请尽快，老人已摔倒一次" in leader.text("#timeline"))


def test_a_conflict_keeps_the_text_and_offers_to_go_on(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="断网时被别人改动的一件")["case_no"]
    people = People(visit)
    leader = people.window("leader1").hearing_nothing()
    leader.expect_complaint("409")
    drawer = people.open("leader1", number)
    leader.press_move("urge")
    drawer.locator("#move-urge textarea").fill("第二次来电")
    stack.move("receiver1", number, "accept")
    drawer.locator("#move-urge [data-send]").click()
    leader.until(lambda: "receiver1" in leader.text(".move-error-words"))
    assert "受理" in leader.text(".move-error-words")
    drawer.locator("[data-go-on]").click()
    leader.until(lambda: f"已办理：{number}" in leader.page.inner_text("#toasts"))
    leader.until(lambda: "第二次来电" in leader.text("#timeline"))


def test_escape_closes_the_topmost_layer_only(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="一层一层关的一件", priority=0)["case_no"]
    people = People(visit)
    leader = people.window("leader1").go("/queue/").until_live()
    leader.page.locator(f"#case-{number} a").click()
    drawer = leader.page.locator("#drawer")
    drawer.locator(".drawer-head").wait_for()
    leader.press_move("urge")
    drawer.locator("#move-urge textarea").fill("留着")
    leader.page.keyboard.press("Escape")
    assert drawer.locator("#move-urge").is_hidden()
    assert drawer.is_visible()
    leader.press_move("urge")
    assert drawer.locator("#move-urge textarea").input_value() == "留着"
    leader.page.keyboard.press("Escape")
    leader.page.keyboard.press("Escape")
    assert drawer.is_hidden()
    assert leader.page.evaluate("document.activeElement.closest('.case')?.dataset.case") == number


def test_the_drawer_fills_a_phone_and_the_page_behind_is_out_of_reach(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="手机上看的一件")["case_no"]
    for n in range(3):
        kept = {"name": f"手机上常看的筛选之{n}", "query": "line=HOTLINE"}
        stack.call("leader1", "POST", "queue/filters", kept)
    phone = visit("leader1", 390, 844).go(f"/queue/?case={number}")
    whole = {"x": 0, "y": 0, "width": 390, "height": 844}
    phone.until(lambda: phone.page.locator("#drawer").bounding_box() == whole)
    phone.until(lambda: phone.page.get_attribute("#drawer", "role") == "dialog")
    assert phone.page.locator("#list").evaluate("list => list.inert")
    assert phone.page.locator(".pill.saved .unseen").count() >= 3
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390

    phone.page.set_viewport_size({"width": 1000, "height": 844})
    phone.until(lambda: phone.page.get_attribute("#drawer", "role") == "region")
    assert not phone.page.locator("#list").evaluate("list => list.inert")
