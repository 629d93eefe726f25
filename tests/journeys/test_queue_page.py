"""The handler's queue in a browser: what ui.md 4.3 asks for, and what a handler at night needs."""

import re
import time
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, Route
from pytest_django import DjangoDbBlocker

from accounts.models import Post
from dispatch.models import SeenMark
from tests.city import A
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe as found_by_axe

TABS = 20
COUNT_SOUNDS = """
window.tones = 0;
class Param { setValueAtTime() {} exponentialRampToValueAtTime() {} }
class Node { constructor() { this.frequency = {}; this.gain = new Param(); }
  connect(next) { return next; } start() { window.tones += 1; } stop() {} }
window.AudioContext = class {
  constructor() { this.state = window.touched ? "running" : "suspended"; this.currentTime = 0; }
  resume() {
    if (window.touched) this.state = "running";
    return window.touched ? Promise.resolve() : new Promise(() => {});
  }
  createOscillator() { return new Node(); } createGain() { return new Node(); } };
addEventListener("pointerdown", () => { window.touched = true; }, true);
"""
TWO_HOURS_FAST = "const real = Date.now.bind(Date); Date.now = () => real() + 7200000;"
ROWS_SEEN_WHOLE = """() => { const box = document.querySelector("#cases").getBoundingClientRect();
  return [...document.querySelectorAll(".case")].map((row) => row.getBoundingClientRect())
    .filter((row) => row.top >= box.top && row.bottom <= box.bottom).length; }"""


def new_work(stack: Stack, title: str = "新派的一件", **changes: Any) -> str:
    """A case that waits for unit A2 to sign it."""
    number: str = stack.log_call(**{"title": title, **changes})["case_no"]
    for who, move in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        stack.move(who, number, move)
    return number


def sockets(stack: Stack, district: str = A) -> int:
    """How many sockets follow a district, as the server counts them."""
    with urllib.request.urlopen(f"{stack.url}/metrics", timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.search(rf'sanxian_sockets{{district="{district}"}} (\d+)', text)
    return int(found.group(1)) if found else 0


def tabs_of(visitor: Visitor, many: int) -> list[Page]:
    pages = [visitor.context.new_page() for _ in range(many - 1)]
    for page in pages:
        page.goto(f"{visitor.stack.url}/queue/")
    return [visitor.page, *pages]


def state_of(page: Page) -> str | None:
    return page.get_attribute("#live", "data-state")


# --- one connection for all tabs -------------------------------------------------------------


@pytest.mark.parametrize("has_worker", [True, False])
def test_twenty_tabs_are_one_socket_and_all_hear_the_same(
    visit: Visit, stack: Stack, has_worker: bool
) -> None:
    before = sockets(stack)
    first = visit("dispatcher1")
    if not has_worker:
        first.without_worker().go("/queue/")
    first.until_live()
    pages = tabs_of(first, TABS)
    for page in pages:
        first.until(lambda page=page: state_of(page) == "live", 20)  # type: ignore[misc]

    assert sockets(stack) <= before + 1
    stack.log_call(title="所有标签页都该看见的一件", priority=0)
    for page in pages:
        strip = page.locator("#strip")
        page.bring_to_front()
        first.until(lambda strip=strip: strip.is_visible(), 20)  # type: ignore[misc]
    clocks = {page.locator("[data-live-clock]").inner_text() for page in pages}
    assert len(clocks) <= 2
    for page in pages[1:]:
        page.close()


def test_when_the_tab_that_holds_the_socket_dies_another_takes_over_within_two_seconds(
    visit: Visit, stack: Stack
) -> None:
    first = visit("dispatcher1").without_worker()
    first.go("/queue/").until_live()
    other = first.context.new_page()
    other.goto(f"{stack.url}/queue/")
    first.until(lambda: state_of(other) == "live")
    first.page.close()
    died = time.monotonic()
    number = stack.log_call(title="接替之后来的一件", priority=0)["case_no"]
    end = died + 10
    while not other.locator("#strip").is_visible() and time.monotonic() < end:
        other.wait_for_timeout(50)
    taken_over = time.monotonic() - died

    assert other.locator("#strip").is_visible()
    assert taken_over < 2.0
    other.keyboard.press("r")
    other.locator(f"#case-{number}").wait_for()
    first.page = other


def test_the_dot_says_when_the_server_is_gone_and_what_was_missed_arrives_after(
    visit: Visit, stack: Stack
) -> None:
    queue = visit("leader1").until_live()
    for words in ("WebSocket", "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "Failed to load"):
        queue.expect_complaint(words)
    dot = queue.page.locator("#live")
    stack.stop("serve")
    queue.until(lambda: dot.get_attribute("data-state") in {"reconnecting", "offline"}, 20)
    assert "数据截至" in dot.inner_text()
    stack.stop("relay")
    stack.start("serve")
    numbers = [stack.log_call(title=f"断线时的第 {n} 件")["case_no"] for n in range(3)]
    stack.start("relay")
    queue.until(lambda: dot.get_attribute("data-state") == "live", 40)
    queue.until(lambda: queue.page.locator("#strip").is_visible(), 20)
    queue.page.keyboard.press("r")
    for number in numbers:
        queue.until(lambda number=number: queue.page.locator(f"#case-{number}").count() == 1)  # type: ignore[misc]


def test_a_gap_shows_how_many_were_fetched(visit: Visit, stack: Stack) -> None:
    queue = visit("leader1").without_worker()
    held: list[object] = []

    def through(socket: object) -> None:
        held.append(socket)
        server = socket.connect_to_server()  # type: ignore[attr-defined]
        server.on_message(lambda text: None if len(held) == 99 else socket.send(text))  # type: ignore[attr-defined]

    queue.page.route_web_socket("**/ws/**", through)
    queue.go("/queue/").until_live()
    held[-1].close(code=1011)  # type: ignore[attr-defined]
    for number in range(4):
        stack.log_call(title=f"缺口里的第 {number} 件")
    queue.until(lambda: queue.page.locator("[data-live-missed]").is_visible(), 20)
    assert re.search(r"补收 \d+ 条", queue.text("[data-live-missed]"))


def test_a_post_that_ends_says_so_on_the_page(
    visit: Visit, stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    queue = visit("commander1").until_live()
    queue.expect_complaint("403")
    with django_db_blocker.unblock():
        post = Post.objects.get(user__username="commander1", ended_at__isnull=True)
        Post.objects.filter(pk=post.pk).update(ended_at=post.granted_at)
    try:
        queue.until(lambda: state_of(queue.page) == "refused", 20)
        assert "岗位有变动" in queue.text("#refused")
        assert "is-stale" in (queue.page.get_attribute("body", "class") or "")
    finally:
        with django_db_blocker.unblock():
            Post.objects.filter(pk=post.pk).update(ended_at=None)


# --- list and map ----------------------------------------------------------------------------


def test_a_row_shows_its_marker_beside_the_drawer_and_a_marker_its_row(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(
        title="地图上的一件",
        location={"lon": 119.6123, "lat": 29.9123, "crs": "WGS84", "accuracy_m": 5},
    )["case_no"]
    queue = visit("leader1").go(f"/queue/?only={number}").until_live()
    queue.page.locator(f"#case-{number} a").click()
    queue.until(lambda: queue.page.evaluate("Boolean(window.sanxianMap.selected)"))
    queue.page.wait_for_timeout(600)
    at = queue.page.evaluate(
        "() => window.sanxianMap.map.getPixelFromCoordinate("
        "window.sanxianMap.selected.getGeometry().getCoordinates())"
    )
    panel = queue.page.locator("#map").bounding_box()
    drawer = queue.page.locator("#drawer").bounding_box()
    assert panel and drawer
    assert 0 < at[0] < drawer["x"] - panel["x"]
    queue.page.keyboard.press("Escape")
    assert queue.page.locator("#drawer").is_hidden()
    queue.until(lambda: queue.page.evaluate("window.sanxianMap.cases.getFeatures().length") == 1)
    queue.page.wait_for_timeout(500)
    spot = queue.page.evaluate(
        "() => window.sanxianMap.map.getPixelFromCoordinate("
        "window.sanxianMap.cases.getFeatures()[0].getGeometry().getCoordinates())"
    )
    queue.page.mouse.move(panel["x"] + spot[0], panel["y"] + spot[1])
    queue.until(lambda: queue.page.locator(f"#case-{number}.is-hovered").count() == 1)
    queue.page.mouse.click(panel["x"] + spot[0], panel["y"] + spot[1])
    queue.until(lambda: queue.page.locator(f"#case-{number}[aria-current]").count() == 1)
    queue.until(lambda: queue.page.locator("#drawer .drawer-head").is_visible())


def test_a_gesture_locks_the_view_and_the_star_frees_it(visit: Visit, stack: Stack) -> None:
    stack.log_call(title="锁住地图的一件")
    queue = visit("leader1").until_live()
    queue.page.wait_for_timeout(900)
    fit = queue.page.locator("#fit")
    assert fit.get_attribute("aria-pressed") == "true"
    box = queue.page.locator("#map").bounding_box()
    assert box
    queue.page.mouse.move(box["x"] + 300, box["y"] + 300)
    queue.page.mouse.down()
    queue.page.mouse.move(box["x"] + 420, box["y"] + 360, steps=6)
    queue.page.mouse.up()
    queue.until(lambda: fit.get_attribute("aria-pressed") == "false")
    where = "() => window.sanxianMap.view.getCenter().map(Math.round).join()"
    queue.page.wait_for_timeout(700)
    before = queue.page.evaluate(where)
    queue.page.click(".pill:has(.seal.HOTLINE)")
    queue.until(lambda: "line=HOTLINE" in queue.page.url)
    queue.page.wait_for_timeout(900)
    assert queue.page.evaluate(where) == before
    fit.click()
    queue.until(lambda: queue.page.evaluate(where) != before)
    assert fit.get_attribute("aria-pressed") == "true"


def test_only_this_case_narrows_list_and_map_until_it_is_taken_off(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="只看的一件")["case_no"]
    stack.log_call(title="不看的一件")
    queue = visit("leader1").go(f"/queue/?case={number}").until_live()
    queue.page.keyboard.press("f")
    queue.until(lambda: queue.page.locator(".case").count() == 1)
    assert number in queue.text(".only-bar")
    queue.until(lambda: queue.text("#on-map") == "1")
    queue.page.click("[data-only-off]")
    queue.until(lambda: queue.page.locator(".case").count() > 1)
    assert "only=" not in queue.page.url


def test_a_lasso_ticks_what_it_holds(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="被圈中的一件")["case_no"]
    queue = visit("leader1").go(f"/queue/?only={number}").until_live()
    queue.until(lambda: queue.page.evaluate("window.sanxianMap.cases.getFeatures().length") == 1)
    queue.page.wait_for_timeout(700)
    box = queue.page.locator("#map").bounding_box()
    assert box
    queue.page.click('[data-map="lasso"]')
    queue.page.locator("svg.lasso").wait_for()
    left, top = box["x"] + 60, box["y"] + 80
    right, bottom = box["x"] + box["width"] - 60, box["y"] + box["height"] - 80
    queue.page.mouse.move(left, top)
    queue.page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        queue.page.mouse.move(x, y, steps=5)
    queue.page.mouse.up()
    queue.until(lambda: queue.page.locator(f"#case-{number} .pick input").is_checked())
    assert "已选 1" in queue.text("#picked-words")


# --- batch -----------------------------------------------------------------------------------


def test_a_range_is_signed_together_and_each_row_answers(visit: Visit, stack: Stack) -> None:
    numbers = [new_work(stack, f"一起签收的第 {n} 件") for n in range(3)]
    queue = visit("cleaner1").go("/queue/?tile=unsigned&q=一起签收").until_live()
    boxes = queue.page.locator(".case .pick input")
    boxes.first.click()
    boxes.last.click(modifiers=["Shift"])
    assert "已选 3" in queue.text("#picked-words")
    queue.page.route("**/api/v1/cases/batch", lambda route: (
        stack.move("handler1", numbers[1], "sign"), route.continue_()))  # fmt: skip
    queue.page.click('[data-batch="sign"]')
    queue.page.locator("#batch-sheet .btn.pri").click()
    queue.until(lambda: "已办 2 件" in queue.text("#batch-sheet [role=status]"))
    assert "handler1" in queue.text('#batch-sheet [data-result="CHANGED"]')
    queue.page.locator("#batch-sheet .sheet-foot .btn").click()
    for number in (numbers[0], numbers[2]):
        assert stack.call("cleaner1", "GET", f"cases/{number}")["state"] == "PROCESSING"
    gone = queue.page.locator(f"#case-{numbers[1]}.is-gone")
    queue.until(lambda: gone.count() == 1)
    assert "handler1" in gone.inner_text()


def test_ticks_of_different_states_lead_to_those_that_can_be_signed(
    visit: Visit, stack: Stack
) -> None:
    waiting, signed = (new_work(stack, f"混着选的第 {n} 件") for n in range(2))
    stack.move("cleaner1", signed, "sign")
    queue = visit("cleaner1").go("/queue/?q=混着选的").until_live()
    queue.page.locator("#pick-all").click()
    queue.page.click('[data-batch="sign"]')
    queue.page.locator("#toasts").get_by_role("button", name="只看待签收").click()
    queue.until(lambda: "tile=unsigned" in queue.page.url)
    queue.until(lambda: queue.page.locator(".case").count() == 1)
    assert queue.page.get_attribute(".case", "data-case") == waiting


def test_a_batch_whose_answer_was_lost_asks_again_and_shows_what_was_done(
    visit: Visit, stack: Stack
) -> None:
    numbers = [new_work(stack, f"回答丢失的第 {n} 件") for n in range(2)]
    queue = visit("cleaner1").go("/queue/?tile=unsigned&q=回答丢失").until_live()
    queue.expect_complaint("ERR_FAILED")
    queue.page.locator("#pick-all").click()
    lost: list[bool] = []

    def lose_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        lost.append(len(lost) == 0)
        route.abort() if lost[-1] else route.fulfill(response=answer)

    queue.page.route("**/api/v1/cases/batch", lose_the_first_answer)
    queue.page.click('[data-batch="sign"]')
    queue.page.locator("#batch-sheet .btn.pri").click()
    queue.until(lambda: "已办 2 件，未办 0 件" in queue.text("#batch-sheet [role=status]"))
    assert lost == [True, False]
    for number in numbers:
        file = stack.call("cleaner1", "GET", f"cases/{number}")
        assert file["state"] == "PROCESSING"
        assert [event["topic"] for event in file["timeline"]].count("case.signed") == 1


# --- sound -----------------------------------------------------------------------------------


def test_new_work_rings_the_team_until_the_first_of_it_has_it(visit: Visit, stack: Stack) -> None:
    for ring in stack.call("cleaner1", "GET", "queue/rings")["items"]:
        stack.call("cleaner1", "POST", f"queue/rings/{ring['case_no']}")
    cleaner = visit(None)
    cleaner.context.add_init_script(COUNT_SOUNDS)
    cleaner.enter_as("cleaner1").go("/queue/").until_live()
    colleague, other = visit("cleaner1").until_live(), visit("handler1").until_live()
    number = new_work(stack, "半夜爆管的一件", priority=0)

    cleaner.until(lambda: cleaner.page.locator("#rings").is_visible())
    assert "半夜爆管的一件" in cleaner.text("#rings")
    assert "打开声音" in cleaner.text("#rings")
    cleaner.until(lambda: "新派" in cleaner.page.title())
    assert other.page.locator("#rings").is_hidden()
    assert cleaner.page.evaluate("window.tones") == 0
    cleaner.page.get_by_role("button", name="打开声音").click()
    cleaner.until(lambda: cleaner.page.evaluate("window.tones") >= 4)
    once = cleaner.page.evaluate("window.tones")
    cleaner.until(lambda: cleaner.page.evaluate("window.tones") > once, 8)

    colleague.until(lambda: colleague.page.locator("#rings").is_visible())
    colleague.page.keyboard.press("a")
    for page in (cleaner, colleague):
        page.until(lambda page=page: page.page.locator("#rings").is_hidden())  # type: ignore[misc]
    silent = cleaner.page.evaluate("window.tones")
    cleaner.page.wait_for_timeout(5000)
    assert cleaner.page.evaluate("window.tones") == silent
    assert "新派" not in cleaner.page.title()
    stack.move("cleaner1", number, "sign")


# --- unseen, saved filters, exports ----------------------------------------------------------


def unseen_of(queue: Visitor, tile: str) -> int:
    badge = queue.page.locator(f'[data-unseen="{tile}"]')
    return int(badge.locator("b").inner_text()) if badge.is_visible() else 0


def test_what_one_tab_looked_at_is_seen_in_the_others_and_on_the_server(
    visit: Visit, stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        SeenMark.objects.filter(user__username="helper1").delete()
    number = stack.log_call(title="没看过的一件")["case_no"]
    stack.move("receiver1", number, "accept")
    stack.move("leader1", number, "file")
    stack.move("dispatcher1", number, "dispatch", unit="A1")
    here, there = visit("helper1").until_live(), visit("helper1").until_live()
    here.until(lambda: unseen_of(here, "unsigned") >= 1)
    here.page.click('.tile:has([data-count="unsigned"])')
    here.until(lambda: unseen_of(here, "unsigned") == 0)
    there.page.reload()
    there.until_live()
    assert unseen_of(there, "unsigned") == 0


def test_a_filter_is_saved_pinned_and_opened_again(visit: Visit, stack: Stack) -> None:
    stack.log_call(title="筛选里的一件")
    queue = visit("leader1").go("/queue/?line=HOTLINE&sort=created").until_live()
    queue.page.click("[data-saved]")
    queue.page.fill("#saved-name", "热线最新")
    queue.page.keyboard.press("Enter")
    queue.until(lambda: "热线最新" in queue.text(".saved-list"))
    queue.page.keyboard.press("Escape")
    queue.go("/queue/")
    queue.page.locator(".pill.saved", has_text="热线最新").click()
    queue.until(lambda: "sort=created" in queue.page.url and "line=HOTLINE" in queue.page.url)
    assert queue.page.locator("#sort option:checked").inner_text() == "按最新"


def test_the_form_of_filters_goes_into_the_address(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="表单筛选的一件")["case_no"]
    queue = visit("leader1").until_live()
    queue.page.get_by_role("button", name="筛选", exact=True).click()
    queue.page.fill("#filter-q", "表单筛选")
    queue.page.select_option("#filter-state", "REGISTERED")
    queue.page.locator("#filter-sheet .btn.pri").click()
    queue.until(lambda: "state=REGISTERED" in queue.page.url)
    queue.until(lambda: queue.page.locator(".case").count() == 1)
    assert queue.page.get_attribute(".case", "data-case") == number
    queue.page.locator(".chip-on").first.click()
    queue.until(lambda: "state=" not in queue.page.url)
    assert queue.page.locator(f"#case-{number}").count() == 1


def test_an_export_is_downloaded(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="=导出的一件")["case_no"]
    queue = visit("leader1").go("/queue/?q=导出的一件").until_live()
    queue.page.click("[data-export]")
    with queue.page.expect_download() as download:
        queue.page.locator("#export-sheet .btn.pri").click()
    text = download.value.path().read_text("utf-8-sig")
    assert number in text
    assert "'=导出的一件" in text


# --- keys, motion, colours, sizes --------------------------------------------------------------


def test_the_whole_way_by_keyboard_alone(visit: Visit, stack: Stack) -> None:
    number = new_work(stack, "只用键盘办的一件", priority=0)
    queue = visit("cleaner1").go("/queue/?tile=unsigned").until_live()
    keys = queue.page.keyboard
    row = queue.page.locator(f"#case-{number}")
    for _ in range(40):
        keys.press("ArrowDown")
        if row.get_attribute("aria-current"):
            break
    keys.press("x")
    assert row.locator(".pick input").is_checked()
    keys.press("Space")
    assert not row.locator(".pick input").is_checked()
    keys.press("?")
    assert queue.page.locator("#keys").is_visible()
    keys.press("Escape")
    keys.press("Enter")
    queue.until(lambda: queue.page.locator("#drawer .drawer-head").is_visible())
    keys.press("f")
    queue.until(lambda: queue.page.locator(".only-bar").count() == 1)
    keys.press("f")
    queue.until(lambda: queue.page.locator(".only-bar").count() == 0)
    keys.press("t")
    queue.until(lambda: queue.page.locator("#drawer form.move-form:not([hidden])").count() == 1)
    keys.press("Escape")
    queue.go(f"/queue/?case={number}").until_live()
    keys.press("e")
    queue.until(lambda: stack.call("cleaner1", "GET", f"cases/{number}")["state"] == "PROCESSING")
    keys.press("Escape")
    queue.until(lambda: queue.page.locator("#drawer").is_hidden())


def test_at_its_deadline_a_bar_is_hatched_and_says_how_late(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="到点的一件")["case_no"]
    queue = visit("leader1").go(f"/queue/?q={number}").until_live()
    bar = queue.page.locator(f"#case-{number} .sla")
    queue.page.evaluate(
        "number => { const bar = document.querySelector(`#case-${number} .sla`);"
        " bar.dataset.due = String(Math.floor(Date.now() / 1000) - 150); }",
        number,
    )
    queue.until(lambda: "over" in (bar.get_attribute("class") or ""), 25)
    assert "超 2 分" in bar.inner_text()
    hatch = bar.locator("i").evaluate("e => getComputedStyle(e).backgroundImage")
    assert "repeating-linear-gradient" in hatch


def test_a_machine_whose_clock_is_wrong_shows_the_deadlines_of_the_server(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="钟不准也不误的一件", priority=0)["case_no"]
    right, wrong = visit("leader1"), visit(None)
    wrong.context.add_init_script(TWO_HOURS_FAST)
    wrong.without_worker().enter_as("leader1")  # a worker would keep the right clock
    words = []
    for queue in (right, wrong):
        queue.go(f"/queue/?q={number}").until_live()
        queue.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        words.append(queue.text(f"#case-{number} .sla b"))
    minutes = [int(word.removeprefix("剩 ").removesuffix(" 分")) for word in words]
    assert abs(minutes[0] - minutes[1]) <= 1, words


def test_at_200_percent_three_rows_show_nothing_scrolls_sideways_and_still_motion_is_still(
    visit: Visit, stack: Stack
) -> None:
    for n in range(4):
        stack.log_call(title=f"放大两倍看的第 {n} 件")
    queue = visit("dispatcher1", 720, 450).until_live()
    assert queue.page.evaluate("document.documentElement.scrollWidth") <= 720
    whole = queue.page.evaluate(ROWS_SEEN_WHOLE)
    assert whole >= 3, whole
    queue.page.emulate_media(reduced_motion="reduce")
    moving = queue.page.evaluate(
        "() => document.getAnimations().filter(a => a.playState === 'running').length"
    )
    assert moving == 0


def test_in_forced_colours_and_without_colours_words_and_shapes_say_it(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="不靠颜色的一件", priority=0)["case_no"]
    queue = visit("leader1").until_live()
    queue.page.emulate_media(forced_colors="active")
    row = queue.page.locator(f"#case-{number}")
    row.click()
    outline = row.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    text = row.inner_text()
    assert "▲▲▲" in text
    assert "特急" in text
    assert "待受理" in text
    assert "剩" in text or "超" in text


def test_beyond_a_thousand_rows_the_first_ones_go(visit: Visit, stack: Stack) -> None:
    stack.log_call(title="长列表的一件")
    queue = visit("leader1").until_live()
    made = queue.page.evaluate(
        "() => { const box = document.querySelector('#cases');"
        " const row = box.querySelector('.case');"
        " for (let n = 0; n < 1100; n += 1) { const copy = row.cloneNode(true);"
        " copy.id = `case-Z${n}`; copy.dataset.case = `Z${n}`; box.append(copy); }"
        " box.dataset.next = ''; document.querySelector('#more').hidden = false;"
        " return box.querySelectorAll('.case').length; }"
    )
    queue.page.click("#more")
    queue.until(lambda: queue.page.locator(".case").count() <= made - 200 + 100)
    assert "已收起" in queue.text("#earlier")
    queue.page.click("#earlier button")
    queue.until(lambda: queue.page.locator("#earlier").count() == 0)


def test_ticks_rings_and_sheets_have_no_barriers(visit: Visit, stack: Stack) -> None:
    number = new_work(stack, "无障碍的一件", priority=0)
    queue = visit("cleaner1", 1366, 768).go(f"/queue/?q={number}").until_live()
    queue.page.emulate_media(reduced_motion="reduce")
    queue.until(lambda: queue.page.locator("#rings").is_visible())
    queue.page.locator(".case .pick input").first.click()
    assert found_by_axe(queue) == []
    for opener, sheet in (
        ('[data-dialog="filter-sheet"]', "#filter-sheet"),
        ("[data-saved]", "#saved-sheet"),
        ("[data-export]", "#export-sheet"),
        ('[data-batch="more"]', "#batch-sheet"),
    ):
        queue.page.click(opener)
        queue.page.locator(f"{sheet}[open]").wait_for()
        assert found_by_axe(queue) == [], sheet
        queue.page.keyboard.press("Escape")
        queue.page.locator(f"{sheet}[open]").wait_for(state="detached")
