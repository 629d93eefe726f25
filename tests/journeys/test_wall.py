"""The command-centre wall against the real stack: the acceptance points of ui.md 4.4."""

import gzip
import io
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from PIL import Image
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from bench.wall import WATCH, heap, to_and_fro
from tests.city import PEOPLE
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe
from tests.journeys.walls import (
    COVERED,
    EXTENT,
    OF_A_LARGE_CITY,
    OVERFLOWS,
    SMALLEST,
    WITH_GL,
    WITHOUT_GL,
    drawn,
    numbers,
    own_browser,
    window,
)

KB = 1024
SIZES = ((1366, 768), (1920, 1080), (3440, 1440), (3840, 2160), (5760, 1080))
LOSE = """() => document.querySelector("#map canvas").getContext("webgl2")
  .getExtension("WEBGL_lose_context").loseContext()"""
SHOWN = "[...document.querySelectorAll('.turn > .panel:not(.away) h2')].map(h => h.id)"


@pytest.fixture(scope="module")
def room(browser: Browser, stack: Stack) -> Iterator[Visitor]:
    """One wall of the commander for the whole module, with the flat map; it never complains."""
    with window(browser, stack) as visitor:
        visitor.enter_as("commander1")
        yield drawn(visitor.go("/screen/?map=2d"))


@pytest.fixture
def live(room: Visitor) -> Visitor:
    """The wall of the module, whatever a test before left: live, 1920 x 1080, nothing moves."""
    room.page.set_viewport_size({"width": 1920, "height": 1080})
    room.page.emulate_media(forced_colors="none", reduced_motion="reduce")
    room.page.keyboard.press("Escape")
    room.until(lambda: not room.page.evaluate("document.body.classList.contains('stale')"), 30)
    return room


def test_an_emergency_pulses_on_the_map_and_stands_below_within_two_seconds(
    live: Visitor, stack: Stack
) -> None:
    number = stack.log_call(title="供水管爆裂", category="E0102", priority=0)["case_no"]
    began = time.monotonic()
    live.until(lambda: live.page.locator(f'#pins .pulse[data-case="{number}"]').count())
    live.until(lambda: live.page.locator(f'#urgent [data-case="{number}"]').count())
    print(f"pulse after {time.monotonic() - began:.2f} s")  # noqa: T201
    assert time.monotonic() - began < 2


def test_who_wants_less_motion_sees_no_pulse_move_and_no_figure_count_up(
    live: Visitor, stack: Stack
) -> None:
    live.page.emulate_media(reduced_motion="no-preference")
    stack.log_call(title="供水管爆裂", category="E0102", priority=0)
    live.until(lambda: live.page.locator("#pins .pulse").count())
    assert motion(live) == "ripple"
    live.page.emulate_media(reduced_motion="reduce")
    assert motion(live) == "none"
    live.page.evaluate(
        "() => { window.seen = new Set();"
        " new MutationObserver(() => window.seen.add(Number(document.getElementById('today-total')"
        ".textContent.replaceAll(',', '')))).observe(document.getElementById('today-total'),"
        " {childList: true, characterData: true, subtree: true}); }"
    )
    before = numbers(live)["total"]
    for n in range(3):
        stack.log_call(title=f"不用数上去的第 {n} 件")
    live.until(lambda: numbers(live)["total"] >= before + 3)
    told = stack.call("commander1", "GET", "screen/state?district=3399")["today"]["total"]
    assert all(isinstance(n, int) and before <= n <= told for n in live.page.evaluate("[...seen]"))


def motion(visitor: Visitor) -> str:
    """The name of the animation of the pulse."""
    pulse = visitor.page.locator("#pins .pulse").first
    name: str = pulse.evaluate("e => getComputedStyle(e, '::after').animationName")
    return name


def test_with_forced_colours_the_marks_keep_their_own_and_nothing_is_cut_off(
    live: Visitor, stack: Stack
) -> None:
    stack.log_call(title="供水管爆裂", category="E0102", priority=0)
    live.until(lambda: live.page.locator("#pins .pulse").count())
    live.page.emulate_media(forced_colors="active")
    for selector in ("#pins .pulse", ".seal.GRID", ".bar.HOTLINE i", ".mark.AFFAIRS"):
        mark = live.page.locator(selector).first
        assert mark.evaluate("e => getComputedStyle(e).forcedColorAdjust") == "none", selector
    assert live.page.evaluate(OVERFLOWS) == []
    live.page.emulate_media(forced_colors="none")


def test_lines_changes_and_low_ranks_differ_by_more_than_their_colour(live: Visitor) -> None:
    shapes = live.page.evaluate(
        "() => [['.mark.HOTLINE', '.mark.GRID', '.mark.AFFAIRS'], ['.seal.HOTLINE', '.seal.GRID',"
        " '.seal.AFFAIRS']].map(kinds => new Set(kinds.map(kind => { const s ="
        " getComputedStyle(document.querySelector(kind)); return s.borderRadius + s.clipPath"
        " })).size)"
    )
    assert shapes == [3, 3]
    lines = live.page.evaluate(
        "() => ['HOTLINE', 'GRID', 'AFFAIRS'].map(line => getComputedStyle("
        "document.querySelector(`.keys .${line}`)).borderTopStyle)"
    )
    assert lines == ["solid", "dashed", "dotted"]
    for text in live.page.locator(".change.up, .change.down").all_inner_texts():
        assert text[0] in "▲▼"


def test_the_numbers_on_the_wall_add_up(live: Visitor, stack: Stack) -> None:
    for n in range(3):
        number = stack.log_call(title=f"第 {n} 件")["case_no"]
        stack.move("receiver1", number, "accept")
    stack.move("leader1", number, "file")
    wanted = stack.call("commander1", "GET", "tally?district=339901")["counters"]
    ended = {"CLOSED", "ARCHIVED", "REJECTED", "VOIDED", "MERGED"}
    still_open = sum(row["count"] for row in wanted if row["state"] not in ended)
    live.until(lambda: numbers(live)["labels"].get("label-339901") == still_open)
    live.until(lambda: numbers(live)["board"]["open"] == sum(numbers(live)["labels"].values()))
    live.until(lambda: numbers(live)["board"]["waiting_dispatch"])

    shown = numbers(live)

    assert shown["total"] == sum(shown["lines"])
    steps = {name: (reached, waiting) for name, reached, waiting in shown["loop"]}
    assert steps["ACCEPT"][0] - steps["DISPATCH"][0] == shown["board"]["waiting_dispatch"] >= 1
    assert sum(waiting for _, waiting in steps.values()) == shown["board"]["open"]


def test_tilted_or_flat_the_numbers_are_the_same_and_a_lost_card_leads_to_the_flat_one(
    live: Visitor, stack: Stack, browser: Browser
) -> None:
    stack.log_call()
    with own_browser(browser, stack, WITH_GL) as visitor:
        drawn(visitor.go("/screen/?map=3d"), within_s=120)
        assert visitor.page.evaluate("document.body.dataset.map") == "tilted"
        visitor.until(lambda: numbers(visitor) == numbers(live), within_s=20)
        assert numbers(visitor)["board"]["open"] > 0
        assert first_visit(visitor, stack) <= 900 * KB
        visitor.page.evaluate(LOSE)
        visitor.until(lambda: visitor.page.evaluate("document.body.dataset.map") == "flat", 60)
        visitor.until(lambda: numbers(visitor) == numbers(live), within_s=20)


def first_visit(visitor: Visitor, stack: Stack) -> int:
    """Bytes of the static files of the open page as gzip sends them; the flat map is not among."""
    urls: list[str] = visitor.page.evaluate(
        "() => performance.getEntriesByType('resource').map(e => e.name.split('#')[0])"
    )
    worker = visitor.page.get_attribute("html", "data-worker") or ""
    files = {url.split("/static/", 1)[1] for url in [*urls, worker] if "/static/" in url}
    assert not any("/ol@" in url for url in urls)
    total = 0
    for name in files:
        content = (stack.log_dir / "static" / name).read_bytes()
        total += len(content) if name.endswith("woff2") else len(gzip.compress(content, 6))
    print(f"wall {total / KB:.0f} kB")  # noqa: T201
    return total


def test_without_webgl_the_map_is_flat_with_the_same_numbers(
    live: Visitor, stack: Stack, browser: Browser
) -> None:
    with own_browser(browser, stack, WITHOUT_GL) as visitor:
        drawn(visitor.go("/screen/"))
        assert visitor.page.evaluate("document.body.dataset.map") == "flat"
        visitor.until(lambda: numbers(visitor) == numbers(live), within_s=20)


def test_the_wall_holds_no_personal_data(live: Visitor, stack: Stack) -> None:
    told = {"title": "王小明家漏水 13800138000", "address": "秋涛路22号3幢501"}
    number = stack.log_call(**told, priority=0)["case_no"]
    live.until(lambda: live.page.locator(f'#urgent [data-case="{number}"]').count())
    live.until(lambda: live.page.locator("#feed li time").count())
    live.page.keyboard.press("t")
    live.until(lambda: live.page.locator("#machine").is_visible())
    page = live.page.content()
    for secret in ("王小明", "138001", "秋涛路", "501", "漏水", *(person[0] for person in PEOPLE)):
        assert secret not in page.replace(stack.url, ""), secret


def test_the_line_of_emergencies_shows_its_end_when_it_has_moved_there(
    live: Visitor, stack: Stack
) -> None:
    live.page.set_viewport_size({"width": 1366, "height": 768})
    newest = [stack.log_call(title="水管爆裂", priority=0)["case_no"] for _ in range(6)][-1]
    live.until(lambda: live.page.locator(f'#urgent [data-case="{newest}"]').count())
    live.page.evaluate(TO_THE_END)
    picture = Image.open(io.BytesIO(live.page.locator("#urgent").screenshot()))
    middle = picture.crop((100, 0, picture.width // 2, picture.height))
    assert len(set(middle.convert("L").tobytes())) > 20, "no letters stand there"


def test_at_every_size_it_fits_is_legible_and_has_no_barriers(live: Visitor) -> None:
    for wide, high in SIZES:
        live.page.set_viewport_size({"width": wide, "height": high})
        assert faults_at(live, wide, high) == []


def test_the_wall_of_a_district_fits_as_well_and_names_its_streets(
    browser: Browser, stack: Stack
) -> None:
    with window(browser, stack) as visitor:
        visitor.enter_as("commander1")
        drawn(visitor.go("/screen/?map=2d&district=339901"))
        assert visitor.text("h1") == "云中区城市运行指挥中心"
        assert visitor.page.locator("#pins .label").count() > 0
        for wide, high in (SIZES[0], SIZES[3]):
            visitor.page.set_viewport_size({"width": wide, "height": high})
            assert faults_at(visitor, wide, high) == []


def faults_at(visitor: Visitor, wide: int, high: int) -> list[object]:
    """What is cut off, too small, covered or closed to anybody at this size."""
    page = visitor.page
    scale = max(1, min(wide / 1920, high / 1080))
    visitor.until(partial(title_has_size, visitor, 21 * scale))
    visitor.until(lambda: page.evaluate(COVERED) == [])
    page_wide, page_high, body = page.evaluate(EXTENT)
    smallest = page.evaluate(SMALLEST)
    wrong = {
        f"{page_wide} px wide in {wide}": page_wide != wide,
        f"{page_high} px high in {high}": page_high > high,
        f"body of {body} px": body < 18,
        f"text under {16 * scale} px: {smallest}": smallest[0][0] < 16 * scale - 0.5,
    }
    said = [words for words, is_wrong in wrong.items() if is_wrong]
    found = [*said, *page.evaluate(OVERFLOWS), *_axe(visitor)]
    return [*found, *page.evaluate(OF_A_LARGE_CITY)]


TO_THE_END = """() => {
  const line = document.getElementById("urgent");
  line.scrollLeft = line.scrollWidth;
  if (!line.scrollLeft) throw new Error("the line fits: nothing is to be seen by moving it");
}"""


def title_has_size(visitor: Visitor, pixels: float) -> bool:
    """True when the titles of panels are so large."""
    title = "parseFloat(getComputedStyle(document.querySelector('.panel h2')).fontSize)"
    return abs(float(visitor.page.evaluate(title)) - pixels) < 0.6


def test_in_the_four_metre_mode_panels_take_turns(browser: Browser, stack: Stack) -> None:
    with window(browser, stack) as visitor:
        visitor.enter_as("commander1")
        page = drawn(visitor.go("/screen/?map=2d&scale=1.5&rotate=5")).page
        assert page.evaluate(SMALLEST)[0][0] >= 24
        assert page.evaluate(OVERFLOWS) == []
        first = page.evaluate(SHOWN)
        assert len(first) == 2
        visitor.until(lambda: page.evaluate(SHOWN) != first, within_s=15)


def test_a_kiosk_is_paired_by_its_code_and_ended_by_the_administrator(
    visit: Visit, stack: Stack, browser: Browser
) -> None:
    with own_browser(browser, stack, WITHOUT_GL, "") as kiosk:
        kiosk.go("/screen/pair/")
        code = kiosk.text(".pair-code")
        admin = visit("sysadmin1")
        admin.page.fill("#code", code)
        admin.page.fill("#name", "大厅东墙")
        admin.page.click("#pairing .btn.pri")
        kiosk.until(lambda: kiosk.page.url.endswith("/screen/"), within_s=20)
        drawn(kiosk)
        names = {cookie["name"] for cookie in kiosk.context.cookies()}
        assert names <= {"csrftoken", "sx_display", "sx_display_api", "sx_display_ws"}
        assert "sx_display" not in kiosk.page.evaluate("document.cookie")

        admin.go("/screen/displays/")
        admin.page.once("dialog", lambda question: question.accept())
        admin.page.click("[data-revoke]")
        kiosk.expect_complaint("401")
        kiosk.until(lambda: "/login/" in kiosk.page.url, within_s=20)


def test_the_time_machine_is_marked_as_the_past_and_one_key_leads_back(
    live: Visitor, stack: Stack
) -> None:
    stack.log_call()
    page = live.page
    live.until(lambda: numbers(live)["board"]["open"] > 0)
    now_open = numbers(live)["board"]["open"]
    page.keyboard.press("t")
    live.until(lambda: numbers(live)["board"]["open"] == 0)
    assert "past" in (page.get_attribute("body", "class") or "")
    assert "非实时" in page.inner_text("#banner")
    assert page.evaluate("getComputedStyle(document.body, '::after').borderTopWidth") == "8px"
    page.select_option("#speed", "600")
    page.click("#play")
    live.until(lambda: numbers(live)["board"]["open"] >= now_open, within_s=40)
    page.keyboard.press("Escape")
    live.until(lambda: "past" not in (page.get_attribute("body", "class") or ""))
    live.until(lambda: numbers(live)["board"]["open"] >= now_open)
    assert not page.locator("#banner").is_visible()


def test_a_thousand_events_leave_the_memory_flat(
    live: Visitor, stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    """1,000 events in 6 s; the long form (60 s and hours) is `python -m bench.wall`."""
    live.page.emulate_media(reduced_motion="no-preference")
    for n in range(10):
        stack.log_call(title=f"来回的第 {n} 件")
    devtools = live.context.new_cdp_session(live.page)
    live.page.evaluate(WATCH)
    before = heap(devtools)
    with django_db_blocker.unblock():
        writer = threading.Thread(target=to_and_fro, args=(1000, 6.0))
        writer.start()
        while writer.is_alive():
            live.page.wait_for_timeout(200)
    live.page.wait_for_timeout(1500)
    grown = heap(devtools) - before
    slow = live.page.evaluate("window.slow")
    print(f"heap {grown / KB / KB:+.2f} MB, long tasks {slow}")  # noqa: T201
    assert grown < 20 * KB * KB
    live.until(lambda: live.page.get_attribute("#link", "data-state") == "live")
