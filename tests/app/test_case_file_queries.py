"""How many queries a case file takes, so that it grows by a decision only."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from dispatch.casefile import case_for
from dispatch.facts import facts_of
from dispatch.models import Case
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.test_tasks import GIVE, led_by_the_centre
from tests.city import NOW, City

AT = NOW + timedelta(minutes=30)
FILE = 4
"""The case, the facts for its moves, all its parts, units that only its log names."""
DISPUTE, THREADS = 4, 2


def fresh(city: City, who: str, case: Case) -> Case:
    """Her posts are read beforehand, as the session has read them, and statements are prepared."""
    case_for(city[who], case.case_no, now=AT)
    return Case.objects.get(pk=case.pk)


def test_the_facts_of_a_case_are_one_query(
    city: City, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for case in (log(city), processing(city), dispatched(city)):
        again = Case.objects.get(pk=case.pk)
        facts_of(again, by=None, now=NOW)
        with django_assert_num_queries(1):
            facts_of(again, by=None, now=NOW)


@pytest.mark.parametrize("tasks", [0, 1, 2])
def test_a_file_does_not_ask_more_for_more_tasks(
    city: City, django_assert_max_num_queries: DjangoAssertNumQueries, tasks: int
) -> None:
    case = led_by_the_centre(city)
    for unit in ("A1", "A2")[:tasks]:
        move(city, case, "handler1", "sub_dispatch", 10, **{**GIVE, "unit": unit})
    fresh(city, "handler1", case)

    with django_assert_max_num_queries(FILE):
        case_for(city["handler1"], case.case_no, now=AT)


def test_a_dispute_and_a_supervision_are_asked_for_only_where_there_is_one(
    city: City, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    move(city, case, "supervisor1", "supervise", 12, text="请速办")
    fresh(city, "dispatcher1", case)

    with django_assert_max_num_queries(FILE + DISPUTE + THREADS):
        case_for(city["dispatcher1"], case.case_no, now=AT)
