"""Ready queries give what the query set gives; a move and its answer cost a known number."""

import pytest
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext

from accounts.ready import ReadyQuery, UnreadyQueryError
from dispatch.models import Assignment, Case, Event, Intake, Timer
from tests.app.test_disputes import dispatched, log, processing
from tests.city import City
from tests.client import Api

MOST_OF_A_SIGN = 10
"""Statements of `sign` over the API: token, move, answer with the whole case file."""


def test_the_objects_are_those_of_the_query_set(city: City) -> None:
    case, other = processing(city), log(city, title="另一件")

    def clocks(pk: int) -> QuerySet[Timer]:
        return Timer.objects.filter(case_id=pk).select_related("intake", "case__lead_unit")

    ready: ReadyQuery[Timer] = ReadyQuery("test_clocks", clocks)
    for pk in (case.pk, other.pk, 0, case.pk):
        expected = list(clocks(pk).order_by("id"))
        found = sorted(ready(pk), key=lambda clock: clock.pk)
        assert found == expected
        for one, same in zip(found, expected, strict=True):
            assert one.__dict__.keys() == same.__dict__.keys()
            assert one.case == same.case
            assert one.case.lead_unit == same.case.lead_unit
            assert one.due_at == same.due_at


def test_places_texts_and_payloads_come_as_their_fields_have_them(city: City) -> None:
    case = dispatched(city)
    ready: ReadyQuery[Case] = ReadyQuery(
        "test_case", lambda pk: Case.objects.filter(pk=pk).select_related("lead_unit")
    )
    voices: ReadyQuery[Intake] = ReadyQuery(
        "test_voices", lambda pk: Intake.objects.filter(case_id=pk)
    )
    events: ReadyQuery[Event] = ReadyQuery(
        "test_events", lambda pk: Event.objects.filter(case_id=pk).order_by("id")
    )

    found = ready.first(case.pk)

    assert found is not None
    assert found.location == case.location
    assert found.support_units == case.support_units
    assert bytes(voices(case.pk)[0].caller_phone or b"") != b""
    assert [event.payload for event in events(case.pk)] == [
        event.payload for event in Event.objects.filter(case_id=case.pk).order_by("id")
    ]
    assert ready.first(0) is None


def test_two_values_stand_in_their_own_places(city: City) -> None:
    case = processing(city)
    lead = Assignment.objects.get(case=case)
    ready: ReadyQuery[Assignment] = ReadyQuery(
        "test_parts",
        lambda pk, unit: Assignment.objects.filter(~Q(unit_id=unit), case_id=pk),
        ids=2,
    )

    assert ready(case.pk, 0) == [lead]
    assert ready(case.pk, lead.unit_id) == []


def test_a_number_stands_in_for_an_id(city: City) -> None:
    case = dispatched(city)
    ready: ReadyQuery[Case] = ReadyQuery(
        "test_number",
        lambda number: Case.objects.filter(case_no=number).select_related("lead_unit"),
    )

    assert ready(case.case_no) == [case]
    assert ready("3399010000") == []


def test_no_prepared_statement_is_planned_anew(city: City) -> None:
    case = dispatched(city)
    ready: ReadyQuery[Case] = ReadyQuery("test_planned_once", lambda pk: Case.objects.filter(pk=pk))
    ready(case.pk)
    ready(case.pk)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = %s",
            ["test_planned_once"],
        )
        assert cursor.fetchone() == (2, 0)


def test_a_value_that_the_statement_does_not_hold_is_refused(city: City) -> None:
    ready: ReadyQuery[Case] = ReadyQuery("test_none", lambda pk: Case.objects.all())

    with pytest.raises(UnreadyQueryError):
        ready(1)


def test_a_sign_with_its_answer_takes_no_more_statements(city: City) -> None:
    first, second = dispatched(city), dispatched(city)
    api = Api(city, "handler1")
    api.post(f"cases/{first.case_no}/moves", {"move": "sign", "version": first.version})

    with CaptureQueriesContext(connection) as sent:
        body = {"move": "sign", "version": second.version}
        status, _ = api.post(f"cases/{second.case_no}/moves", body)

    asked = [q["sql"] for q in sent if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "PREPARE"))]
    assert status == 200
    assert len(asked) <= MOST_OF_A_SIGN, "\n".join(sql[:120] for sql in asked)
