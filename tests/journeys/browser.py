"""What the journeys do in a browser: sign in, poll, watch for errors and for CSP violations."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.city import PASSWORD
from tests.journeys.stack import Stack

T = TypeVar("T")
POLL_MS = 50
LEAN, WHOLE = "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"
CHROMIUM = LEAN if Path(LEAN).exists() else WHOLE
"""Debian's headless shell draws the same without the windows, bars and menus that nobody sees."""
NOT_NEEDED = ",".join(
    (
        *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
        *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose"),
        *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter"),
        *("PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"),
        *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    )
)
"""The first two load pages of the browser's own into each new window: a third of its CPU time.
The others are what Playwright switches off; the last switch of a name replaces those before it."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={NOT_NEEDED}",
]
WATCH_CSP = (
    "window.cspViolations = [];"
    "document.addEventListener('securitypolicyviolation',"
    " e => window.cspViolations.push(e.violatedDirective + ' ' + e.blockedURI));"
)


@dataclass
class Visitor:
    """One person in one browser window, with everything the window complained about."""

    tab: Page
    profile: BrowserContext
    stack: Stack
    at_the_door: bool = False
    is_altered: bool = False
    """Whether a test had the profile in its hands, which then is nobody else's any more."""
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        """The page; who has signed in and gone nowhere yet arrives at home first."""
        if self.at_the_door:
            self.go("/")
        return self.tab

    @page.setter
    def page(self, page: Page) -> None:
        self.tab = page

    @property
    def context(self) -> BrowserContext:
        """The profile of the browser, to do with as the test likes."""
        self.is_altered = True
        return self.profile

    def listen(self) -> None:
        """Collect errors of the console and of scripts."""
        self.tab.on("console", self._console)
        self.tab.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} {message.location.get('url', '')}")

    def expect_complaint(self, words: str) -> None:
        """Complaints with these words belong to the story (a refusal, a server that is down)."""
        self.expected.append(words)

    def unexpected(self) -> list[str]:
        """The complaints that no story explains, CSP violations of the open page included."""
        violations: list[str] = self.tab.evaluate("window.cspViolations || []")
        unexplained = [c for c in self.complaints if not any(w in c for w in self.expected)]
        return [*unexplained, *(f"csp: {violation}" for violation in violations)]

    def without_worker(self) -> "Visitor":
        """As in a browser without shared workers: the tab itself holds the connection."""
        self.context.add_init_script("delete window.SharedWorker")
        return self

    def hearing_nothing(self) -> "Visitor":
        """As where no word of what others do comes through, by socket or by asking for it."""
        self.without_worker().expect_complaint("ERR_FAILED")
        self.tab.route_web_socket("**/ws/**", lambda _socket: None)
        self.tab.route("**/api/v1/events*", lambda route: route.abort())
        return self

    def go(self, path: str) -> "Visitor":
        """Open a page of the city."""
        self.at_the_door = False
        self.page.goto(f"{self.stack.url}{path}")
        return self

    def sign_in(self, username: str, password: str = PASSWORD) -> "Visitor":
        """Sign in through the form."""
        self.go("/login/")
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.click(".login-card .btn.pri")
        self.page.wait_for_load_state()
        return self

    def enter_as(self, username: str) -> "Visitor":
        """Come as a person who has signed in: at home, or where go() leads at once."""
        session = self.stack.sessions[username]
        self.profile.add_cookies([{"name": "sessionid", "value": session, "url": self.stack.url}])
        self.at_the_door = True
        return self

    def text(self, selector: str) -> str:
        """The words of an element."""
        return self.page.locator(selector).first.inner_text()

    def press_move(self, move: str) -> None:
        """Press a move of the open drawer, also one that stands under "more"."""
        button = self.page.locator(f'#drawer [data-open-move="{move}"]')
        button.wait_for(state="attached")
        if not button.is_visible():
            self.page.click("#drawer .more-moves summary")
        button.click()

    def until(self, what: Callable[[], T], within_s: float = 10.0) -> T:
        """Ask again and again until the answer is true; no strings, the CSP forbids eval."""
        end = time.monotonic() + within_s
        while True:
            answer = what()
            if answer:
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"not within {within_s} s; page: {self.page.url}")
            self.page.wait_for_timeout(POLL_MS)

    def until_live(self) -> "Visitor":
        """Wait until the dot says that the page is live."""
        self.until(lambda: self.page.get_attribute("#live", "data-state") == "live")
        return self
