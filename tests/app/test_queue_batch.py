"""One move for many cases: each on its own, each with its answer, whoever else presses too."""

from collections import Counter
from typing import Any

import pytest

from dispatch.models import Case, Event
from dispatch.queue.batch import FOR_MANY, MOST_CASES, Picked, move_many, moves_for_many
from tests.app.test_disputes import dispatched, log, move, processing
from tests.app.threads import at_once
from tests.city import NOW, City
from tests.client import Api


def picked(*cases: Case) -> list[Picked]:
    return [Picked(c.case_no, Case.objects.get(pk=c.pk).version) for c in cases]


def test_each_row_has_its_own_answer(city: City) -> None:
    good, signed, stale, foreign = (dispatched(city) for _ in range(4))
    ticked = picked(good, signed, stale, foreign)
    ticked[1] = Picked(signed.case_no, ticked[1].version + 1)
    move(city, signed, "handler1", "sign", 1)
    move(city, stale, "handler1", "sign", 1)
    ticked.append(Picked("33990120260302H999999", 1))

    rows = move_many(picked=ticked, move="sign", data={}, by=city["cleaner1"], now=NOW)

    assert [row.result for row in rows] == ["DONE", "REFUSED", "CHANGED", "DONE", "REFUSED"]
    assert rows[0].state == "PROCESSING"
    assert rows[2].who == "handler1"
    assert rows[4].code == "NOT_FOUND"
    assert Case.objects.get(pk=good.pk).state == "PROCESSING"


def test_a_refused_row_undoes_nothing_of_the_others(city: City) -> None:
    first, last = log(city), log(city)
    middle = dispatched(city)

    rows = move_many(
        picked=picked(first, middle, last), move="accept", data={}, by=city["receiver1"], now=NOW
    )

    assert [row.result for row in rows] == ["DONE", "REFUSED", "DONE"]
    assert Event.objects.filter(topic="case.accepted").count() == 3


def test_two_people_with_the_same_ticks_share_the_cases_and_none_is_done_twice(
    real_city: City,
) -> None:
    cases = [dispatched(real_city) for _ in range(12)]
    ticked = picked(*cases)
    people = [real_city[name] for name in ("handler1", "cleaner1", "approver1")]
    for person in people:
        person.scope()

    def press(turn: int) -> Counter[str]:
        order = ticked if turn % 2 else list(reversed(ticked))
        rows = move_many(picked=order, move="sign", data={}, by=people[turn], now=NOW)
        return Counter(row.result for row in rows)

    results = at_once(press, 3)

    assert sum(result["DONE"] for result in results) == len(cases)
    assert sum(result["CHANGED"] for result in results) == 2 * len(cases)
    assert Event.objects.filter(topic="case.signed").count() == len(cases)


@pytest.mark.parametrize(
    ("move_name", "count", "code"),
    [
        ("sign", 0, "TOO_MANY_CASES"),
        ("sign", MOST_CASES + 1, "TOO_MANY_CASES"),
        ("callback_done", 1, "NOT_FOR_MANY"),
        ("void", 1, "NOT_FOR_MANY"),
        ("nonsense", 1, "NOT_FOR_MANY"),
    ],
)
def test_a_batch_has_a_bound_and_closes_nothing(
    city: City, move_name: str, count: int, code: str
) -> None:
    cases = [{"case_no": f"N{n}", "version": 1} for n in range(count)]

    status, body = Api(city, "leader1").post("cases/batch", {"move": move_name, "cases": cases})

    assert (status, body["error"]["code"]) == (422, code)


def test_a_batch_by_json_with_fields(city: City) -> None:
    cases = [log(city) for _ in range(3)]
    for case in cases:
        move(city, case, "receiver1", "accept")
        move(city, case, "leader1", "file")
    rows = [{"case_no": p.case_no, "version": p.version} for p in picked(*cases)]

    status, body = Api(city, "dispatcher1").post(
        "cases/batch", {"move": "dispatch", "unit": "A1", "cases": rows}
    )

    assert status == 200
    assert {row["result"] for row in body["items"]} == {"DONE"}
    units = {case.lead_unit.code for case in Case.objects.select_related("lead_unit")
             if case.lead_unit}  # fmt: skip
    assert units == {"A1"}


def test_a_field_that_is_wrong_is_told_on_each_row(city: City) -> None:
    case = log(city)
    move(city, case, "receiver1", "accept")
    move(city, case, "leader1", "file")

    rows = move_many(
        picked=picked(case), move="dispatch", data={"unit": "XX"}, by=city["dispatcher1"], now=NOW
    )

    assert rows[0].result == "REFUSED"
    assert rows[0].code == "UNKNOWN_UNIT"


def names(city: City, who: str, *cases: Case) -> set[str]:
    found: list[dict[str, Any]] = moves_for_many(city[who], [case.case_no for case in cases])
    return {one["move"] for one in found}


def test_only_what_fits_every_case_is_offered(city: City) -> None:
    first, second, working = dispatched(city), dispatched(city), processing(city)

    assert "sign" in names(city, "cleaner1", first, second)
    assert "sign" not in names(city, "cleaner1", first, working)
    assert names(city, "handler2", first) == set()
    assert names(city, "evaluator1", first) == set()
    assert "sign" not in names(city, "dispatcher1", first, second)


def test_what_is_offered_names_units_and_words(city: City) -> None:
    case = log(city)
    move(city, case, "receiver1", "accept")
    move(city, case, "leader1", "file")

    (offer,) = (
        one
        for one in moves_for_many(city["dispatcher1"], [case.case_no])
        if one["move"] == "dispatch"
    )

    unit = next(field for field in offer["fields"] if field["name"] == "unit")
    assert {"value": "A2", "word": "云中区环卫所"} in unit["choices"]
    assert offer["word"] == "派遣"


def test_what_ends_or_judges_a_case_is_never_for_many() -> None:
    assert not FOR_MANY & {
        *("callback_done", "reject", "void", "check_pass", "submit_result", "merge", "bounce"),
        *("decide_out", "answer_directly", "verified_false", "no_check_needed"),
    }
