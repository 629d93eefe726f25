"""Every page at its sizes: accessible, without sideways scroll, within its budget of bytes."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES: tuple[tuple[str, str | None, str, tuple[tuple[int, int], ...]], ...] = (
    ("login", None, "/login/", ((1366, 768), (390, 844), (360, 640))),
    ("queue", "dispatcher1", "/queue/", ((1366, 768), (1440, 900), (1920, 1080), (390, 844))),
    ("desk", "operator1", "/desk/", ((1366, 768), (1440, 900), (1920, 1080))),
    ("alarms", "supervisor1", "/alarms/", ((1366, 768), (390, 844))),
    ("phone", "inspector1", "/m/", ((390, 844), (360, 640))),
    ("report", "inspector1", "/m/#report", ((390, 844), (360, 640))),
    ("styleguide", None, "/styleguide/", ((1366, 768), (390, 844))),
)
VIEWS = [
    pytest.param(user, path, width, height, id=f"{name}-{width}x{height}")
    for name, user, path, sizes in PAGES
    for width, height in sizes
]
KB = 1024


def _axe(visitor: Visitor) -> list[str]:
    """What axe-core finds, as id: target."""
    visitor.page.evaluate(AXE.read_text("utf-8"))
    result: dict[str, Any] = visitor.page.evaluate(
        "tags => axe.run(document, {runOnly: tags})", TAGS
    )
    return [
        f"{violation['id']}: {node['target']} {(node['any'] or [{}])[0].get('message', '')}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def _open(visit: Visit, user: str | None, path: str, width: int, height: int) -> Visitor:
    visitor = visit(user, width, height).go(path)
    visitor.page.wait_for_timeout(700)
    return visitor


@pytest.mark.parametrize(("user", "path", "width", "height"), VIEWS)
def test_a_page_has_no_barriers_and_does_not_scroll_sideways(
    visit: Visit, stack: Stack, user: str | None, path: str, width: int, height: int
) -> None:
    stack.log_call(title="给页面看的一件")
    visitor = _open(visit, user, path, width, height)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    assert _axe(visitor) == []


def test_the_open_drawer_and_its_forms_have_no_barriers(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="抽屉里的一件")["case_no"]
    visitor = visit("receiver1").go(f"/queue/?case={number}")
    visitor.press_move("reject")
    assert _axe(visitor) == []


def test_the_sheet_has_no_barriers(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="纸上的一件")["case_no"]
    assert _axe(visit("leader1").go(f"/cases/{number}/")) == []


def test_the_english_pages_have_no_chinese_words_of_ours(visit: Visit) -> None:
    visitor = visit("operator1", 1366, 768, "en-GB").go("/desk/")
    labels = visitor.page.locator(".label, .head, .btn, .segments span, .rail a").all_inner_texts()
    assert [text for text in labels if any("\u4e00" <= c <= "\u9fff" for c in text)] == []


@pytest.mark.parametrize(
    ("user", "path", "own_kb", "map_kb"),
    [
        ("dispatcher1", "/queue/", 60, 200),
        ("operator1", "/desk/", 60, 200),
        ("inspector1", "/m/", 60, 0),
    ],
)
def test_a_first_visit_stays_within_its_bytes(
    visit: Visit, stack: Stack, user: str, path: str, own_kb: int, map_kb: int
) -> None:
    visitor = visit(user).go(path)
    visitor.page.wait_for_timeout(1500)
    urls: list[str] = visitor.page.evaluate(
        "() => performance.getEntriesByType('resource').map(entry => entry.name.split('#')[0])"
    )
    sizes = {url: _gzipped(stack, url) for url in set(urls) if "/static/" in url}
    own = sum(size for url, size in sizes.items() if "/ol@" not in url)
    ol = sum(size for url, size in sizes.items() if "/ol@" in url)
    print(f"{path} own {own / KB:.1f} kB, map {ol / KB:.1f} kB")  # noqa: T201
    assert own <= own_kb * KB, sorted(sizes.items(), key=lambda pair: -pair[1])[:8]
    assert ol <= map_kb * KB


def _gzipped(stack: Stack, url: str) -> int:
    """Bytes of a static file as gzip sends it; fonts are compressed already."""
    content = (stack.log_dir / "static" / url.split("/static/", 1)[1]).read_bytes()
    return len(content) if url.endswith(".woff2") else len(gzip.compress(content, 6))


MARKUP = "<img src=x onerror='window.broken=1'>\"'&{{ 7*7 }}"


def test_words_of_citizens_are_shown_and_never_run(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title=MARKUP, content=MARKUP, address=MARKUP)["case_no"]
    queue = visit("leader1").go(f"/queue/?case={number}&q={number}")
    assert MARKUP in queue.text(f"#case-{number} .title")
    assert MARKUP in queue.text("#drawer .intake")
    desk = visit("operator1").go("/desk/")
    desk.page.fill("#content", "垃圾散落一地")
    desk.page.fill("#category", "E0104")
    desk.page.locator("#category-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.page.fill("#address", "秋涛路22")
    desk.page.locator("#address-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.page.locator(f'#twins [data-case="{number}"]').wait_for()
    assert MARKUP in desk.text("#twins")
    for visitor in (queue, desk):
        assert visitor.page.evaluate("window.broken") is None
