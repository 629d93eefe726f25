"""Each way to tamper with the log behind its back is found by verify_log."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dispatch import outbox
from dispatch.models import FeedHead
from tests.app.test_disputes import log
from tests.city import NOW, City


def verify(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("verify_log", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def logged(real_city: City) -> City:
    """Six numbered events of district A and one that waits for its number."""
    for n in range(6):
        log(real_city, title=f"第 {n} 件", position=None, address="某处", category="L0000")
    while outbox.number_batch(now=NOW, limit=4):
        pass
    log(real_city, title="等号", position=None, address="某处", category="L0000")
    return real_city


def behind_its_back(sql: str) -> None:
    """Change the log as one could who owns the database."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dispatch_event DISABLE TRIGGER dispatch_event_append_only")
        try:
            cursor.execute(sql)
        finally:
            cursor.execute("ALTER TABLE dispatch_event ENABLE TRIGGER dispatch_event_append_only")


def test_an_untouched_log_is_as_written(logged: City) -> None:
    district = FeedHead.objects.get().district

    assert verify() == f"{district}: 6 events as written\n"
    assert verify("--district", district) == f"{district}: 6 events as written\n"


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE dispatch_event SET payload = '{}' WHERE seq = 3", "seq 3"),
        ("UPDATE dispatch_event SET at = at + interval '1 second' WHERE seq = 1", "seq 1"),
        ("UPDATE dispatch_event SET to_state = 'CLOSED' WHERE seq = 6", "seq 6"),
        ("UPDATE dispatch_event SET actor_id = NULL WHERE seq = 2", "seq 2"),
        ("UPDATE dispatch_event SET digest = repeat('0', 64) WHERE seq = 5", "seq 5"),
        ("DELETE FROM dispatch_event WHERE seq = 4", "seq 4 is missing"),
        ("DELETE FROM dispatch_event WHERE seq = 6", "head"),
        ("UPDATE dispatch_event SET seq = seq + 10 WHERE seq = 6", "seq 6 is missing"),
        ("UPDATE dispatch_feedhead SET seq = 5", "head"),
        ("UPDATE dispatch_feedhead SET digest = repeat('1', 64)", "head"),
        (
            "INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line,"
            " category, priority, district, payload, seq, digest)"
            " SELECT case_id, case_no, topic, at, from_state, to_state, line, category, priority,"
            " district, payload, 7, repeat('a', 64) FROM dispatch_event WHERE seq = 6",
            "seq 7",
        ),
    ],
)
def test_tampering_is_found_and_the_first_bad_row_named(logged: City, sql: str, fault: str) -> None:
    behind_its_back(sql)

    with pytest.raises(CommandError, match=fault):
        verify()


def test_a_district_without_a_log_is_named(logged: City) -> None:
    with pytest.raises(CommandError, match="no log of district 339999"):
        verify("--district", "339999")


def test_a_log_whose_head_was_taken_away_is_found(logged: City) -> None:
    FeedHead.objects.all().delete()

    with pytest.raises(CommandError, match="head"):
        verify()
