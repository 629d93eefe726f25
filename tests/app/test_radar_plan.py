"""The radar reads the newest cases of a crowded place, not all of them: the plan says so."""

import json
from typing import Any

from django.db import connection

from dispatch.duplicates import radar, radar_many
from dispatch.duplicates.radar import CANDIDATES, Probe
from tests.app.test_disputes import log
from tests.city import NOW, City

CROWD = 3_000
INDEX = "dispatch_case_radar_newest"
_COPIES = """
INSERT INTO dispatch_case ({columns}) SELECT {values}
FROM dispatch_case, generate_series(1, %s) n WHERE case_no = %s
"""


def crowd(case_no: str) -> None:
    """Many open cases at the place of one, each a second older than the one before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'dispatch_case' AND column_name <> 'id'"
        )
        columns = [name for (name,) in cursor.fetchall()]
        changed = {
            "case_no": "'C' || lpad(n::text, 12, '0')",
            "created_at": "created_at - n * interval '1 second'",
        }
        values = ", ".join(changed.get(name, name) for name in columns)
        cursor.execute(_COPIES.format(columns=", ".join(columns), values=values), [CROWD, case_no])
        cursor.execute("ANALYZE dispatch_case")


def steps_of(probe: Probe) -> list[dict[str, Any]]:
    """What the look-up did at each step of its plan."""
    statement, params = radar.search_of(probe)
    steps: list[dict[str, Any]] = []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", params)
        answer = cursor.fetchone()[0]
    queue = [(json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]]
    while queue:
        steps.append(step := queue.pop())
        queue += step.get("Plans", [])
    return steps


def reads_the_newest(steps: list[dict[str, Any]]) -> None:
    scans = [step for step in steps if step.get("Index Name") == INDEX]
    assert scans, [step.get("Index Name") or step["Node Type"] for step in steps]
    assert all(step["Actual Rows"] <= CANDIDATES for step in scans)
    assert not any(step["Node Type"] == "Sort" for step in steps)


def test_the_look_up_at_a_crowded_place_stops_after_the_newest(city: City) -> None:
    case = log(city)
    crowd(case.case_no)
    found = Probe(119.6001, 29.9001, 8.0, case.category_code, case.family, NOW, "垃圾散落")

    reads_the_newest(steps_of(found))
    hits = radar.look(found, limit=CANDIDATES)

    assert len(hits) == CANDIDATES
    newest = {case.case_no, *(f"C{n:012d}" for n in range(1, CANDIDATES))}
    assert {hit.case_no for hit in hits} == newest


def test_the_look_up_of_a_batch_stops_there_too(city: City) -> None:
    case = log(city)
    crowd(case.case_no)
    found = Probe(119.6001, 29.9001, 8.0, case.category_code, case.family, NOW, "垃圾散落")

    (candidates,) = radar_many.look_many([found])

    assert [one.case_no for one in candidates[:2]] == [case.case_no, "C000000000001"]
    assert len(candidates) == CANDIDATES
