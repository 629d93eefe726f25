"""What happens in one window shows in the others: live strip, rows in place, dot, counters."""

import time

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack

B_POINT = {"lon": 119.6251, "lat": 29.9051, "crs": "WGS84", "accuracy_m": 8}
WITHIN_S = 1.0
STRIP_PX = 43
"""The strip itself takes room above the list when it comes and gives it back when it goes."""


def _strip_shows(queue: Visitor, count: int) -> bool:
    strip = queue.page.locator("#strip")
    return strip.is_visible() and f"{count} 件" in strip.inner_text()


def _type_a_call(desk: Visitor, title: str) -> None:
    desk.page.fill("#content", f"市民反映：{title}，要求尽快清理并答复。")
    desk.page.fill("#title", title)
    desk.page.fill("#category", "E0104")
    desk.page.locator("#category-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.page.fill("#address", "秋涛路22")
    desk.page.locator("#address-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.until(lambda: "春晓社区" in desk.text("#ownership-words"))


def test_a_call_logged_at_the_desk_waits_in_the_live_strip_within_a_second(
    visit: Visit, stack: Stack
) -> None:
    stack.log_call(title="列表里的第一件")
    queue, desk = visit("dispatcher1").until_live(), visit("operator1", 1366, 768)
    first = queue.page.locator(".case").first
    first.click()
    selected = first.get_attribute("data-case")
    delays = []
    for count in (1, 2, 3):
        _type_a_call(desk, f"新来的第 {count} 件垃圾")
        with desk.page.expect_response("**/hotline/tickets") as answer:
            desk.page.keyboard.press("Control+Enter")
        assert answer.value.status == 201
        committed = time.monotonic()
        queue.until(lambda count=count: _strip_shows(queue, count))  # type: ignore[misc]
        delays.append(time.monotonic() - committed)
        desk.page.locator("#receipt-next").click()
    assert min(delays) < WITHIN_S, delays
    assert queue.page.title().startswith("(3) ")
    before = queue.page.locator(".case").count()
    queue.page.keyboard.press("r")
    queue.until(lambda: queue.page.locator(".case").count() == before + 3)
    assert queue.page.locator("#strip").is_hidden()
    assert not queue.page.title().startswith("(")
    current = queue.page.locator(".case[aria-current]")
    assert current.get_attribute("data-case") == selected


def test_loading_new_rows_leaves_what_is_under_the_eyes_where_it_is(
    visit: Visit, stack: Stack
) -> None:
    for index in range(14):
        stack.log_call(title=f"铺满列表的第 {index} 件", priority=3)
    queue = visit("dispatcher1", 1366, 768).until_live()
    queue.page.locator("#cases").evaluate("box => { box.scrollTop = 400; }")
    number = queue.page.locator(".case").nth(9).get_attribute("data-case") or ""
    before = _height_of(queue, number)
    urgent = stack.log_call(title="插到前面的急件", priority=0)["case_no"]
    queue.until(lambda: queue.page.locator("#strip").is_visible())
    assert abs(_height_of(queue, number) - before) <= STRIP_PX
    at_waiting = _height_of(queue, number)
    queue.page.keyboard.press("r")
    queue.until(lambda: queue.page.locator(f"#case-{urgent}").count() == 1)
    assert abs(_height_of(queue, number) - at_waiting) <= STRIP_PX


def _height_of(queue: Visitor, number: str) -> float:
    """Where a row stands, in pixels from the top of the window."""
    box = queue.page.locator(f"#case-{number}").bounding_box()
    assert box is not None
    return box["y"]


def test_a_row_that_changed_elsewhere_changes_in_place(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="别处受理的一件", priority=0)["case_no"]
    queue = visit("dispatcher1").until_live()
    row = queue.page.locator(f"#case-{number}")
    assert "待受理" in row.inner_text()
    stack.move("receiver1", number, "accept")
    queue.until(lambda: "待立案" in row.inner_text())
    assert queue.page.locator("#strip").is_hidden()


def test_the_counters_equal_the_servers_after_events(visit: Visit, stack: Stack) -> None:
    queue = visit("leader1").until_live()
    for number in range(6):
        receipt = stack.log_call(title=f"计数的第 {number} 件")
        if number % 2:
            stack.move("receiver1", receipt["case_no"], "accept")
    want = stack.call("leader1", "GET", "queue/counters?district=339901")
    queue.until(lambda: queue.text('.tile [data-count="all"]') == str(want["all"]))
    for key in ("overdue", "due_soon", "unsigned", "today"):
        assert queue.text(f'[data-count="{key}"]') == str(want[key])


def test_another_district_never_appears(visit: Visit, stack: Stack) -> None:
    queue = visit("handler1").until_live()
    foreign = stack.log_call(title="澜江区的一件", location=B_POINT)["case_no"]
    home = stack.log_call(title="云中区的一件")["case_no"]
    for username, move in (
        ("receiver1", "accept"),
        ("leader1", "file"),
        ("dispatcher1", "dispatch"),
    ):
        stack.move(username, foreign, move)
        stack.move(username, home, move)
    queue.until(lambda: queue.page.locator("#strip").is_visible())
    queue.page.keyboard.press("r")
    queue.until(lambda: queue.page.locator(f"#case-{home}").count() == 1)
    assert queue.page.locator(f"#case-{foreign}").count() == 0
    queue.expect_complaint("404")
    queue.go(f"/queue/?case={foreign}")
    assert "澜江区的一件" not in queue.page.content()
    queue.go(f"/cases/{foreign}/")
    assert "没有找到" in queue.text("h1")


def test_an_empty_list_says_so_and_offers_the_next_step(visit: Visit) -> None:
    queue = visit("handler2").go("/queue/?tile=overdue")
    assert "没有超时工单" in queue.text(".blank")
    queue.page.click(".blank .btn")
    queue.page.wait_for_load_state()
    assert queue.page.url.endswith("/queue/")


def test_filters_are_links_that_keep_the_rest(visit: Visit, stack: Stack) -> None:
    stack.log_call(title="热线的一件")
    queue = visit("dispatcher1")
    queue.page.click(".pill:has(.seal.HOTLINE)")
    queue.until(lambda: "line=HOTLINE" in queue.page.url)
    queue.until(lambda: queue.page.locator(".pill[aria-current]:has(.seal.HOTLINE)").count() == 1)
    queue.page.click('.tile:has([data-count="today"])')
    queue.until(lambda: "tile=today" in queue.page.url and "line=HOTLINE" in queue.page.url)
    queue.page.reload()
    assert queue.page.locator('.tile[aria-current] [data-count="today"]').count() == 1


def test_back_and_forward_lead_through_the_filters_with_map_and_feed_alive(
    visit: Visit, stack: Stack
) -> None:
    stack.log_call(title="后退也看得见的一件")
    queue = visit("leader1").until_live()
    today = queue.page.locator('.tile[aria-current] [data-count="today"]')
    queue.page.click('.tile:has([data-count="today"])')
    queue.until(lambda: today.count() == 1)
    queue.page.go_back()
    queue.until(lambda: today.count() == 0 and queue.page.locator(".case").count() > 0)
    assert "tile=" not in queue.page.url
    assert queue.page.locator("#map canvas").count() > 0
    queue.page.go_forward()
    queue.until(lambda: today.count() == 1)
    stack.log_call(title="前进之后来的一件", priority=0)
    queue.until(lambda: queue.page.locator("#strip").is_visible())


def test_the_first_press_of_a_filter_needs_nothing_that_was_there_before(
    visit: Visit, stack: Stack
) -> None:
    stack.log_call(title="按键盘筛选的一件")
    queue = visit("leader1").until_live()
    assert queue.page.evaluate("typeof window.htmx") == "undefined"
    assert queue.page.evaluate("window.sanxianMap.kept = 'the same page'")
    queue.page.evaluate("document.querySelector('.pill:has(.seal.HOTLINE)').click()")
    queue.until(lambda: queue.page.locator(".pill[aria-current]:has(.seal.HOTLINE)").count() == 1)
    assert queue.page.evaluate("window.sanxianMap.kept") == "the same page"
    assert "line=HOTLINE" in queue.page.url


def test_without_sockets_the_page_polls_and_says_so(visit: Visit, stack: Stack) -> None:
    queue = visit("leader1").without_worker()
    queue.page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
    queue.go("/queue/")
    dot = queue.page.locator("#live")
    queue.until(lambda: dot.get_attribute("data-state") == "polling", 30)
    stack.log_call(title="只靠轮询看到的一件", priority=0)
    queue.until(lambda: queue.page.locator("#strip").is_visible())
    assert "轮询中" in dot.inner_text()


def test_searching_narrows_the_list_and_keeps_it_in_the_address(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="独一无二的喷泉漏水")["case_no"]
    queue = visit("leader1").until_live()
    queue.page.keyboard.press("Control+k")
    queue.page.keyboard.insert_text("喷泉漏水")
    queue.page.keyboard.press("Enter")
    queue.until(lambda: queue.page.locator(".case").count() == 1)
    assert queue.page.locator(f"#case-{number}").count() == 1
    assert "q=" in queue.page.url


def test_on_a_phone_list_and_map_take_turns(visit: Visit, stack: Stack) -> None:
    stack.log_call(title="手机上看的一件")
    queue = visit("dispatcher1", 390, 844)
    assert queue.page.locator("#map").is_hidden()
    queue.page.click("[data-toggle-map]")
    assert queue.page.locator("#map").is_visible()
    assert queue.page.locator("#cases").is_hidden()
    seen = (
        "() => { const m = window.sanxianMap; const box = m.map.getView().calculateExtent();"
        " return m.cases.getFeaturesInExtent(box).length; }"
    )
    queue.until(lambda: queue.page.evaluate(seen) > 0)
