"""The queue and the drawer tell the truth: after a cut, after many events, to whoever looks on."""

import random
from typing import Any

from tests.city import A
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.people import People
from tests.journeys.stack import Stack

CUT_MS = 4000
EVENTS = 50
FIRST_CALLS = 14
WAY: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("receiver1", "accept", {}),
    ("leader1", "file", {}),
    ("dispatcher1", "dispatch", {}),
    ("handler1", "sign", {}),
    ("handler1", "first_contact", {"way": "PHONE", "text": "已电话联系"}),
    ("approver1", "submit_result", {"text": "已清理干净"}),
    ("dispatcher1", "ask_check", {}),
    ("inspector1", "check_pass", {"text": "现场干净"}),
)
LISTEN = """() => { window.heard = [];
  document.addEventListener("sx:event", ({ detail }) => window.heard.push(detail.seq)); }"""
SHOWN = """() => Object.fromEntries([...document.querySelectorAll("#head [data-count]")]
  .map((one) => [one.dataset.count, Number(one.textContent.replace(/,/g, ""))]))"""


def test_after_a_cut_what_was_missed_arrives_once_and_in_order(visit: Visit, stack: Stack) -> None:
    queue = visit("leader1").without_worker()
    queue.expect_complaint("WebSocket")
    held: list[Any] = []
    is_cut: list[bool] = []

    def through(socket: Any) -> None:
        held.append(socket)
        if is_cut:
            socket.close(code=1011)
        else:
            socket.connect_to_server()

    queue.page.route_web_socket("**/ws/**", through)
    queue.go("/queue/").until_live()
    queue.page.evaluate(LISTEN)
    is_cut.append(True)
    held[-1].close(code=1011)
    numbers = [
        stack.log_call(title=f"断开时来的第 {n} 件", priority=0)["case_no"] for n in range(5)
    ]
    stack.move("receiver1", numbers[0], "accept")
    queue.page.wait_for_timeout(CUT_MS)
    is_cut.clear()
    queue.until_live()
    queue.until(lambda: "5 件" in queue.text("#strip"))
    heard = queue.page.evaluate("() => window.heard")
    assert heard == list(range(heard[0], heard[0] + len(heard)))
    assert len(heard) >= len(numbers) + 1
    queue.page.keyboard.press("r")
    for number in numbers:
        queue.until(lambda number=number: queue.page.locator(f"#case-{number}").count() == 1)  # type: ignore[misc]
    assert "待立案" in queue.text(f"#case-{numbers[0]}")


def _make_events(stack: Stack, draw: random.Random) -> None:
    """Calls, then moves of cases drawn at random, each one step further on its way."""
    numbers = [
        stack.log_call(title=f"随机的第 {n} 件", priority=n % 4)["case_no"]
        for n in range(FIRST_CALLS)
    ]
    steps = dict.fromkeys(numbers, 0)
    for _ in range(EVENTS - FIRST_CALLS):
        number = draw.choice([one for one in numbers if steps[one] < len(WAY)])
        who, move, fields = WAY[steps[number]]
        stack.move(who, number, move, **fields)
        steps[number] += 1


def test_after_fifty_random_events_each_filter_counts_what_the_server_counts(
    visit: Visit, stack: Stack
) -> None:
    queue = visit("leader1").until_live()
    before = queue.page.evaluate(SHOWN)
    _make_events(stack, random.Random(50))
    wanted = stack.call("leader1", "GET", f"queue/counters?district={A}")
    assert wanted["all"] == before["all"] + FIRST_CALLS
    assert set(before) <= set(wanted)
    queue.until(
        lambda: all(wanted[name] == count for name, count in queue.page.evaluate(SHOWN).items())
    )
    queue.page.reload()
    assert queue.page.evaluate(SHOWN) == {name: wanted[name] for name in before}


def test_an_attempt_to_call_shows_in_a_drawer_that_is_open_elsewhere(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="两个窗口看着的回访")["case_no"]
    for who, move, fields in WAY:
        stack.move(who, number, move, **fields)
    people = People(visit)
    drawer = people.open("leader1", number)
    leader = people.window("leader1").until_live()
    voice = stack.call("callback1", "GET", f"cases/{number}")["intakes"][0]["intake_no"]
    answer = {"solved": "UNREACHABLE", "text": "无人接听"}
    stack.call("callback1", "POST", f"intakes/{voice}/callbacks", answer)
    told = drawer.locator(f'[data-intake="{voice}"]')
    leader.until(lambda: "未接通 1/3 次" in told.inner_text())
    assert "登记一次回访" in drawer.locator("#timeline").inner_text()


def _split_off(leader: Visitor, voice: str) -> None:
    leader.press_move("split")
    form = leader.page.locator("#move-split")
    form.locator(f'input[type=checkbox][value="{voice}"]').check()
    form.locator('[name="reason"]').fill("两处不同的垃圾，分开办理")
    form.locator("[data-send]").click()


def test_a_voice_is_split_off_into_a_case_of_its_own(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="要拆开的一件")["case_no"]
    stack.log_call(title="并进来的另一处", attach_to_case=number, caller={"phone": "13800138077"})
    voices = [
        one["intake_no"] for one in stack.call("leader1", "GET", f"cases/{number}")["intakes"]
    ]
    people = People(visit)
    drawer = people.open("leader1", number)
    leader = people.window("leader1").until_live()
    assert drawer.locator("#part-voices [data-intake]").count() == 2
    _split_off(leader, voices[1])
    leader.until(lambda: f"已办理：{number}" in leader.text("#toasts"))
    leader.until(lambda: drawer.locator("#part-voices [data-intake]").count() == 1)
    assert drawer.locator(f'[data-intake="{voices[1]}"]').count() == 0
    timeline = stack.call("leader1", "GET", f"cases/{number}")["timeline"]
    made = next(one["other_case"] for one in timeline if one["topic"] == "case.split")
    fresh = people.open("leader1", made)
    assert fresh.locator(f'[data-intake="{voices[1]}"]').count() == 1
    assert stack.call("leader1", "GET", f"cases/{number}")["intakes_count"] == 1
