"""The wall's socket /ws/v1/screen (contract.md 6): one message a second at most, never per case."""

import asyncio
import contextlib
import json
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from django.utils import timezone

from accounts.pairing import display_by_token, note_display
from accounts.queries import user_by_cookie, user_by_token
from dispatch.consumers import NOT_SIGNED_IN, NOT_YOURS, FeedConsumer, recheck_after_s
from dispatch.hub import hub
from screen.access import NoWallError, Viewer, viewer_of_display, viewer_of_user
from screen.board import board_of
from screen.broadcast import broadcast_of
from screen.places import WallArea


class ScreenConsumer(FeedConsumer):
    """Tells a wall all counters of its area, the newest changes, and at most 20 points."""

    area: WallArea | None = None

    def prepare(self) -> None:
        """The area of the address: `?district=`, or the widest one that the viewer may see."""
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        self.district = query.get("district", [""])[0]
        self.authority_changed = asyncio.Event()

    async def _authorised(self) -> bool:
        viewer = await hub.read(_viewer, self.token, self.cookie)
        if viewer is None:
            await self.close(NOT_SIGNED_IN)
            return False
        self.area = await hub.read(_area, viewer, self.district)
        if self.area is None:
            await self.close(NOT_YOURS)
            return False
        return True

    async def authority_may_have_changed(self) -> None:
        """Wait for the word that posts, tokens or displays changed, minutes at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.authority_changed.wait(), recheck_after_s())
        self.authority_changed.clear()

    def stop(self) -> None:
        """Leave the broadcast."""
        if self.area:
            broadcast_of(self.area).leave(self)
        super().stop()

    async def resume(self, after: int | None) -> None:
        """Welcome with the heads, then what the broadcast says: the counters within a second."""
        area = self.area
        if area is None:
            return
        pulse = await hub.read(board_of(area).pulse)
        await self.send(json.dumps({"type": "welcome", "head": pulse["as_of"]}))
        broadcast_of(area).join(self)


def _viewer(token: str, cookies: str) -> Viewer | None:
    """Who watches: a program by its token, a display by its cookie, a person by her session."""
    now = timezone.now()
    if token:
        found = user_by_token(token, now=now)
        return viewer_of_user(found[0]) if found else None
    display = display_by_token(_cookie(cookies, "sx_display_ws"))
    if display:
        note_display(display=display, now=now)
        return viewer_of_display(display)
    user = user_by_cookie(cookies)
    return viewer_of_user(user) if user else None


def _area(viewer: Viewer, district: str) -> WallArea | None:
    try:
        return viewer.area(district)
    except NoWallError:
        return None


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
