"""The radar for many voices at once: one round trip and one order of locks for a whole batch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from dispatch.duplicates.radar import (
    _LOCK,
    _NEWEST,
    _NEWEST_AT_PLACE,
    _OF_CALLER,
    _SELECT,
    _SELECT_KEY,
    CANDIDATES,
    Candidate,
    Probe,
    envelope,
    locks_of,
    since,
)
from dispatch.matching import STRONG

_MANY_PLACES = f"""
SELECT near.n, found.* FROM unnest(
  %s::int[], %s::text[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::timestamptz[]
) AS near(n, family, west, south, east, north, since)
CROSS JOIN LATERAL ({_SELECT}
  WHERE c.is_open AND c.family = near.family
    AND c.location && ST_MakeEnvelope(near.west, near.south, near.east, near.north, 4326)
    AND c.created_at >= near.since {_NEWEST_AT_PLACE}
  LIMIT {CANDIDATES}) AS found"""
_MANY_KEYS = f"""
SELECT k.n, found.* FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
  AS k(n, key, family, district, nowhere)
CROSS JOIN LATERAL ({_SELECT_KEY}
  WHERE c.is_open AND c.match_keys <> '{{}}' AND c.match_keys @> ARRAY[k.key]::varchar[]
    AND (k.family = '' OR c.family = k.family)
    AND (k.district = '' OR c.district_code IN (k.district, k.nowhere))
  {_NEWEST} LIMIT {CANDIDATES}) AS found"""
_MANY_CALLERS = f"""
SELECT p.n, found.* FROM unnest(%s::int[], %s::text[], %s::timestamptz[]) AS p(n, caller, since)
CROSS JOIN LATERAL ({_OF_CALLER}
  AND i.phone_index = p.caller AND i.received_at >= p.since AND c.is_open
  ORDER BY i.received_at DESC, i.id DESC LIMIT {CANDIDATES}) AS found"""
Search = tuple[Any, ...]


@dataclass(slots=True)
class _Searches:
    """Each search once, with how far back it goes: a crowded place costs no more than one."""

    oldest: dict[Search, datetime] = field(default_factory=dict)

    def of(self, probe: Probe) -> list[Search]:
        """The searches of a probe; notes them."""
        rule = probe.rule
        wanted: dict[Search, datetime] = {}
        if box := envelope(probe, rule.radius_m):
            wanted["PLACE", probe.family, *box] = since(probe, rule)
        for key in probe.keys:
            strong = key.startswith(STRONG)
            places = ("", "") if strong or not probe.districts else tuple(probe.districts)
            wanted["KEY", key, "" if strong else probe.family, *places] = datetime.max.replace(
                tzinfo=UTC
            )
        for caller in probe.callers:
            wanted["CALLER", caller] = probe.at - timedelta(days=rule.caller_days)
        for search, at in wanted.items():
            self.oldest[search] = min(self.oldest.get(search, at), at)
        return list(wanted)

    def statement(self) -> tuple[str, list[Any]]:
        """All of them as one statement with its parameters; each row begins with its number."""
        rows: dict[str, list[Search]] = {"PLACE": [], "KEY": [], "CALLER": []}
        for n, (search, at) in enumerate(self.oldest.items()):
            kind, *names = search
            rows[kind].append((n, *names) if kind == "KEY" else (n, *names, at))
        parts = ((_MANY_PLACES, "PLACE"), (_MANY_KEYS, "KEY"), (_MANY_CALLERS, "CALLER"))
        asked = [(sql, rows[kind]) for sql, kind in parts if rows[kind]]
        params = [list(column) for _, found in asked for column in zip(*found, strict=True)]
        return " UNION ALL ".join(sql for sql, _ in asked), params


def look_many(probes: Sequence[Probe]) -> list[list[Candidate]]:
    """The newest candidates of each probe, in one round trip; `radar.best` judges them.

    Locks all that the probes look for until the end of the transaction, in the one order that
    everybody keeps.
    """
    searches = _Searches()
    wanted = [searches.of(probe) for probe in probes]
    if not searches.oldest:
        return [[] for _ in probes]
    statement, params = searches.statement()
    locks: Iterable[int] = set().union(*(locks_of(probe) for probe in probes))
    numbers = {search: n for n, search in enumerate(searches.oldest)}
    found: list[list[Candidate]] = [[] for _ in numbers]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + statement, [sorted(locks), *params])
        for n, *row in cursor.fetchall():
            found[n].append(Candidate(*row))
    return [[one for search in own for one in found[numbers[search]]] for own in wanted]
