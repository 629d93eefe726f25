"""The log cannot be altered unnoticed."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from dispatch import outbox
from dispatch.models import Event, FeedHead
from dispatch.verifying import verify
from tests.app.test_disputes import log, move, processing
from tests.city import NOW, A, City


def number_all() -> None:
    while outbox.number_batch(now=NOW, limit=3):
        pass


def written(city: City) -> None:
    processing(city)
    log(city)
    number_all()


def tamper(sql: str) -> None:
    """Change the log as somebody with the database's keys would: with the trigger off."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dispatch_event DISABLE TRIGGER dispatch_event_append_only")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE dispatch_event ENABLE TRIGGER dispatch_event_append_only")


@pytest.mark.django_db(transaction=True)
def test_an_untouched_log_verifies(real_city: City, capsys: pytest.CaptureFixture[str]) -> None:
    written(real_city)

    call_command("verify_log")

    assert f"{A}: 6 events as written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE dispatch_event SET at = at - interval '1 hour' WHERE seq = 3", "seq 3"),
        ("UPDATE dispatch_event SET payload = '{}' WHERE seq = 1", "seq 1"),
        ("UPDATE dispatch_event SET actor_id = 1 WHERE seq = 2", "seq 2"),
        ("DELETE FROM dispatch_event WHERE seq = 4", "seq 4 is missing"),
        ("DELETE FROM dispatch_event WHERE seq = 6", "the head says"),
    ],
)
def test_what_was_altered_is_found(real_city: City, sql: str, fault: str) -> None:
    written(real_city)
    tamper(sql)

    assert fault in verify(A).fault
    with pytest.raises(CommandError, match="ALTERED"):
        call_command("verify_log", district=A)


def test_the_database_refuses_to_change_or_delete_an_event(city: City) -> None:
    written(city)

    for sql in ("UPDATE dispatch_event SET topic = 'x'", "DELETE FROM dispatch_event"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_an_unknown_district_is_named(city: City) -> None:
    written(city)

    with pytest.raises(CommandError, match="there are: 339901"):
        call_command("verify_log", district="999999")


def test_numbers_are_gapless_and_keep_the_order_of_each_case(city: City) -> None:
    first, second = processing(city), log(city)
    move(city, second, "receiver1", "accept", 5)
    number_all()

    seqs = list(Event.objects.filter(district=A).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    assert FeedHead.objects.get(district=A).seq == len(seqs)
    for case in (first, second):
        rows = Event.objects.filter(case_id=case.pk).order_by("seq")
        ids = list(rows.values_list("id", flat=True))
        assert ids == sorted(ids)


def test_times_of_the_log_carry_microseconds_through_the_digest(city: City) -> None:
    case = log(city)
    outbox.record(case, topic="case.urged", by=None, now=NOW + timedelta(microseconds=7))
    number_all()

    assert verify_in_test(A) == ""


def verify_in_test(district: str) -> str:
    """The chain computed here once more, from the rows as Django reads them."""
    previous = outbox.GENESIS
    for event in Event.objects.filter(district=district).order_by("seq"):
        row = outbox_row(event)
        previous = outbox.digest_of(previous, event.seq or 0, row)
        if previous != event.digest:
            return f"seq {event.seq}"
    return ""


def outbox_row(event: Event) -> list[object]:
    """The columns in the order of the digest."""
    names = (
        *("id", "case_id", "case_no", "topic", "actor_id", "at", "from_state", "to_state"),
        *("line", "category", "priority", "district"),
    )
    return [*(getattr(event, name) for name in names), json.dumps(event.payload)]
