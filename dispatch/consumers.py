"""The socket of a district's feed (contract.md 6): /ws/v1/districts/{code}."""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error
from django.http.request import validate_host
from django.utils import timezone

from accounts.models import User
from accounts.queries import user_by_cookie, user_by_token
from dispatch import queries
from dispatch.hub import ASIDE, BEHIND, Subscription, head_message, head_of, hub
from dispatch.telling import TELL

RESUME_WITHIN_S = 5.0
RECHECK_S = 300.0
"""So long at most; each socket takes its own part of it, so that those which came at once do not
ask at once."""
MOST_BEHIND = 1000
MOST_MESSAGE = 4096
RESUMES_PER_MINUTE = 60
NOT_SIGNED_IN, NOT_YOURS, NO_RESUME, TOO_MANY = 4401, 4403, 4408, 4429
TRY_AGAIN_LATER = 1013
logger = logging.getLogger("sanxian.sockets")


class FeedConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Resume within five seconds, authorisation, no flood of messages; the wall's socket too."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """However a socket ends, its work ends with it.

        A client that leaves while it is told something is an error of the server's `send`, after
        which no word of the disconnection comes.
        """
        self.tasks: set[asyncio.Task[None]] = set()
        try:
            await super().__call__(scope, receive, send)
        except OSError as error:
            logger.info("a client left while it was told something: %r", error)
        finally:
            self.stop()

    async def connect(self) -> None:
        """Accept; the client must say `resume` within five seconds."""
        self.resumed = self.is_closed = False
        self.token = ""
        self.resumes: list[float] = []
        self.prepare()
        origin = _header(self.scope, b"origin")
        if origin and not _origin_allowed(origin):
            await self.close(NOT_YOURS)
            return
        self.cookie = _header(self.scope, b"cookie") if origin else ""
        await self.accept()
        self._spawn(self._expect_resume())

    def prepare(self) -> None:
        """Read what the address says."""

    def may_watch(self, user: User) -> bool:
        """True when the user's posts open this feed."""
        raise NotImplementedError

    async def resume(self, after: int | None) -> None:
        """Send what was missed, then what happens."""
        raise NotImplementedError

    async def disconnect(self, code: int) -> None:
        """Stop all work for this socket."""
        self.stop()

    def stop(self) -> None:
        """End the tasks of this socket."""
        for task in self.tasks:
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take `resume`; anything else is ignored, too much of it closes the socket."""
        message = _parsed(text_data)
        if self.is_closed or message is None or message.get("type") != "resume":
            return
        now = time.monotonic()
        self.resumes = [at for at in self.resumes if at > now - 60] + [now]
        if len(self.resumes) > RESUMES_PER_MINUTE:
            self.is_closed = True
            await self.close(TOO_MANY)
            return
        token = message.get("token")
        self.token = token if isinstance(token, str) else self.token
        after = message.get("after")
        valid = isinstance(after, int) and not isinstance(after, bool) and after >= 0
        try:
            await self._start(after if valid else None)
        except Error as error:
            await self._give_up(error)

    async def _start(self, after: int | None) -> None:
        if await self._authorised():
            self.stop()
            self.resumed = True
            await self.resume(after)
            self._spawn(self._recheck())

    async def _authorised(self) -> bool:
        user = await hub.read(_user, self.token, self.cookie)
        if user is None:
            await self.close(NOT_SIGNED_IN)
            return False
        if not self.may_watch(user):
            await self.close(NOT_YOURS)
            return False
        return True

    async def _recheck(self) -> None:
        """Prove the right to watch again: when posts changed, and every few minutes without a
        word."""
        while True:
            await self.authority_may_have_changed()
            if not await self._authorised():
                return

    async def authority_may_have_changed(self) -> None:
        """Wait until it is worth asking again."""
        await asyncio.sleep(recheck_after_s())

    async def tell(self, text: str) -> None:
        """Send a text to the client by the shortest way: each event goes to thousands."""
        await self.base_send({"type": "websocket.send", "text": text})

    async def _expect_resume(self) -> None:
        await asyncio.sleep(RESUME_WITHIN_S)
        if not self.resumed:
            await self.close(NO_RESUME)

    async def _give_up(self, error: Error) -> None:
        """The database is away: close, for a silent socket looks alive. The client resumes."""
        logger.warning("a socket cannot be fed: %s", type(error).__name__)
        await self.close(TRY_AGAIN_LATER)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Error):
            self._spawn(self._give_up(error))
        elif error:
            logger.info("a socket's work ended: %r", error)


class UnknownConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """An address without a feed: refused before anything is said."""

    async def connect(self) -> None:
        """Refuse."""
        await self.close(NOT_YOURS)


class DistrictConsumer(FeedConsumer):
    """Sends a district's events in order, without gaps, from where the client says it is."""

    subscription: Subscription | None = None

    def prepare(self) -> None:
        """The district of the address."""
        self.district: str = self.scope["url_route"]["kwargs"]["code"]

    def may_watch(self, user: User) -> bool:
        """True for posts in the district or above it."""
        return user.scope().covers_district(self.district)

    async def authority_may_have_changed(self) -> None:
        """Wait for the hub's word that posts, tokens or users changed, minutes at most."""
        if self.subscription is None:
            return
        changed = self.subscription.authority_changed
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), recheck_after_s())
        changed.clear()

    def stop(self) -> None:
        """Leave the hub."""
        if self.subscription:
            hub.leave(self.subscription)
        super().stop()

    async def resume(self, after: int | None) -> None:
        """Welcome, missed events in order, then live ones and a heartbeat."""
        tell = self.scope.get("extensions", {}).get(TELL, {}).get("tell")
        subscription = Subscription(asyncio.get_running_loop(), self.district, tell)
        head = await hub.read(head_of, self.district)
        hub.join(subscription, head)
        self.subscription = subscription
        await self.tell(json.dumps({"type": "welcome", "head": head}))
        subscription.sent = head if after is None else min(after, head)
        await self._catch_up(subscription, head)
        self._spawn(self._feed(subscription))
        self._spawn(self._give_up_on_the_slow(subscription))
        known = max(subscription.sent, hub.heads.get(self.district, 0))
        subscription.say(head_message(self.district, known))

    async def _catch_up(self, subscription: Subscription, head: int) -> None:
        """Send what happened after `sent`; a reload where that is too much to send."""
        if head - subscription.sent > MOST_BEHIND:
            await self.tell('{"type":"reload"}')
            subscription.sent = head
        while missed := await self._missed(subscription.sent):
            for seq, text in missed:
                await self.tell(text)
                subscription.sent = seq

    async def _missed(self, sent: int) -> list[tuple[int, str]]:
        if kept := hub.after(self.district, sent):
            return kept
        events = await hub.read(queries.events_after, self.district, sent, MOST_BEHIND)
        return [(event["seq"], json.dumps(event, separators=(",", ":"))) for event in events]

    async def _feed(self, subscription: Subscription) -> None:
        while True:
            message = await subscription.next()
            if message is BEHIND:
                subscription.will_read = False
                await self._catch_up(subscription, await hub.read(head_of, self.district))
                continue
            seq, text = message
            if seq == ASIDE:
                await self.tell(text)
                continue
            if seq <= subscription.sent:
                continue
            if seq > subscription.sent + 1:
                await self._catch_up(subscription, seq)
            else:
                subscription.sent = seq
                await self.tell(text)

    async def _give_up_on_the_slow(self, subscription: Subscription) -> None:
        """Close a socket that takes less than what happens, for half a minute on end."""
        await subscription.stays_behind.wait()
        await self.close(TOO_MANY)


def recheck_after_s() -> float:
    """How long a socket is believed without a word: between half of RECHECK_S and all of it."""
    return RECHECK_S * (1000 + secrets.randbelow(1000)) / 2000


def _parsed(text: str | None) -> dict[str, Any] | None:
    if not text or len(text) > MOST_MESSAGE:
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _header(scope: Any, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _origin_allowed(origin: str) -> bool:
    """A page of this site may use its cookie; a program without an Origin must bring a token."""
    host = urlsplit(origin).hostname or ""
    return validate_host(host, settings.ALLOWED_HOSTS)


def _user(token: str, cookie: str) -> User | None:
    """The user with her scope already read: what follows runs in the event loop."""
    if token:
        found = user_by_token(token, now=timezone.now())
        return found[0] if found else None
    user = user_by_cookie(cookie)
    if user:
        user.scope()
    return user
