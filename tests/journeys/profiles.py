"""Profiles of the browser that journeys share: its files stay, what a page wrote goes."""

from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Geolocation, Page

from tests.journeys.browser import WATCH_CSP, Visitor

WRITTEN_BY_PAGES = "local_storage,indexeddb,cache_storage,service_workers"
PLACE: Geolocation = {"longitude": 119.6012, "latitude": 29.9012, "accuracy": 8}
PHONE_PX = 500
Motion = Literal["reduce", "no-preference"]


@dataclass(frozen=True)
class Look:
    """Who looks at what size, in which language, and whether things move for her."""

    username: str | None
    width: int
    height: int
    locale: str
    motion: Motion


@dataclass
class Profiles:
    """Profiles that nobody uses at the moment, by who they belong to."""

    browser: Browser
    free: dict[Look, list[BrowserContext]] = field(default_factory=dict)

    def take(self, look: Look) -> BrowserContext:
        """The profile that she left, or a new one; with nobody's session."""
        left = self.free.get(look)
        return left.pop() if left else self._new(look)

    def _new(self, look: Look) -> BrowserContext:
        profile = self.browser.new_context(
            viewport={"width": look.width, "height": look.height},
            locale=look.locale,
            timezone_id="Asia/Shanghai",
            geolocation=PLACE,
            permissions=["geolocation"],
            has_touch=look.width < PHONE_PX,
            reduced_motion=look.motion,
        )
        profile.add_init_script(WATCH_CSP)
        return profile

    def give_back(self, look: Look, window: Visitor) -> None:
        """Keep the profile of a window, closed; not one that has no owner or was altered."""
        if look.username is None or window.is_altered:
            window.profile.close()
            return
        for page in window.profile.pages:
            page.close()
        window.profile.clear_cookies()
        self.free.setdefault(look, []).append(window.profile)

    def close(self) -> None:
        """Close all that are kept."""
        for left in self.free.values():
            for profile in left:
                profile.close()


def clean_page(profile: BrowserContext, address: str) -> Page:
    """A page of the profile to which no page before has left a word."""
    page = profile.new_page()
    devtools = profile.new_cdp_session(page)
    devtools.send(
        "Storage.clearDataForOrigin", {"origin": address, "storageTypes": WRITTEN_BY_PAGES}
    )
    devtools.detach()
    return page
