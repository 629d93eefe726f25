"""Every named database constraint is asked: the database itself refuses, whatever the code does."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from tests.app.test_disputes import log
from tests.city import City

OURS = ("accounts", "dispatch", "hotline", "grid", "affairs")


def constraints() -> dict[str, type[Model]]:
    """Each named constraint of our models."""
    return {
        constraint.name: model
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }


def kept_by_database() -> set[str]:
    """The names that the database knows: constraints and unique indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint UNION SELECT indexname FROM pg_indexes")
        return {name for (name,) in cursor.fetchall()}


def test_the_database_keeps_every_constraint_of_the_models(city: City) -> None:
    assert set(constraints()) <= kept_by_database()


@pytest.mark.parametrize("name", sorted(constraints()))
def test_a_constraint_is_named_after_its_app_and_model(name: str) -> None:
    model = constraints()[name]

    assert name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"), name


REFUSED: tuple[tuple[str, str], ...] = (
    ("accounts_post_role_is_known", "UPDATE accounts_post SET role = 'KING'"),
    ("accounts_post_of_a_handler_has_a_unit",
     "UPDATE accounts_post SET unit_id = NULL WHERE role = 'HANDLER'"),
    ("accounts_post_power_fits_role",
     "UPDATE accounts_post SET power = 'AUDIT' WHERE role = 'OPERATOR'"),
    ("accounts_unit_level_is_known", "UPDATE accounts_unit SET level = 'X'"),
    ("dispatch_case_state_is_known", "UPDATE dispatch_case SET state = 'LOST'"),
    ("dispatch_case_is_open_says_what_the_state_says", "UPDATE dispatch_case SET is_open = false"),
    ("dispatch_case_line_is_known", "UPDATE dispatch_case SET line = 'SEA'"),
    ("dispatch_case_priority_is_p0_to_p3", "UPDATE dispatch_case SET priority = 4"),
    ("dispatch_case_close_type_is_known", "UPDATE dispatch_case SET close_type = 'X'"),
    ("dispatch_case_merged_names_its_primary",
     "UPDATE dispatch_case SET state = 'MERGED', is_open = false"),
    ("dispatch_event_number_is_used_once",
     "INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line,"
     " category, priority, district, payload, seq, digest) SELECT case_id, case_no, topic, at,"
     " from_state, to_state, line, category, priority, district, payload, 1, 'x'"
     " FROM dispatch_event, generate_series(1, 2)"),
    ("dispatch_intake_line_is_known", "UPDATE dispatch_intake SET line = 'SEA'"),
    ("dispatch_category_kind_is_known", "UPDATE dispatch_category SET kind = 'X'"),
    ("dispatch_category_verify_is_known", "UPDATE dispatch_category SET verify = 'X'"),
    ("dispatch_category_priority_is_p0_to_p3", "UPDATE dispatch_category SET priority = 9"),
    ("dispatch_filingcondition_unit_is_known",
     "UPDATE dispatch_filingcondition SET limit_unit = 'X'"),
    ("dispatch_filingcondition_counting_is_known",
     "UPDATE dispatch_filingcondition SET limit_counting = 'X'"),
    ("dispatch_stagelimit_unit_is_known", "UPDATE dispatch_stagelimit SET unit = 'X'"),
    ("dispatch_timer_stage_is_known", "UPDATE dispatch_timer SET stage = 'X'"),
    ("dispatch_timer_state_is_known", "UPDATE dispatch_timer SET state = 'X'"),
    ("dispatch_timer_has_an_end_when_it_ended", "UPDATE dispatch_timer SET ended_at = now()"),
)  # fmt: skip


SOONER = {
    "accounts_post_role_is_known": ("accounts_post_power_fits_role",),
    "dispatch_case_state_is_known": ("dispatch_case_is_open_says_what_the_state_says",),
    "dispatch_timer_state_is_known": ("dispatch_timer_has_an_end_when_it_ended",),
}
"""A stricter neighbour, first in the alphabet, refuses the same row before it."""


def ask(sql: str) -> Any:
    """Ask the database in a savepoint."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(("name", "sql"), REFUSED, ids=[name for name, _ in REFUSED])
def test_the_database_refuses(city: City, name: str, sql: str) -> None:
    log(city)

    with pytest.raises(IntegrityError, match="|".join((name, *SOONER.get(name, ())))):
        ask(sql)


TWICE = (
    ("accounts_post_is_given_once", "accounts_post"),
    ("dispatch_case_case_no_key", "dispatch_case"),
    ("dispatch_intake_intake_no_key", "dispatch_intake"),
    ("dispatch_timer_one_open_per_stage", "dispatch_timer"),
    ("dispatch_stagelimit_one_per_stage_and_priority", "dispatch_stagelimit"),
)


@pytest.mark.parametrize(("name", "table"), TWICE, ids=[name for name, _ in TWICE])
def test_the_database_refuses_a_second_row(city: City, name: str, table: str) -> None:
    log(city)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
            " WHERE table_name = %s AND column_name <> 'id'",
            [table],
        )
        columns = cursor.fetchone()[0]

    with pytest.raises(IntegrityError, match=name):
        ask(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT 1")


def test_the_database_keeps_powers_apart(city: City) -> None:
    """The exclusion is the database's, not only give_post's."""
    with pytest.raises(IntegrityError, match="accounts_post_powers_are_kept_apart"):
        ask(
            "INSERT INTO accounts_post (user_id, role, power, area_code, granted_at)"
            " SELECT user_id, 'EVALUATOR', 'EVALUATING', area_code, now() FROM accounts_post"
            " WHERE role = 'DISPATCHER'"
        )
