"""The outbox: record() inside the transaction, relay() numbers, chains, tallies and rings.

One active relay at a time (advisory lock); a second one waits and takes over. What is published is
only the door-bell: readers fetch by `seq` (architecture.md 5).
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import Error, connection, transaction

from accounts.models import User
from accounts.prepared import Statement, insert_prepared
from dispatch.models import Case, Event

CHANNEL = "sanxian_outbox"
BATCH = 500
RELAY_LOCK = 0x53414E58
NUMBERING_LOCK = RELAY_LOCK + 1
GENESIS = "0" * 64
logger = logging.getLogger("sanxian.outbox")


def record(
    case: Case,
    *,
    topic: str,
    by: User | None,
    now: datetime,
    from_state: str = "",
    payload: dict[str, Any] | None = None,
    first: Statement | None = None,
) -> Event:
    """Write the event row of a change; call it in the transaction of the change.

    `payload` takes ids, codes and ISO times only: never a name, phone, address or free text.
    `first` is the change itself where it can go in the same round trip.
    """
    event = Event(
        case_id=case.pk,
        case_no=case.case_no,
        topic=topic,
        actor_id=by.pk if by else None,
        at=now,
        from_state=from_state,
        to_state=case.state,
        line=case.line,
        category=case.category_code,
        priority=case.priority,
        district=case.district_code,
        payload=payload or {},
    )
    insert_prepared(event, first=first)
    ring_relay()
    return event


def ring_relay() -> None:
    """Wake the relay once the transaction is committed.

    A NOTIFY of its own, outside: one inside would make all commits queue behind one lock. It does
    not wait for the disk: whoever misses it polls.
    """
    transaction.on_commit(_notify, robust=True)


def _notify() -> None:
    """The change is committed: where the connection died since, the relay finds it by itself.

    The dead connection is put away, so that the rest of the request gets a fresh one.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL synchronous_commit TO off; NOTIFY {CHANNEL}")
    except Error as error:
        logger.warning("the relay was not woken: %s", type(error).__name__)
        connection.close()


_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(%s);"
_TAKE = """
SELECT id, case_id, case_no, topic, actor_id, at, from_state, to_state, line, category, priority,
       district, payload::text
FROM dispatch_event WHERE seq IS NULL ORDER BY id LIMIT %s
"""
_HEADS = """
SELECT district, seq, digest FROM dispatch_feedhead WHERE district = ANY(%s) FOR UPDATE
"""
_NUMBER = """
UPDATE dispatch_event e SET seq = n.seq, digest = n.digest
FROM (SELECT unnest(%s::bigint[]) AS id, unnest(%s::bigint[]) AS seq,
             unnest(%s::text[]) AS digest) n
WHERE e.id = n.id
"""
_MOVE_HEADS = """
INSERT INTO dispatch_feedhead (district, seq, digest, at)
SELECT unnest(%s::text[]), unnest(%s::bigint[]), unnest(%s::text[]), %s
ON CONFLICT (district) DO UPDATE
SET seq = EXCLUDED.seq, digest = EXCLUDED.digest, at = EXCLUDED.at
"""


def number_batch(*, now: datetime, limit: int = BATCH) -> dict[str, int]:
    """Number what is committed and has no number yet: {district: new head}; empty when none.

    One transaction: numbers, digests, tally and heads move together. Its own lock keeps two
    apart, should the one active relay ever be two.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME + _TAKE, [NUMBERING_LOCK, limit])
        rows = cursor.fetchall()
        if not rows:
            return {}
        heads = _heads(cursor, sorted({row[11] for row in rows}))
        ids, seqs, digests = [], [], []
        for row in rows:
            seq, digest = heads[row[11]]
            digest = digest_of(digest, seq + 1, row)
            heads[row[11]] = (seq + 1, digest)
            ids.append(row[0])
            seqs.append(seq + 1)
            digests.append(digest)
        cursor.execute(_NUMBER, [ids, seqs, digests])
        districts = list(heads)
        cursor.execute(
            _MOVE_HEADS,
            [districts, [heads[d][0] for d in districts], [heads[d][1] for d in districts], now],
        )
        move_tally(cursor, deltas(rows))
    return {district: seq for district, (seq, _) in heads.items()}


def _heads(cursor: Any, districts: list[str]) -> dict[str, tuple[int, str]]:
    cursor.execute(_HEADS, [districts])
    heads = {district: (seq, digest) for district, seq, digest in cursor.fetchall()}
    return {district: heads.get(district, (0, GENESIS)) for district in districts}


def digest_of(previous: str, seq: int, row: Sequence[Any]) -> str:
    """sha256(previous digest of the district, canonical row): hex.

    The canonical row is JSON of [seq, id, case_id, case_no, topic, actor, at, from, to, line,
    category, priority, district, payload], keys sorted, times in UTC with microseconds.
    """
    at = row[5].astimezone(UTC).isoformat(timespec="microseconds")
    payload = json.loads(row[12])
    canonical = json.dumps(
        [seq, *row[:5], at, *row[6:12], payload],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


def deltas(rows: Sequence[Sequence[Any]]) -> Counter[tuple[str, str, str, str]]:
    """How the counters move: one less in the state left, one more in the state entered."""
    moved: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        from_state, to_state, line, category, district = row[6], row[7], row[8], row[9], row[11]
        before = json.loads(row[12]).get("from_category", category)
        if from_state == to_state and before == category:
            continue
        if from_state:
            moved[(district, line, before, from_state)] -= 1
        moved[(district, line, category, to_state)] += 1
    return moved


_TALLY = """
INSERT INTO dispatch_tally (district, line, category, state, count)
SELECT unnest(%s::text[]), unnest(%s::text[]), unnest(%s::text[]), unnest(%s::text[]), 0
ON CONFLICT (district, line, category, state) DO NOTHING
"""
_TALLY_MOVE = """
UPDATE dispatch_tally t SET count = t.count + n.moved
FROM (SELECT unnest(%s::text[]) AS district, unnest(%s::text[]) AS line,
             unnest(%s::text[]) AS category, unnest(%s::text[]) AS state,
             unnest(%s::bigint[]) AS moved) n
WHERE t.district = n.district AND t.line = n.line AND t.category = n.category
  AND t.state = n.state
"""


def move_tally(cursor: Any, moved: Counter[tuple[str, str, str, str]]) -> None:
    """Add the deltas to the tally rows, making those that are missing."""
    keys = sorted(key for key, delta in moved.items() if delta)
    if not keys:
        return
    columns = [list(column) for column in zip(*keys, strict=True)]
    cursor.execute(_TALLY, columns)
    cursor.execute(_TALLY_MOVE, [*columns, [moved[key] for key in keys]])
