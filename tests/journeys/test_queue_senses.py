"""The queue by keyboard alone, at 200 %, without colours, with a wrong clock, heard not seen."""

from tests.journeys.conftest import Visit
from tests.journeys.people import new_work
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe as found_by_axe

TWO_HOURS_FAST = "const real = Date.now.bind(Date); Date.now = () => real() + 7200000;"
LONGEST_TICK_MS = 25_000
ROWS_SEEN_WHOLE = """() => { const box = document.querySelector("#cases").getBoundingClientRect();
  return [...document.querySelectorAll(".case")].map((row) => row.getBoundingClientRect())
    .filter((row) => row.top >= box.top && row.bottom <= box.bottom).length; }"""


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
    queue = visit("leader1")
    queue.context.clock.install()
    queue.go(f"/queue/?q={number}").until_live()
    bar = queue.page.locator(f"#case-{number} .sla")
    queue.page.evaluate(
        "number => { const bar = document.querySelector(`#case-${number} .sla`);"
        " bar.dataset.due = String(Math.floor(Date.now() / 1000) - 150); }",
        number,
    )
    assert "over" not in (bar.get_attribute("class") or "")
    queue.context.clock.fast_forward(LONGEST_TICK_MS)
    queue.until(lambda: "over" in (bar.get_attribute("class") or ""))
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
