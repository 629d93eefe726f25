"""The wall looks after itself: old data, a server that was away, a stuck page, the night."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Route, WebSocketRoute

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.walls import READY, drawn, numbers, window

CITY = ZoneInfo("Asia/Shanghai")
PAGE = "/screen/?map=2d"
NEVER_DRAWN = """export class Tilted {
  constructor() { this.ready = new Promise(() => {}); }
  remove() { window.gaveUp = true; }
}"""


@pytest.fixture
def wall(browser: Browser, stack: Stack) -> Iterator[Visitor]:
    """A window of the commander whose clock the test may put forward; no page in it yet."""
    with window(browser, stack) as visitor:
        visitor.enter_as("commander1")
        visitor.at_the_door = False  # a clock that changes below a page that loads hangs the page
        visitor.page.clock.install()
        yield visitor


def reasons(visitor: Visitor) -> list[str]:
    """Why the wall loaded itself anew, from its own words in the console."""
    told: list[str] = []
    said = "the wall loads itself anew: "
    visitor.page.on(
        "console",
        lambda message: (
            told.append(message.text.removeprefix(said)) if said in message.text else None
        ),
    )
    return told


def is_stale(visitor: Visitor) -> bool:
    return "stale" in (visitor.page.get_attribute("body", "class") or "")


def test_it_loads_itself_anew_at_half_past_three(wall: Visitor) -> None:
    told = reasons(wall)
    drawn(wall.go(PAGE))
    now = datetime.now(UTC)
    night = now.astimezone(CITY).replace(hour=3, minute=30, second=20)
    while night - now < timedelta(hours=1, minutes=1):
        night += timedelta(days=1)
    with wall.page.expect_navigation():
        wall.page.clock.fast_forward(int((night - now).total_seconds() * 1000))
    assert told == ["night"]
    drawn(wall)


def test_without_any_counters_for_three_minutes_it_loads_itself_anew_once_the_server_answers(
    wall: Visitor,
) -> None:
    told = reasons(wall)
    wall.expect_complaint("503")

    def silent(_: WebSocketRoute) -> None:
        """A connection that opens and says nothing."""

    def away(route: Route) -> None:
        if route.request.resource_type == "fetch":
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    wall.page.route_web_socket(re.compile("/ws/v1/screen"), silent)
    wall.go(PAGE)
    wall.until(lambda: wall.page.evaluate(READY), within_s=60)
    wall.page.evaluate("window.before = true")
    wall.page.route(re.compile(r"/screen/\?map=2d$"), away)
    with wall.page.expect_response(lambda answer: answer.status == 503):
        wall.page.clock.fast_forward(181_000)
    assert wall.page.evaluate("window.before"), "an error page would never come back"
    assert is_stale(wall)
    wall.page.unroute_all()
    with wall.page.expect_navigation():
        wall.page.clock.fast_forward(31_000)
    assert told == ["no counters"]


def test_new_files_on_the_server_bring_a_fresh_page(wall: Visitor) -> None:
    told = reasons(wall)

    def newer(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps({**answer.json(), "version": "newer"}))

    drawn(wall.go(PAGE))
    wall.page.route("**/api/v1/screen/panels*", newer)
    with wall.page.expect_response("**/api/v1/screen/panels*"):
        wall.page.clock.fast_forward(61_000)
    wall.page.wait_for_timeout(300)
    wall.page.unroute_all()
    with wall.page.expect_navigation():
        wall.page.clock.fast_forward(21_000)
    assert told == ["new files"]


def test_a_tilted_map_whose_first_frame_does_not_come_gives_way_to_the_flat_one(
    wall: Visitor,
) -> None:
    """A stand-in for a card that starts and draws nothing: the real one cannot be made to."""
    wall.context.add_init_script(
        "HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext,"
        " {apply: (real, canvas, [kind, ...more]) => kind === 'webgl2' ? {} :"
        " Reflect.apply(real, canvas, [kind, ...more])});"
    )
    wall.page.route(
        re.compile(r"/wall/tilted\.[^/]*js"),
        lambda route: route.fulfill(body=NEVER_DRAWN, content_type="text/javascript"),
    )
    with wall.page.expect_response(re.compile(r"/wall/tilted\.")):
        wall.go("/screen/")
    wall.page.wait_for_timeout(200)
    wall.page.clock.fast_forward(10_000)
    wall.until(lambda: wall.page.evaluate(READY), within_s=30)
    assert wall.page.evaluate("[window.gaveUp, document.body.dataset.map]") == [True, "flat"]
    wall.until(lambda: sum(numbers(wall)["labels"].values()) == numbers(wall)["board"]["open"])


def test_it_greys_itself_when_the_data_are_old_and_comes_back(visit: Visit, stack: Stack) -> None:
    visitor = drawn(visit("commander1", 1920, 1080).go(PAGE))
    page = visitor.page
    assert "截至" in page.inner_text("#h-feed")
    stack.stop("relay")
    stack.log_call(title="没有人编号的一件")
    visitor.until(lambda: is_stale(visitor), within_s=20)
    said = r"数据已 \d.* 未更新 · 截至 \d\d:\d\d:\d\d · 等待新数据"
    visitor.until(lambda: re.search(said, page.inner_text("#banner")))
    grey = page.locator(".figures").evaluate("e => getComputedStyle(e).filter")
    assert "grayscale(1)" in grey
    stack.start("relay")
    visitor.until(lambda: not is_stale(visitor), within_s=60)
    assert not page.locator("#banner").is_visible()


def test_it_finds_back_by_itself_after_the_server_was_away(visit: Visit, stack: Stack) -> None:
    visitor = drawn(visit("commander1", 1920, 1080).go(PAGE))
    for words in ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket connection",
                  "ERR_EMPTY_RESPONSE"):  # fmt: skip
        visitor.expect_complaint(words)
    stack.stop("serve")
    visitor.until(lambda: is_stale(visitor), within_s=20)
    assert "正在重连" in visitor.page.inner_text("#banner")
    stack.start("serve")
    number = stack.log_call(title="重启之后", priority=0)["case_no"]
    visitor.until(
        lambda: visitor.page.locator(f'#urgent [data-case="{number}"]').count(), within_s=40
    )
    visitor.until(lambda: visitor.page.get_attribute("#link", "data-state") == "live")
