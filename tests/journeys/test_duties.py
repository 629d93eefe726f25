"""The duty lists in a browser: from a draft over its dry run to a date, without a barrier."""

import re
from pathlib import Path

import pytest

from tests.city import A, B
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import _axe

SIZES = ((1440, 900), (390, 844))
CHINESE = re.compile("[\u4e00-\u9fff]")
ELSEWHERE = {"lon": 119.6201, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 8}


def draft(stack: Stack, title: str) -> int:
    """A draft in which the road unit of district B clears its adverts and its streets."""
    number: int = stack.call("dispatcher1", "POST", "duty-lists", {"title": title})["number"]
    for item_no, category in (("B-E0104", "E0104"), ("B-E0102", "E0102")):
        body = {"item_no": item_no, "category": category, "area_code": B, "unit": "B1"}
        stack.call("dispatcher1", "POST", f"duty-lists/{number}/items", body)
    return number


def try_out(visitor: Visitor, number: int) -> None:
    """Press the dry run and wait for its picture."""
    visitor.go(f"/duties/?v={number}&tab=replay")
    visitor.page.click("[data-replay] .btn.pri")
    visitor.page.locator(".shares-card").wait_for()


def test_a_commander_drafts_tries_out_and_publishes_a_list(visit: Visit, stack: Stack) -> None:
    stack.log_call(title="澜江区路面垃圾", location=ELSEWHERE)
    commander = visit("commander1").go("/queue/")
    commander.page.click('.rail a[href="/duties/"]')
    commander.page.fill("#draft-title", "澜江区路面保洁划归市政")
    commander.page.click("[data-new-draft] button")
    commander.page.wait_for_url("**/duties/?v=*")
    commander.page.click("#edit summary")
    for name, value in (("item_no", "B-E0104"), ("category", "E0104"), ("area_code", B),
                        ("unit", "ZZ")):  # fmt: skip
        commander.page.fill(f'[data-item-form] [name="{name}"]', value)
    commander.expect_complaint("422")
    commander.page.click("[data-item-form] button")
    commander.until(lambda: commander.text('[data-field="unit"] .why'))
    commander.page.fill('[data-item-form] [name="unit"]', "B1")
    with commander.page.expect_navigation():
        commander.page.click("[data-item-form] button")
    commander.page.click('.duty-tabs a:has-text("改动")')
    assert "澜江区市政所" in commander.text(".change.plus ins")
    commander.page.click('.duty-tabs a:has-text("试运行")')
    assert commander.page.locator("[data-publish]").count() == 0
    commander.page.click("[data-replay] .btn.pri")
    commander.page.locator("svg.flow .ribbon").first.wait_for()
    assert "澜江区环卫所" in commander.text(".flow-card")
    assert "澜江区路面垃圾" in commander.text(".case-table")
    commander.page.click("[data-publish] .btn.pri")
    commander.page.locator(".chosen .tag.primary").wait_for()
    assert commander.text(".chosen .tag") == "待施行"
    assert commander.page.locator("#edit").count() == 0


def test_a_file_with_bad_rows_is_refused_line_by_line(
    visit: Visit, stack: Stack, tmp_path: Path
) -> None:
    number = draft(stack, "导入试验")
    path = tmp_path / "list.csv"
    path.write_text(
        "item_no,category,area_code,condition,hours,unit\n"
        f"A-1,E0104,{A},,ALWAYS,A1\nA-2,E0105,{A},,NOON,A1\n",
        "utf-8",
    )
    visitor = visit("dispatcher1").go(f"/duties/?v={number}")
    visitor.expect_complaint("422")
    visitor.page.click("#edit summary")
    visitor.page.set_input_files("#import-file", str(path))
    visitor.page.click("[data-import] button")
    visitor.until(lambda: "3 hours" in visitor.text("[data-refused]"))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_page_has_no_barriers_and_does_not_scroll_sideways(
    visit: Visit, stack: Stack, width: int, height: int
) -> None:
    stack.log_call(title="澜江区路面垃圾", location=ELSEWHERE)
    number = draft(stack, f"无障碍 {width}")
    visitor = visit("leader1", width, height)
    try_out(visitor, number)
    for tab in ("items", "changes", "replay"):
        visitor.go(f"/duties/?v={number}&tab={tab}")
        if tab == "items":
            visitor.page.click("#edit summary")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        assert _axe(visitor) == [], tab


def test_the_english_page_has_no_chinese_words_of_ours(visit: Visit, stack: Stack) -> None:
    number = draft(stack, "English")
    visitor = visit("dispatcher1", 1440, 900, "en-GB")
    try_out(visitor, number)
    for tab in ("items", "changes", "replay"):
        visitor.go(f"/duties/?v={number}&tab={tab}")
        labels = visitor.page.locator(
            ".duties-head, .label, .head, .btn, .pill, th, .tag, .share-counts, .notice, .muted"
        ).all_inner_texts()
        told = " ".join(labels).replace("无障碍", "").replace("权责清单", "")
        assert not CHINESE.search(told.replace("现行清单", "")), (tab, CHINESE.findall(told))


def test_a_dispatcher_sees_why_and_sends_with_one_key(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="一键派遣")["case_no"]
    stack.move("receiver1", number, "accept")
    stack.move("leader1", number, "file")
    visitor = visit("dispatcher1").go(f"/queue/?case={number}")
    visitor.until_live().page.locator(".suggested").wait_for()
    assert "A-E01" in visitor.text(".suggested")
    assert "云中区环卫所" in visitor.text(".suggested")
    visitor.page.keyboard.press("e")
    visitor.until(
        lambda: stack.call("leader1", "GET", f"cases/{number}")["state"] == "PENDING_SIGN"
    )
    codes = stack.call("leader1", "GET", f"cases/{number}")["assignments"][0]["why_codes"]
    assert codes["item"] == "A-E01"
