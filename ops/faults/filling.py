"""Fills the empty database with the small city of the tests."""

from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection, transaction

from tests.city import build_city

PEOPLE = (
    *("operator1", "receiver1", "leader1", "dispatcher1", "callback1", "commander1"),
    *("inspector1", "inspector2", "handler1", "handler2", "approver1", "approver2"),
)


@dataclass(frozen=True, slots=True)
class People:
    """Those who hand in and move: bearer tokens by name, and the operator's id."""

    tokens: dict[str, str]
    operator_id: int


def fill() -> People:
    """Migrate, build two districts with units and people, and sign them in."""
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        city = build_city()
        tokens = {name: city.token(name) for name in PEOPLE}
    connection.close()
    return People(tokens, city["operator1"].pk)
