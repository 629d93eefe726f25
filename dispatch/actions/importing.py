"""What another system has ended: a case imported from there is closed here, by the system.

domain.md 7.2 T33 is made by SYSTEM when nobody waits for a call-back. Here SYSTEM speaks for the
source: the work was done there, so one event says REGISTERED -> CLOSED at the source's own time,
and no step is invented that nobody made here. The clocks are cancelled, not met or missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts.models import User
from dispatch import outbox
from dispatch.lifecycle import MOVES, CloseType, State
from dispatch.models.cases import NEVER
from dispatch.models.timers import TimerState

TOPIC = next(move.topic for move in MOVES if move.number == "T33")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The source closed the matter of a voice: its natural key, when, and whether late."""

    source: tuple[str, str]
    at: datetime
    late: bool = False


_CLOSE = """
WITH told AS (
  SELECT * FROM unnest(%(systems)s::text[], %(keys)s::text[], %(at)s::timestamptz[],
                       %(late)s::boolean[]) AS t(system, key, at, late)),
ended AS (
  SELECT c.id, told.at, told.system,
         CASE WHEN told.late THEN %(overtime)s ELSE %(normal)s END AS close_type
  FROM told
  JOIN dispatch_intake i ON i.source_system = told.system AND i.source_id = told.key
                        AND i.source_id <> ''
  JOIN dispatch_case c ON c.id = i.case_id
  WHERE c.state = %(registered)s AND c.intakes_count = 1 AND NOT i.wants_reply
    AND NOT c.is_waiting AND NOT EXISTS (
      SELECT FROM dispatch_supervision s WHERE s.case_id = c.id AND s.ended_at IS NULL)
    AND told.at BETWEEN c.created_at AND %(now)s
  ORDER BY c.id FOR UPDATE OF c),
closed AS (
  UPDATE dispatch_case c
  SET state = %(closed)s, is_open = false, state_at = ended.at, closed_at = ended.at,
      close_type = ended.close_type, version = c.version + 1, due_stage = '', due_at = %(never)s
  FROM ended WHERE c.id = ended.id
  RETURNING c.id, c.case_no, c.line, c.category_code, c.priority, c.district_code, c.close_type,
            ended.at, ended.system),
clocks AS (
  UPDATE dispatch_timer t SET state = %(cancelled)s, ended_at = ended.at
  FROM ended WHERE t.case_id = ended.id AND t.state IN (%(running)s, %(paused)s))
INSERT INTO dispatch_event (case_id, case_no, topic, actor_id, at, from_state, to_state, line,
                            category, priority, district, payload, digest)
SELECT id, case_no, %(topic)s, %(actor)s, at, %(registered)s, %(closed)s, line, category_code,
       priority, district_code,
       jsonb_build_object('close_type', close_type, 'source', system), ''
FROM closed ORDER BY at, id
"""


@transaction.atomic
def close_as_at_source(outcomes: Sequence[Outcome], *, by: User | None, now: datetime) -> int:
    """Close the cases that their source has closed, each at the source's time; how many.

    Left as they are: cases that somebody here has begun to work on, waits for the citizen with or
    supervises, cases that other voices have joined, voices that wait for a reply, times before the
    report or after `now`, and what is closed already, so a repetition changes nothing. Locks the
    case rows in the order of their ids.
    """
    if not outcomes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE,
            {
                "systems": [outcome.source[0] for outcome in outcomes],
                "keys": [outcome.source[1] for outcome in outcomes],
                "at": [outcome.at for outcome in outcomes],
                "late": [outcome.late for outcome in outcomes],
                "registered": State.REGISTERED.value,
                "closed": State.CLOSED.value,
                "normal": CloseType.NORMAL.value,
                "overtime": CloseType.OVERTIME.value,
                "cancelled": TimerState.CANCELLED.value,
                "running": TimerState.RUNNING.value,
                "paused": TimerState.PAUSED.value,
                "topic": TOPIC,
                "actor": by.pk if by else None,
                "never": NEVER,
                "now": now,
            },
        )
        count: int = cursor.rowcount
    outbox.ring_relay()
    return count
