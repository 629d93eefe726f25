"""Builds the city that all lines measure on: areas, base map, units, people; run as a program.

`python -m bench.build FILE` fills the database of DATABASE_URL and writes the people's bearer
tokens and the hall's webhook secret to FILE.
"""

import json
import os
import sys
from datetime import date, datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts import identity  # noqa: E402
from accounts.actions import give_post, make_token  # noqa: E402
from accounts.models import Role, Unit, UnitLevel, User  # noqa: E402
from affairs.models import UpstreamSystem  # noqa: E402
from dispatch.models import Category, DutyItem, DutyList  # noqa: E402
from dispatch.seeding import load_catalogue  # noqa: E402
from gis.demo.load import load_demo_city  # noqa: E402
from gis.models import Area, Level  # noqa: E402
from ops.place import write_private  # noqa: E402

CITY = "3399"
HALL_SECRET = "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2g="  # noqa: S105
CITY_POSTS = {"operator": Role.OPERATOR, "commander": Role.COMMANDER}


def build(now: datetime) -> dict[str, str]:
    """The whole city; the tokens by user name."""
    load_demo_city(now=now, say=print)
    load_catalogue()
    tokens = {name: _person(name, role, CITY, None, now) for name, role in CITY_POSTS.items()}
    districts = Area.objects.current().filter(level=Level.DISTRICT).order_by("code")
    duty_list = DutyList.objects.create(number=1, title="权责清单", created_at=now)
    for code, name in districts.values_list("code", "name"):
        units = _units(code, name, duty_list)
        tokens |= {
            f"handler_{code}": _person(f"handler_{code}", Role.HANDLER, code, units[0], now),
            f"inspector_{code}": _person(f"inspector_{code}", Role.INSPECTOR, code, None, now),
            f"supervisor_{code}": _person(f"supervisor_{code}", Role.SUPERVISOR, code, None, now),
        }
    duty_list.state, duty_list.published_at = "PUBLISHED", now
    duty_list.valid_from = date(2020, 1, 1)
    duty_list.save()
    UpstreamSystem.objects.create(
        code="hall",
        name="政务服务中心",
        secret=identity.seal(HALL_SECRET) or b"",
        area_code=f"{CITY}01",
        satisfaction_map={"1": "VERY_DISSATISFIED", "5": "VERY_SATISFIED"},
    )
    return tokens | {"hall": HALL_SECRET}


def _person(name: str, role: Role, area: str, unit: Unit | None, now: datetime) -> str:
    user = User.objects.create(username=name, name=name, password="!")  # noqa: S106
    give_post(user=user, role=role, area_code=area, unit=unit, now=now)
    return make_token(user=user, now=now)[0]


def _units(district: str, name: str, duty_list: DutyList) -> list[Unit]:
    """A handling centre with two units below it, and the duty list that names them."""
    centre = _unit(f"U{district}0", f"{name}处置中心", None, district)
    units = [
        _unit(f"U{district}{n}", f"{name}{kind}所", centre, district)
        for n, kind in ((1, "市政"), (2, "环卫"))
    ]
    parents = Category.objects.filter(parent__isnull=True, code__regex="^[CE]")
    for n, category in enumerate(parents.order_by("code")):
        DutyItem.objects.create(
            duty_list=duty_list,
            item_no=f"{district}-{category.code}",
            category=category,
            area_code=district,
            unit=units[n % 2],
        )
    return [centre, *units]


def _unit(code: str, name: str, parent: Unit | None, area: str) -> Unit:
    return Unit.objects.create(
        code=code,
        name=name,
        level=UnitLevel.DISTRICT,
        parent=parent,
        path=f"{parent.path if parent else '/'}{code}/",
        area_code=area,
    )


if __name__ == "__main__":
    write_private(Path(sys.argv[1]), json.dumps(build(timezone.now())))
