"""Both sides of a return are counted: invalid returns of units, wrong dispatches of people."""

from typing import Any

from django.test import Client

from dispatch.casefile import case_for
from tests.app.test_disputes import RETURN, dispatched, move
from tests.app.test_guards import in_dispute
from tests.city import NOW, City

MARCH = "/api/v1/returns/counters?district=339901&from=2026-03-01&to=2026-04-01"


def ask(city: City, who: str, path: str = MARCH) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {city.token(who)}"})


def returned(city: City, decision: str) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    move(city, case, "dispatcher1", decision, 20, reason="核定")


def test_each_side_has_its_figure(city: City) -> None:
    returned(city, "accept_return")
    returned(city, "refuse_return")
    returned(city, "refuse_return")
    case = in_dispute(city)
    move(city, case, "leader1", "designate", 60, unit="A2", reason="属环卫")

    body = ask(city, "supervisor1").json()

    (unit,) = body["units"]
    assert (unit["code"], unit["returns"], unit["valid"], unit["invalid"]) == ("A2", 5, 1, 4)
    (person,) = body["dispatchers"]
    assert (person["username"], person["returns"], person["wrong"]) == ("dispatcher1", 5, 1)


def test_a_ruling_for_another_unit_makes_the_return_valid(city: City) -> None:
    case = in_dispute(city)
    move(city, case, "leader1", "designate", 60, unit="A1", reason="属市政")

    (unit,) = ask(city, "evaluator1").json()["units"]

    assert (unit["valid"], unit["invalid"]) == (1, 1)


def test_persons_are_named_to_those_who_supervise_alone(city: City) -> None:
    returned(city, "accept_return")

    for who in ("dispatcher1", "leader1", "commander1", "cleaner1"):
        assert ask(city, who).json()["dispatchers"] == []
    for who in ("supervisor1", "evaluator1", "auditor1"):
        assert len(ask(city, who).json()["dispatchers"]) == 1


def test_a_unit_sees_its_own_figures_and_a_stranger_none(city: City) -> None:
    returned(city, "refuse_return")

    assert [row["code"] for row in ask(city, "cleaner1").json()["units"]] == ["A2"]
    assert ask(city, "helper1").json()["units"] == []
    assert ask(city, "nobody").status_code == 403


def test_another_period_has_nothing(city: City) -> None:
    returned(city, "refuse_return")
    april = MARCH.replace("from=2026-03", "from=2026-05").replace("to=2026-04", "to=2026-06")

    assert ask(city, "supervisor1", april).json()["units"] == []


def test_the_file_tells_the_judge_of_the_return_how_often_the_unit_returns(city: City) -> None:
    returned(city, "refuse_return")
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)

    dispute = case_for(city["dispatcher1"], case.case_no, now=NOW)["dispute"]

    (row,) = dispute["returns"]
    assert row["month"] == {"returns": 2, "invalid": 1}
    assert (row["outcome"], row["proposed"], row["clause"]) == ("OPEN", "A1", RETURN["clause"])
