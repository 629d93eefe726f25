"""What the journeys of the wall ask its page, and how they open it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser

from tests.journeys.browser import CHROMIUM, FLAGS, WATCH_CSP, Visitor
from tests.journeys.stack import Stack

SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WITH_GL = [*(flag for flag in FLAGS if flag != "--disable-gpu"), *SOFTWARE_GL]
WITHOUT_GL = [*FLAGS, "--disable-3d-apis"]

READY = "document.body.dataset.ready === '1'"
NUMBERS = """() => {
  const n = (text) => Number(text.replaceAll(",", ""));
  const all = (selector, read) => [...document.querySelectorAll(selector)].map(read);
  return {
    total: n(document.getElementById("today-total").textContent),
    lines: all("#today-lines b", (b) => n(b.textContent)),
    board: Object.fromEntries(all("#figures b", (b) => [b.id.slice(2), n(b.textContent)])),
    labels: Object.fromEntries(all("#pins .label", (l) => [l.id, Number(l.dataset.n)])),
    loop: all("#loop li", ({dataset: d}) => [d.step, Number(d.reached), Number(d.waiting)]),
  };
}"""
EXTENT = """[document.documentElement.scrollWidth, document.documentElement.scrollHeight,
    parseFloat(getComputedStyle(document.body).fontSize)]"""
"""How wide and how high the page is, and the text of its body (px)."""
SMALLEST = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest(".sr, script, [hidden]")) continue;
    if (!element.getClientRects().length) continue;
    found.push([parseFloat(getComputedStyle(element).fontSize), node.data.trim().slice(0, 20)]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 3);
}"""
OVERFLOWS = """() => [...document.querySelectorAll(".panel, .figures li, .loop li, .head > *")]
  .filter((one) => one.getClientRects().length && one.scrollWidth > one.clientWidth + 2)
  .map((one) => one.innerText.slice(0, 30))"""

OF_A_LARGE_CITY = """() => {
  for (const one of document.querySelectorAll("#figures b, #loop b")) one.textContent = "88,888";
  for (const one of document.querySelectorAll("#loop em:not(.stay)"))
    one.textContent = one.textContent.replace(/[0-9,]+/, "88,888");
  document.getElementById("loop").dataset.html = "";
  const { right } = document.querySelector(".centre").getBoundingClientRect();
  return [...document.querySelectorAll("#figures li, #loop li")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1
      || one.getBoundingClientRect().right > right + 1)
    .map((one) => one.innerText);
}"""
"""Writes five digits wherever a count stands in the middle until the next message; the time that
cases stay is left as it is. Answers what has no room then."""

COVERED = """() => {
  const boxes = [...document.querySelectorAll("#pins .label, #pins .pop")].map((pin) => [
    pin.innerText.split("\\n").join(" "), pin.getBoundingClientRect()]);
  const pairs = boxes.flatMap((one, n) => boxes.slice(n + 1).map((other) => [one, other]));
  const common = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  return pairs.filter(([[, a], [, b]]) => common(a, b)).map(([[a], [b]]) => `${a} <> ${b}`);
}"""


def drawn(visitor: Visitor, within_s: float = 60) -> Visitor:
    """Wait until the map is there and the socket speaks."""
    visitor.until(lambda: visitor.page.evaluate(READY), within_s=within_s)
    visitor.until(lambda: visitor.page.get_attribute("#link", "data-state") == "live", 30)
    return visitor


def numbers(visitor: Visitor) -> dict[str, Any]:
    """The counters that the wall shows."""
    found: dict[str, Any] = visitor.page.evaluate(NUMBERS)
    return found


@contextmanager
def window(chromium: Browser, stack: Stack) -> Iterator[Visitor]:
    """A window of 1920 x 1080 where things stand still; afterwards it must not have complained."""
    context = chromium.new_context(
        viewport={"width": 1920, "height": 1080},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.add_init_script(WATCH_CSP)
    visitor = Visitor(context.new_page(), context, stack)
    visitor.listen()
    yield visitor
    assert visitor.unexpected() == []
    context.close()


@contextmanager
def own_browser(
    browser: Browser, stack: Stack, flags: list[str], username: str = "commander1"
) -> Iterator[Visitor]:
    """The window of a person, or of nobody (""), in a browser with other flags."""
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
    with window(other, stack) as visitor:
        yield visitor.enter_as(username) if username else visitor
    other.close()
