"""The queue page: list and map in step, what is unseen, saved filters, exports (ui.md 4.3)."""

import re

from playwright.sync_api import Route
from pytest_django import DjangoDbBlocker

from dispatch.models import SeenMark
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack


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


def test_an_export_in_the_making_says_how_far_it_is_and_ends_in_a_link(
    visit: Visit, stack: Stack
) -> None:
    stack.log_call(title="后台导出的一件")
    queue = visit("leader1").go("/queue/?q=后台导出的一件").until_live()
    asked: list[str] = []

    def still_waiting(route: Route) -> None:
        answer = route.fetch()
        asked.append(route.request.method)
        told = {**answer.json(), "rows": 800, "rows_done": 300 * (len(asked) - 1)}
        is_made = len(asked) > 2
        made = {} if is_made else {"state": "RUNNING", "url": None}
        route.fulfill(response=answer, json={**told, **made})

    queue.page.route("**/api/v1/exports", still_waiting)
    queue.page.route(re.compile(r"/api/v1/exports/[0-9a-f-]+$"), still_waiting)
    queue.page.click("[data-export]")
    queue.page.locator("#export-sheet .btn.pri").click()
    queue.until(lambda: "300 件" in queue.text("#export-sheet [role=status]"))
    assert queue.page.locator("#export-sheet progress").get_attribute("max") == "800"
    queue.until(lambda: queue.page.locator("#export-sheet a[download]").count() == 1)
    assert "下载 800 件" in queue.text("#export-sheet a[download]")
    assert queue.page.locator("#export-sheet progress").count() == 0
