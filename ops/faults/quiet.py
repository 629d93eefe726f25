"""Waits until a round has come to rest: everything numbered, heard, swept and shown."""

import http.client
from collections.abc import Iterable, Sequence

import psycopg2

from ops.faults.screens import Screen, Wall
from ops.faults.stage import Stage

HEADS = "SELECT district, seq FROM dispatch_feedhead ORDER BY district"
LEFT = """SELECT
  (SELECT count(*) FROM dispatch_event WHERE seq IS NULL),
  (SELECT count(*) FROM dispatch_timer
   WHERE state = 'RUNNING' AND overdue_at IS NULL AND due_at <= now()),
  (SELECT count(*) FROM dispatch_feedhead h CROSS JOIN unnest(%s::text[]) AS s(name)
   LEFT JOIN dispatch_cursor c ON c.subscriber = s.name AND c.district = h.district
   WHERE c.seq IS DISTINCT FROM h.seq),
  (SELECT count(*) FROM pg_stat_activity
   WHERE application_name = 'sanxian' AND (state LIKE 'idle in%%' OR state = 'active')),
  (SELECT coalesce(max(id), 0) FROM dispatch_event)"""
WHAT = ("events without a number", "clocks due", "cursors behind", "transactions open")


class Quiet:
    """Looks again and again; `left` says what is still moving."""

    def __init__(
        self, stage: Stage, screens: Sequence[Screen], wall: Wall, subscribers: Sequence[str]
    ) -> None:
        self.stage, self.screens, self.wall = stage, screens, wall
        self.subscribers = list(subscribers)
        self.left: list[str] = []
        self._newest = -1

    def has_come(self) -> bool:
        """True when two looks in a row found nothing left to do and nothing new."""
        try:
            self.left = list(self._look())
        except psycopg2.Error as error:
            self.left = [f"PostgreSQL: {type(error).__name__}"]
        return not self.left

    def _look(self) -> Iterable[str]:
        connection = self.stage.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(HEADS)
                heads = dict(cursor.fetchall())
                cursor.execute(LEFT, [self.subscribers])
                *numbers, newest = cursor.fetchone() or ()
        finally:
            connection.close()
        yield from (f"{n} {what}" for n, what in zip(numbers, WHAT, strict=True) if n)
        if newest != self._newest:
            self._newest = newest
            yield "the log grows"
        for name, port in self.stage.ports.items():
            if not _is_ready(port):
                yield f"{name} is not ready"
        for screen in self.screens:
            if not screen.flaps and not screen.is_connected:
                yield f"{screen.name} is not connected"
            if screen.last != heads.get(screen.district, 0):
                yield f"{screen.name} shows {screen.last} of {heads.get(screen.district, 0)}"
        if self.wall.tally.get("as_of") != heads:
            yield f"the wall counts {self.wall.tally.get('as_of')} of {heads}"


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": "127.0.0.1"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
