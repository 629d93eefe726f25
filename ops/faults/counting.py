"""Counts, when all is quiet, what was lost, doubled, out of order, half written or left stale."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2

from dispatch import outbox
from ops.faults.diary import Diary, Key
from ops.faults.screens import Screen

LOST, DOUBLED, DISORDER = "lost", "doubled", "out of order"
TORN, STALE = "half written", "stale"
KINDS = (LOST, DOUBLED, DISORDER, TORN, STALE)
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Records:
    """What the database holds, read in one snapshot."""

    intakes: Rows
    cases: Rows
    log: Rows
    heads: Rows
    tally: Rows
    timers: Rows
    cursors: Rows
    lines: Rows


SELECTS = {
    "intakes": """SELECT i.source_system, i.source_id, i.intake_no, c.case_no
        FROM dispatch_intake i JOIN dispatch_case c ON c.id = i.case_id""",
    "cases": "SELECT id, case_no, state, district_code, line, category_code FROM dispatch_case",
    "log": """SELECT seq, digest, id, case_id, case_no, topic, actor_id, at, from_state, to_state,
        line, category, priority, district, payload::text
        FROM dispatch_event ORDER BY district, seq NULLS LAST, id""",
    "heads": "SELECT district, seq, digest FROM dispatch_feedhead",
    "tally": "SELECT district, line, category, state, count FROM dispatch_tally WHERE count <> 0",
    "timers": """SELECT id, overdue_at IS NOT NULL, state = 'RUNNING' AND due_at <= now()
        FROM dispatch_timer""",
    "cursors": "SELECT subscriber, district, seq FROM dispatch_cursor",
    "lines": """SELECT 'ticket', t.intake_no, t.case_state, c.state, c.case_no
        FROM hotline_ticket t LEFT JOIN dispatch_case c ON c.case_no = t.case_no
        UNION ALL SELECT 'finding', f.intake_no, f.case_state, c.state, c.case_no
        FROM grid_finding f LEFT JOIN dispatch_case c ON c.case_no = f.case_no""",
}


def read(connection: "psycopg2.extensions.connection") -> Records:
    """Read all that is counted, in one snapshot."""
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    found = {}
    with connection, connection.cursor() as cursor:
        for name, select in SELECTS.items():
            cursor.execute(select)
            found[name] = cursor.fetchall()
    return Records(**found)


def count(
    records: Records, diary: Diary, screens: Iterable[Screen], subscribers: Sequence[str]
) -> list[Finding]:
    """Everything that is wrong; empty when all promises were kept."""
    checks: list[Callable[[], Iterable[Finding]]] = [
        lambda: intakes(records, diary),
        lambda: moves(records, diary),
        lambda: log_order(records),
        lambda: case_order(records),
        lambda: digests(records),
        lambda: tally(records),
        lambda: timers(records),
        lambda: followers(records, subscribers),
        lambda: line_records(records),
        lambda: (finding for screen in screens for finding in screen_saw(screen, records)),
    ]
    return [finding for check in checks for finding in check()]


def intakes(records: Records, diary: Diary) -> Iterable[Finding]:
    """Each acknowledged voice is there once, as its receipt says; each case has a voice."""
    held: dict[Key, list[tuple[str, str]]] = defaultdict(list)
    for system, key, intake_no, case_no in records.intakes:
        held[(system, key)].append((intake_no, case_no))
    for known, receipt in diary.receipts.items():
        if (receipt.intake_no, receipt.case_no) not in held.get(known, []):
            yield Finding(LOST, f"{known}: {receipt} was acknowledged, there is {held.get(known)}")
    yield from (Finding(DOUBLED, f"{key} has {held[key]}") for key in held if len(held[key]) > 1)
    yield from (Finding(DOUBLED, f"nobody sent {key}") for key in held if key not in diary.tried)
    yield from (Finding(DOUBLED, words) for words in diary.contradictions)
    with_voice = {case_no for *_, case_no in records.intakes}
    for case_no in {row[1] for row in records.cases} - with_voice:
        yield Finding(TORN, f"{case_no} has no voice")


def moves(records: Records, diary: Diary) -> Iterable[Finding]:
    """Each acknowledged move is in the log once; this load makes no move of a case twice."""
    made = Counter((row[4], row[5]) for row in records.log)
    for move in diary.moves:
        if not made[(move.case_no, move.topic)]:
            yield Finding(LOST, f"{move} was acknowledged and is not in the log")
    for (case_no, topic), times in made.items():
        if times > 1 and topic.startswith("case."):
            yield Finding(DOUBLED, f"{topic} of {case_no} is in the log {times} times")


def log_order(records: Records) -> Iterable[Finding]:
    """Numbers of a district run from 1 to its head without a gap."""
    heads = {district: seq for district, seq, _ in records.heads}
    for district, rows in _by_district(records).items():
        numbers = [row[0] for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            wrong = next(i for i, number in enumerate(numbers) if number != i + 1)
            yield Finding(DISORDER, f"{district}: {numbers[wrong]} where {wrong + 1} should be")
        if heads.get(district) != len(rows):
            yield Finding(DISORDER, f"{district}: head {heads.get(district)} of {len(rows)} events")


def case_order(records: Records) -> Iterable[Finding]:
    """Each event of a case starts from the state that the one before it ended in."""
    state: dict[str, str] = {}
    last_id: dict[str, int] = {}
    for row in records.log:
        pk, case_no, topic, before, after = row[2], row[4], row[5], row[8], row[9]
        if before != state.get(case_no, "") or pk < last_id.get(case_no, 0):
            yield Finding(DISORDER, f"{case_no}: {topic} from {before} after {state.get(case_no)}")
        state[case_no], last_id[case_no] = after, pk
    for _, case_no, now_in, *_ in records.cases:
        if state.get(case_no) != now_in:
            yield Finding(TORN, f"{case_no} is {now_in}, its log ends in {state.get(case_no)}")


def digests(records: Records) -> Iterable[Finding]:
    """The chain of digests can be recomputed."""
    heads = {district: digest for district, _, digest in records.heads}
    for district, rows in _by_district(records).items():
        digest = outbox.GENESIS
        for row in rows:
            digest = outbox.digest_of(digest, row[0], row[2:])
            if digest != row[1]:
                yield Finding(DISORDER, f"{district}/{row[0]}: the digest is wrong")
                break
        else:
            if heads.get(district) != digest:
                yield Finding(DISORDER, f"{district}: the head's digest is wrong")


def tally(records: Records) -> Iterable[Finding]:
    """The counters equal a recount."""
    counted = Counter((row[3], row[4], row[5], row[2]) for row in records.cases)
    kept = Counter({row[:4]: row[4] for row in records.tally})
    for key in counted.keys() | kept.keys():
        if counted[key] != kept[key]:
            yield Finding(STALE, f"tally {key}: {kept[key]}, counted {counted[key]}")


def timers(records: Records) -> Iterable[Finding]:
    """Each clock that ran out is marked and told once."""
    told = Counter(json.loads(row[14])["timer"] for row in records.log if row[5] == "timer.overdue")
    for pk, is_marked, is_due in records.timers:
        if told[pk] > 1:
            yield Finding(DOUBLED, f"timer {pk} is told {told[pk]} times")
        if is_marked != bool(told[pk]):
            yield Finding(TORN, f"timer {pk}: marked {is_marked}, told {told[pk]} times")
        if is_due and not is_marked:
            yield Finding(STALE, f"timer {pk} is due and was not swept")


def followers(records: Records, subscribers: Sequence[str]) -> Iterable[Finding]:
    """Every subscriber has heard everything."""
    heard = {(subscriber, district): seq for subscriber, district, seq in records.cursors}
    for subscriber in subscribers:
        for district, head, _ in records.heads:
            if heard.get((subscriber, district)) != head:
                at = heard.get((subscriber, district))
                yield Finding(STALE, f"{subscriber} in {district} is at {at} of {head}")


def line_records(records: Records) -> Iterable[Finding]:
    """Each line's own record knows the state of its case; none stands without voice, nor voice
    without it."""
    voices = {row[2] for row in records.intakes}
    for kind, intake_no, noted, state, case_no in records.lines:
        if intake_no not in voices or case_no is None:
            yield Finding(TORN, f"{kind} {intake_no} has no voice or no case")
        elif noted != state:
            yield Finding(STALE, f"{kind} {intake_no} says {noted}, {case_no} is {state}")
    for intake_no in voices - {row[1] for row in records.lines}:
        yield Finding(TORN, f"voice {intake_no} has no record of its line")


def screen_saw(screen: Screen, records: Records) -> Iterable[Finding]:
    """A screen was shown the whole log of its district once and in order."""
    for words in screen.faults:
        yield Finding(DISORDER, words)
    if not screen.district:
        return
    there = [(row[0], row[4], row[5]) for row in records.log if row[13] == screen.district]
    shown = [(seen.seq, seen.case_no, seen.topic) for seen in screen.seen]
    if shown != there:
        missed, extra = len(set(there) - set(shown)), len(shown) - len(set(shown) & set(there))
        kind = LOST if missed else DOUBLED if extra else DISORDER
        yield Finding(kind, f"{screen.name} missed {missed} of {len(there)} and has {extra} more")


def _by_district(records: Records) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in records.log:
        found[row[13]].append(row)
    return found


def wall_counts(shown: dict[str, Any], records: Records) -> Iterable[Finding]:
    """The wall shows the counters of the database."""
    kept: Counter[tuple[str, str, str]] = Counter()
    for district, line, _, state, number in records.tally:
        kept[(district, line, state)] += number
    on_wall = {
        (row["district"], row["line"], row["state"]): row["count"]
        for row in shown.get("counters", [])
    }
    if on_wall != dict(kept):
        yield Finding(STALE, f"the wall counts {sum(on_wall.values())} of {kept.total()}")
