"""The budgets of ui.md 6, by the bytes that a first visit brings over the wire (CDP)."""

from collections import Counter

import pytest

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack

KB = 1024
SETTLED_MS = 2500
PAGES = [
    pytest.param(None, "/login/", 40, 0, id="login"),
    pytest.param("dispatcher1", "/queue/", 57, 200, id="queue"),
    pytest.param("cleaner1", "/queue/", 57, 200, id="queue of a team"),
    pytest.param("operator1", "/desk/", 60, 200, id="desk"),
    pytest.param("inspector1", "/m/", 60, 0, id="phone"),
]
"""Who, where, kB of our own scripts, styles and icons, kB of the map; with headers."""
FONTS_KB = 17
"""Two weights of figures: 16 kB and their headers."""


@pytest.mark.parametrize(("user", "path", "own_kb", "map_kb"), PAGES)
def test_a_first_visit_stays_within_its_budget_on_the_wire(
    visit: Visit, stack: Stack, user: str | None, path: str, own_kb: int, map_kb: int
) -> None:
    stack.log_call(title="给预算看的一件")
    visitor = visit(user)
    visitor.page.goto("about:blank")  # what the page before still fetches is not of this visit
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    addresses: dict[str, str] = {}
    sizes: Counter[str] = Counter()
    session.on(
        "Network.responseReceived",
        lambda event: addresses.update({event["requestId"]: event["response"]["url"]}),
    )
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update(
            {addresses.get(event["requestId"], ""): int(event["encodedDataLength"])}
        ),
    )

    visitor.go(path)
    visitor.page.wait_for_timeout(SETTLED_MS)

    static = {url: size for url, size in sizes.items() if "/static/" in url}
    assert static, "no byte was counted"
    fonts = sum(size for url, size in static.items() if url.endswith(".woff2"))
    own = sum(size for url, size in static.items() if "/ol@" not in url) - fonts
    library = sum(size for url, size in static.items() if "/ol@" in url)
    words = f"{path} own {own / KB:.1f} kB, fonts {fonts / KB:.1f} kB, map {library / KB:.1f} kB"
    largest = sorted(((size, url) for url, size in static.items()), reverse=True)
    print(words, *largest, sep="\n")  # noqa: T201
    assert fonts <= FONTS_KB * KB
    assert own <= own_kb * KB, words
    assert library <= map_kb * KB
