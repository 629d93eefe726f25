"""The people of the demo city: the accounts of contract.md 2, and colleagues of theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts.actions import give_post
from accounts.models import Role, Unit, User
from config.demo import names
from config.demo.units import CENTRE, OFFICES, TEAMS, districts, streets, unit_code

FIRST, SECOND = "339901", "339902"
"""Districts A and B of contract.md 2."""
INSPECTORS_OF_THE_FIRST = 25
INSPECTORS_ELSEWHERE = 8
"""Who have a street; one or two more in each district have all of it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account: user name, display name, role, the area of the post, the unit's code."""

    username: str
    name: str
    role: Role
    area: str
    unit: str = ""


def city_people(city: str) -> list[Person]:
    """The accounts that contract.md 2 promises."""
    first, second = unit_code(FIRST, CENTRE), unit_code(SECOND, CENTRE)
    return [
        Person("operator1", "周静怡", Role.OPERATOR, city),
        Person("inspector1", "陈立新", Role.INSPECTOR, FIRST),
        Person("inspector2", "沈国梁", Role.INSPECTOR, SECOND),
        Person("receiver1", "方晓岚", Role.RECEIVER, city),
        Person("leader1", "顾明远", Role.DUTY_LEADER, city),
        Person("dispatcher1", "韩思齐", Role.DISPATCHER, city),
        Person("handler1", "许国栋", Role.HANDLER, FIRST, first),
        Person("approver1", "钱文彬", Role.UNIT_APPROVER, FIRST, first),
        Person("handler2", "吕春华", Role.HANDLER, SECOND, second),
        Person("approver2", "蒋海平", Role.UNIT_APPROVER, SECOND, second),
        Person("callback1", "梁雨晴", Role.CALLBACK, city),
        Person("commander1", "郑启明", Role.COMMANDER, city),
        Person("supervisor1", "孟向阳", Role.SUPERVISOR, city),
        Person("evaluator1", "潘慧敏", Role.EVALUATOR, city),
        Person("steward1", "魏子衡", Role.DATA_STEWARD, city),
        Person("auditor1", "丁若兰", Role.AUDITOR, city),
        Person("sysadmin1", "任志航", Role.SYSADMIN, city),
    ]


CENTRE_STAFF = (
    ("operator", Role.OPERATOR, 9),
    ("receiver", Role.RECEIVER, 4),
    ("leader", Role.DUTY_LEADER, 3),
    ("dispatcher", Role.DISPATCHER, 4),
    ("callback", Role.CALLBACK, 4),
)
"""How many of a role sit in the city's centre, the first of contract.md 2 among them."""


def colleagues(city: str) -> Iterator[Person]:
    """Everybody else: the centre's staff, inspectors by street, two people in every unit."""
    free = names.people()
    for word, role, count in CENTRE_STAFF:
        for number in range(2, count + 1):
            yield Person(f"{word}{number}", next(free), role, city)
    yield from _inspectors(free)
    for district in districts():
        for key in _keys(district.code):
            code = unit_code(district.code, key)
            word = code.replace("-", "").lower()
            area = district.code
            yield Person(f"handler-{word}", next(free), Role.HANDLER, area, code)
            yield Person(f"approver-{word}", next(free), Role.UNIT_APPROVER, area, code)


def _inspectors(free: Iterator[str]) -> Iterator[Person]:
    number = 3
    for district in districts():
        yield Person(f"inspector{number}", next(free), Role.INSPECTOR, district.code)
        number += 1
    for district in districts():
        wanted = INSPECTORS_OF_THE_FIRST if district.code == FIRST else INSPECTORS_ELSEWHERE
        for _, street in zip(range(wanted), cycle(streets(district.code)), strict=False):
            yield Person(f"inspector{number}", next(free), Role.INSPECTOR, street.code)
            number += 1


def _keys(district: str) -> list[str]:
    street_keys = [f"S{number:02d}" for number, _ in enumerate(streets(district), start=1)]
    return [CENTRE, *(o.key for o in OFFICES), *(team.key for _, team in TEAMS), *street_keys]


@transaction.atomic
def load_people(*, city: str, password: str, now: datetime) -> int:
    """Add the accounts that are missing, all with one password; how many were added.

    The password is hashed once: a demo of two hundred accounts would wait for it otherwise.
    """
    there = set(User.objects.values_list("username", flat=True))
    units = {unit.code: unit for unit in Unit.objects.all()}
    hashed = make_password(password)
    missing = [p for p in (*city_people(city), *colleagues(city)) if p.username not in there]
    for person in missing:
        user = User.objects.create(username=person.username, name=person.name, password=hashed)
        give_post(
            user=user,
            role=person.role,
            area_code=person.area,
            unit=units.get(person.unit),
            now=now,
        )
    return len(missing)


@transaction.atomic
def set_password(*, password: str) -> bool:
    """Give the accounts that share the demo's password this one; whether it changed."""
    first = User.objects.get(username="operator1")
    if check_password(password, first.password):
        return False
    User.objects.filter(password=first.password).update(password=make_password(password))
    return True
