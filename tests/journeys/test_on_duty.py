"""On duty: the press that waits for a network, the mark on the district's map, the nearest one."""

from datetime import UTC, datetime

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack


def off_duty(stack: Stack, who: str) -> None:
    """As if she had pressed the button before."""
    body = {"on": False, "pressed_at": datetime.now(UTC).isoformat()}
    stack.call(who, "POST", "grid/duty", body)


def test_a_press_without_a_network_waits_and_then_shows_her_on_the_map_until_she_goes(
    visit: Visit, stack: Stack
) -> None:
    off_duty(stack, "inspector1")
    phone = visit("inspector1", 390, 844).go("/m/")
    for words in ("ERR_INTERNET_DISCONNECTED", "WebSocket"):
        phone.expect_complaint(words)
    phone.until(lambda: phone.text("#duty-words") == "未上岗")
    phone.page.check("#duty-place")
    phone.context.set_offline(True)
    phone.page.click("#duty-button")
    phone.until(lambda: phone.text("#duty-words") == "没有网络，联网后上岗")
    assert stack.call("inspector1", "GET", "grid/duty")["on"] is False

    phone.context.set_offline(False)
    phone.until(lambda: "自动下岗" in phone.text("#duty-words"))
    assert "上岗时" in phone.text("#duty-where")
    assert phone.page.locator("#duty-badge").is_visible()

    queue = visit("handler1").go("/queue/")
    queue.until(lambda: queue.text('[data-map="staff"] .num') == "1")
    queue.page.click('[data-map="staff"]')
    row = queue.page.locator("#on-duty [data-n]")
    row.wait_for()
    assert "inspector1" in row.inner_text()
    assert "云中区" in row.inner_text()

    phone.page.click("#duty-button")
    phone.until(lambda: phone.text("#duty-words") == "未上岗")
    queue.page.click('[data-map="staff"]')
    queue.page.click('[data-map="staff"]')
    queue.until(lambda: "没有网格员在岗" in queue.text("#on-duty"))


def test_the_drawer_proposes_who_is_near_to_those_who_send_work_and_to_nobody_else(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="要去看一看的一件")["case_no"]
    now = datetime.now(UTC).isoformat()
    here = {"lon": 119.6004, "lat": 29.9004, "crs": "WGS84", "accuracy_m": 9}
    stack.call("inspector1", "POST", "grid/duty", {"on": True, "pressed_at": now, "location": here})

    receiver = visit("receiver1").go(f"/queue/?case={number}")
    receiver.until(lambda: "inspector1" in receiver.text("[data-nearest]"))
    supervisor = visit("supervisor1").go(f"/queue/?case={number}")
    supervisor.page.locator("#part-overview").wait_for()

    assert supervisor.page.locator('[data-nearest], [data-map="staff"]').count() == 0
    off_duty(stack, "inspector1")
