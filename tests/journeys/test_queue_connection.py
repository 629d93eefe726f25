"""One connection for all tabs of a person, and what the page says when it breaks."""

import re
import time
import urllib.request

import pytest
from playwright.sync_api import Page
from pytest_django import DjangoDbBlocker

from accounts.models import Post
from tests.city import A
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack


def sockets(stack: Stack, district: str = A) -> int:
    """How many sockets follow a district, as the server counts them."""
    with urllib.request.urlopen(f"{stack.url}/metrics", timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.search(rf'sanxian_sockets{{district="{district}",process="\d+"}} (\d+)', text)
    return int(found.group(1)) if found else 0


def tabs_of(visitor: Visitor, many: int) -> list[Page]:
    pages = [visitor.context.new_page() for _ in range(many - 1)]
    for page in pages:
        page.goto(f"{visitor.stack.url}/queue/")
    return [visitor.page, *pages]


def state_of(page: Page) -> str | None:
    return page.get_attribute("#live", "data-state")


@pytest.mark.parametrize(("has_worker", "many"), [(True, 10), (False, 6)])
def test_many_tabs_are_one_socket_and_all_hear_the_same(
    visit: Visit, stack: Stack, has_worker: bool, many: int
) -> None:
    """Ten are more than the six connections that a browser opens to one server."""
    first = visit("dispatcher1")
    if not has_worker:
        first.without_worker().go("/queue/")
    first.until_live()
    pages = tabs_of(first, many)
    for page in pages:
        first.until(lambda page=page: state_of(page) == "live", 20)  # type: ignore[misc]

    first.until(lambda: sockets(stack) <= 1, 20)
    assert sockets(stack) == 1
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
