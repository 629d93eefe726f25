"""The inspector's phone: a photo, a place, a tap; nothing is lost without a network."""

import struct
import zlib

import pytest

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack

TOUCH_PX = 44


def png(width: int = 2400, height: int = 1800) -> bytes:
    """A picture of stripes, larger than the phone may send."""
    row = b"\x00" + bytes((x // 40 * 37) % 256 for x in range(width) for _ in range(3))
    raw = zlib.compress(row * height, 6)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"GPSLatitude\x0029.9012")
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + text
        + chunk(b"IDAT", raw)
        + chunk(b"IEND", b"")
    )


def _report(visit: Visit, width: int = 390, height: int = 844) -> Visitor:
    phone = visit("inspector1", width, height).go("/m/#report")
    phone.until(lambda: "GPS ±8" in phone.text("#fix"))
    return phone


def _compose(phone: Visitor, words: str) -> None:
    phone.page.set_input_files(
        "#camera", {"name": "a.png", "mimeType": "image/png", "buffer": png()}
    )
    phone.page.locator(".photo img").wait_for()
    phone.page.locator("#chips button").first.click()
    phone.page.fill("#text", words)


def test_a_finding_with_a_photo_reaches_the_queue(visit: Visit, stack: Stack) -> None:
    phone = _report(visit)
    _compose(phone, "路口井盖松动有异响")
    phone.page.click("#send")
    item = phone.page.locator('.item[data-state="received"]').first
    item.wait_for()
    number = item.locator(".num").last.inner_text()
    seen = stack.call("dispatcher1", "GET", f"cases/{number}")
    assert seen["lines"] == ["GRID"]
    assert len(seen["attachments"]) == 1
    photo = seen["attachments"][0]
    assert max(photo["width"], photo["height"]) == 1600
    queue = visit("dispatcher1").go(f"/queue/?case={number}")
    image = queue.page.locator("#drawer .photos img").first
    image.wait_for()
    queue.until(lambda: image.evaluate("img => img.naturalWidth") == 1600)


STORED_PHOTO = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('sanxian-outbox', 1);
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction('reports').objectStore('reports').getAll();
    all.onsuccess = () => resolve([...new Uint8Array(all.result[0].photos[0].bytes)]);
  };
})"""


def test_the_photo_that_leaves_the_phone_is_small_and_carries_no_metadata(visit: Visit) -> None:
    phone = _report(visit)
    for words in ("ERR_INTERNET_DISCONNECTED", "WebSocket"):
        phone.expect_complaint(words)
    phone.context.set_offline(offline=True)
    _compose(phone, "带元数据的照片")
    phone.page.click("#send")
    phone.page.locator('.item[data-state="waiting"]').wait_for()
    stored = bytes(phone.page.evaluate(STORED_PHOTO))
    assert stored.startswith(b"\xff\xd8\xff")
    assert b"GPSLatitude" not in stored
    assert b"Exif" not in stored
    assert len(stored) <= 500 * 1024


def test_a_finding_made_without_a_network_waits_and_leaves_by_itself(
    visit: Visit, stack: Stack
) -> None:
    phone = _report(visit)
    for words in ("ERR_INTERNET_DISCONNECTED", "WebSocket"):
        phone.expect_complaint(words)
    phone.context.set_offline(offline=True)
    phone.until(lambda: phone.page.locator("#net").is_visible())
    assert phone.text("#send") == "保存，联网后自动上传"
    _compose(phone, "断网时的一件")
    phone.page.click("#send")
    phone.page.locator('.item[data-state="waiting"]').wait_for()
    assert phone.text("#count-waiting") == "1"
    phone.context.set_offline(offline=False)
    phone.page.locator('.item[data-state="received"]').first.wait_for()
    items = stack.call("dispatcher1", "GET", "queue?district=339901&line=GRID&limit=200")["items"]
    assert [item["title"] for item in items].count("断网时的一件") == 1


def test_a_finding_whose_receipt_was_lost_is_stored_once(visit: Visit, stack: Stack) -> None:
    phone = _report(visit)
    phone.expect_complaint("ERR_FAILED")
    state = {"lost": False}

    def lose_the_first(route: object) -> None:
        if state["lost"]:
            route.continue_()  # type: ignore[attr-defined]
            return
        state["lost"] = True
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    phone.page.route("**/grid/findings", lose_the_first)
    _compose(phone, "回执丢失的上报")
    phone.page.click("#send")
    phone.page.locator('.item[data-state="waiting"]').wait_for()
    phone.page.reload()
    phone.page.locator('.item[data-state="received"]').first.wait_for(timeout=45_000)
    items = stack.call("dispatcher1", "GET", "queue?district=339901&line=GRID&limit=200")["items"]
    assert [item["title"] for item in items].count("回执丢失的上报") == 1


def test_a_refused_finding_stays_with_its_reason(visit: Visit) -> None:
    phone = _report(visit)
    phone.expect_complaint("422")
    phone.context.set_geolocation({"longitude": 100.0, "latitude": 20.0, "accuracy": 5})
    phone.page.click("#relocate")
    phone.until(lambda: "范围之外" in phone.text("#place-owner"))
    _compose(phone, "出城的一件")
    phone.page.click("#send")
    phone.page.locator('.item[data-state="refused"]').wait_for()
    assert "位置不在本市范围内" in phone.text(".item.is-refused")
    assert phone.text("#count-refused") == "1"


def test_a_rough_fix_must_be_confirmed(visit: Visit) -> None:
    phone = _report(visit)
    phone.context.set_geolocation({"longitude": 119.6012, "latitude": 29.9012, "accuracy": 90})
    phone.page.click("#relocate")
    phone.until(lambda: "±90" in phone.text("#fix"))
    _compose(phone, "定位很粗的一件")
    phone.page.click("#send")
    assert "核对图钉" in phone.text('[data-field="location"] .why')
    phone.page.check("#confirmed")
    phone.page.click("#send")
    phone.page.locator('.item[data-state="received"]').first.wait_for()


def test_self_handled_findings_are_closed_at_once(visit: Visit) -> None:
    phone = _report(visit)
    _compose(phone, "顺手扶正了锥桶")
    phone.page.click("#self")
    phone.page.click("#send")
    item = phone.page.locator('.item[data-state="received"]').first
    item.wait_for()
    assert "已结案" in item.inner_text()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (360, 640)])
@pytest.mark.parametrize("screen", ["today", "report", "mine"])
def test_every_target_is_large_enough_for_a_thumb(
    visit: Visit, width: int, height: int, screen: str
) -> None:
    phone = visit("inspector1", width, height).go("/m/")
    if screen != "today":
        phone.page.click(f'.tabs [data-go="{screen}"]')
    phone.page.wait_for_timeout(300)
    small = phone.page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], label.add-photo, textarea')]
        .filter(e => e.offsetParent && !e.closest('.skip') && !e.classList.contains('skip'))
        .map(e => [e.textContent.trim().slice(0, 12), e.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.height < 44 || box.width < 44))
        .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_the_main_button_lies_under_the_thumb(visit: Visit) -> None:
    phone = _report(visit)
    box = phone.page.locator("#send").bounding_box()
    assert box is not None
    assert box["y"] >= 844 * 0.65
    assert box["height"] >= 52
