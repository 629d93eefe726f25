"""The operator's desk: by keyboard, in Chinese, twice pressed, refused, merged, restored."""

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack


def _desk(visit: Visit, width: int = 1366, height: int = 768) -> Visitor:
    return visit("operator1", width, height).go("/desk/")


def _fill(desk: Visitor, title: str) -> None:
    desk.page.fill("#content", f"市民反映：{title}，今天要求清理并答复。")
    desk.page.fill("#title", title)
    desk.page.fill("#category", "E0104")
    desk.page.locator("#category-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.page.fill("#address", "秋涛路22")
    desk.page.locator("#address-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    desk.until(lambda: "春晓社区" in desk.text("#ownership-words"))


def _titled(stack: Stack, title: str) -> list[str]:
    items = stack.call("leader1", "GET", "queue?district=339901&limit=200")["items"]
    return [item["case_no"] for item in items if item["title"] == title]


def test_a_call_is_logged_by_keyboard_alone(visit: Visit, stack: Stack) -> None:
    desk = _desk(visit)
    keys = desk.page.keyboard
    assert desk.page.evaluate("document.activeElement.id") == "content"
    keys.insert_text("市民反映：秋涛路22号门口垃圾堆了三天，要求今天清理。")
    keys.press("Tab")
    desk.until(lambda: desk.page.input_value("#title").startswith("秋涛路22号"))
    keys.press("Alt+c")
    keys.type("dlbj")
    desk.page.locator("#category-list li").first.wait_for()
    keys.press("Enter")
    assert desk.page.evaluate("document.activeElement.id") == "address"
    keys.type("qtl22")
    desk.page.locator("#address-list li").first.wait_for()
    keys.press("Enter")
    desk.until(lambda: "春晓社区" in desk.text("#ownership-words"))
    keys.press("Control+Enter")
    desk.page.locator("#receipt").wait_for()
    number = desk.text("#receipt-no")
    assert len(desk.text("#receipt-code")) == 6
    seen = stack.call("leader1", "GET", f"cases/{number}")
    assert seen["category"]["name"] == "道路不洁"
    assert seen["community"] == "339901001001"
    keys.press("Enter")
    desk.until(lambda: desk.page.locator("#receipt").is_hidden())
    assert desk.page.input_value("#content") == ""


def test_enter_that_chooses_a_chinese_word_does_not_submit(visit: Visit, stack: Stack) -> None:
    desk = _desk(visit)
    _fill(desk, "输入法回车的一件")
    session = desk.context.new_cdp_session(desk.page)
    desk.page.focus("#title")
    session.send(
        "Input.imeSetComposition", {"text": "kuai", "selectionStart": 4, "selectionEnd": 4}
    )
    for kind in ("rawKeyDown", "keyUp"):
        session.send(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": "Process", "windowsVirtualKeyCode": 229, "modifiers": 2},
        )
    session.send("Input.insertText", {"text": "快"})
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_timeout(400)
    assert _titled(stack, "输入法回车的一件快") == []
    assert desk.page.locator("#receipt").is_hidden()


def test_pressing_twice_makes_one_case(visit: Visit, stack: Stack) -> None:
    desk = _desk(visit)
    _fill(desk, "按了两次的一件")
    desk.page.evaluate(
        "() => { for (const n of [1, 2, 3]) document.querySelector('#title').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true})); }"
    )
    desk.page.locator("#receipt").wait_for()
    desk.page.wait_for_timeout(300)
    assert len(_titled(stack, "按了两次的一件")) == 1


def test_a_lost_answer_and_a_second_try_make_one_case(visit: Visit, stack: Stack) -> None:
    desk = _desk(visit)
    desk.expect_complaint("ERR_FAILED")
    _fill(desk, "回执丢失的一件")
    state = {"lost": False}

    def lose_the_first(route: object) -> None:
        if state["lost"]:
            route.continue_()  # type: ignore[attr-defined]
            return
        state["lost"] = True
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    desk.page.route("**/hotline/tickets", lose_the_first)
    desk.page.keyboard.press("Control+Enter")
    desk.until(lambda: "内容已保留" in desk.text("#form-error"))
    desk.page.keyboard.press("Control+Enter")
    desk.page.locator("#receipt").wait_for()
    assert len(_titled(stack, "回执丢失的一件")) == 1


def test_a_refusal_keeps_every_field_and_marks_the_wrong_one(visit: Visit) -> None:
    desk = _desk(visit)
    desk.expect_complaint("422")
    _fill(desk, "号码写错的一件")
    desk.page.fill("#phone", "not-a-number")
    desk.page.keyboard.press("Control+Enter")
    desk.until(lambda: desk.page.locator("#phone[aria-invalid]").count() == 1)
    assert desk.page.input_value("#title") == "号码写错的一件"
    assert desk.page.input_value("#phone") == "not-a-number"
    assert desk.page.locator("#form-error").is_visible()


def test_what_is_missing_is_marked_before_anything_is_sent(visit: Visit) -> None:
    desk = _desk(visit)
    desk.page.keyboard.press("Control+Enter")
    assert "必填项" in desk.text("#form-error")
    assert desk.page.locator("[data-field] .why:visible").count() == 3


def test_a_reload_in_mid_entry_restores_the_draft(visit: Visit) -> None:
    desk = _desk(visit)
    _fill(desk, "没写完的一件")
    desk.until(lambda: "草稿已于" in desk.text("#draft-words"))
    desk.page.wait_for_timeout(1200)
    desk.page.reload()
    desk.until(lambda: desk.page.input_value("#title") == "没写完的一件")
    assert "E0104" in desk.text("#category-code")
    desk.until(lambda: "春晓社区" in desk.text("#ownership-words"))


def test_a_twin_is_shown_with_its_reasons_and_takes_the_voice(visit: Visit, stack: Stack) -> None:
    twin = stack.log_call(
        title="秋涛路22号门口垃圾", location={"lon": 119.6002, "lat": 29.9002, "crs": "WGS84"}
    )["case_no"]
    desk = _desk(visit)
    _fill(desk, "秋涛路22号门口垃圾没人清")
    row = desk.page.locator(f'#twins [data-case="{twin}"]')
    row.wait_for()
    assert "同一事项" in row.inner_text()
    row.click()
    desk.page.keyboard.press("Control+m")
    desk.page.locator("#receipt").wait_for()
    assert desk.text("#receipt-no") == twin
    assert desk.text("#receipt-title") == "已并入在办工单"
    assert stack.call("leader1", "GET", f"cases/{twin}")["intakes_count"] >= 2


def test_everything_needed_fits_a_small_screen_without_scrolling(visit: Visit) -> None:
    desk = _desk(visit, 1366, 768)
    for selector in ("#content", "#title", "#category", "#address", "#phone", "#submit"):
        box = desk.page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, selector


def test_the_callers_number_is_masked_in_what_others_see(visit: Visit, stack: Stack) -> None:
    number = stack.log_call(title="号码打码的一件")["case_no"]
    queue = visit("dispatcher1").go(f"/queue/?case={number}")
    queue.page.locator("#drawer .intake").first.wait_for()
    assert "13800138000" not in queue.page.content()
    assert "138****8000" in queue.page.content()


def test_a_suggested_category_is_taken_by_one_key_and_kept_with_the_ticket(
    visit: Visit, stack: Stack
) -> None:
    desk = _desk(visit)
    items = [
        {"code": "C0101", "name": "井盖", "probability": 0.62, "because": ["井盖"]},
        {"code": "E0104", "name": "道路不洁", "probability": 0.21, "because": ["垃圾"]},
    ]
    desk.page.route(
        "**/api/v1/categories/suggest**",
        lambda route: route.fulfill(json={"items": items, "model": 1}),
    )
    desk.page.fill("#content", "市民反映路口垃圾散落一地，要求清理。")
    desk.page.locator("#category-chips button").nth(1).wait_for()
    assert "很可能 62%" in desk.text("#category-chips button")
    assert desk.page.locator("#category-code").is_hidden()
    desk.page.keyboard.press("Alt+2")
    assert desk.text("#category-code") == "E0104"
    assert desk.page.evaluate("document.activeElement.id") == "content"
    desk.page.fill("#address", "秋涛路22")
    desk.page.locator("#address-list li").first.wait_for()
    desk.page.keyboard.press("Enter")
    with desk.page.expect_request("**/api/v1/hotline/tickets") as sent:
        desk.page.keyboard.press("Control+Enter")
    body = sent.value.post_data_json or {}
    assert body["suggested"] == ["C0101", "E0104"]
    desk.page.locator("#receipt").wait_for()
    seen = stack.call("leader1", "GET", f"cases/{desk.text('#receipt-no')}")
    assert seen["category"]["code"] == "E0104"
