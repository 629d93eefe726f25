"""The responsible units of the demo city and the duty list (权责清单) that names them."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from accounts.models import Unit, UnitLevel
from config.demo import duties
from dispatch import catalogue
from dispatch.models import Category, DutyItem
from gis.models import Area, Level

CENTRE = "0"
"""The key of a district's root unit (处置中心): its people see and sign the whole district."""


@dataclass(frozen=True, slots=True)
class Office:
    """A unit that every district has: the end of its code, and its name after the district's."""

    key: str
    name: str
    level: UnitLevel = UnitLevel.DISTRICT
    always_on: bool = False


OFFICES = (
    Office("01", "市政所"),
    Office("02", "排水所"),
    Office("03", "环卫所"),
    Office("04", "园林所"),
    Office("05", "路灯所"),
    Office("06", "综合执法大队"),
    Office("07", "公安交管大队", always_on=True),
    Office("08", "生态环境分局"),
    Office("09", "住建分局"),
    Office("10", "市场监管分局"),
    Office("11", "人社分局"),
    Office("12", "民政科"),
    Office("13", "教育科"),
    Office("14", "卫健科"),
    Office("15", "政务服务中心"),
    Office("16", "应急管理局", always_on=True),
    Office("21", "供电服务站", UnitLevel.COMPANY, always_on=True),
    Office("22", "供水服务站", UnitLevel.COMPANY, always_on=True),
    Office("23", "燃气服务站", UnitLevel.COMPANY, always_on=True),
    Office("24", "供热服务站", UnitLevel.COMPANY, always_on=True),
)


def unit_code(district: str, key: str) -> str:
    """The code of a district's unit: Y01-0 is the handling centre of 339901."""
    return f"Y{district[4:6]}-{key}"


def districts() -> list[Area]:
    """The districts of the demo city, in the order of their codes."""
    return list(Area.objects.current().filter(level=Level.DISTRICT).order_by("code"))


def streets(district: str) -> list[Area]:
    """The streets of a district, in the order of their codes."""
    found = Area.objects.current().filter(level=Level.STREET, code__startswith=district)
    return list(found.order_by("code"))


@transaction.atomic
def load_units() -> int:
    """Add each district's units that are missing; how many were added."""
    before = Unit.objects.count()
    for district in districts():
        centre = _unit(Office(CENTRE, "处置中心"), district, parent=None)
        for office in OFFICES:
            _unit(office, district, parent=centre)
        for number, street in enumerate(streets(district.code), start=1):
            _street_office(street, number, parent=centre)
    return Unit.objects.count() - before


def _unit(office: Office, district: Area, *, parent: Unit | None) -> Unit:
    code = unit_code(district.code, office.key)
    return _add(
        Unit(
            code=code,
            name=f"{district.name}{office.name}",
            level=office.level,
            parent=parent,
            area_code=district.code,
            always_on=office.always_on,
        )
    )


def _street_office(street: Area, number: int, *, parent: Unit) -> Unit:
    ending = "人民政府" if street.name.endswith("镇") else "办事处"
    return _add(
        Unit(
            code=unit_code(street.code, f"S{number:02d}"),
            name=f"{street.name}{ending}",
            level=UnitLevel.STREET,
            parent=parent,
            area_code=street.code,
        )
    )


def _add(unit: Unit) -> Unit:
    known = Unit.objects.filter(code=unit.code).first()
    if known is not None:
        return known
    unit.path = f"{unit.parent.path if unit.parent else '/'}{unit.code}/"
    unit.save(force_insert=True)
    return unit


@transaction.atomic
def load_duties(*, valid_from: date) -> int:
    """Add the items of the duty list that are missing; how many were added.

    Each major class has a unit in each district, so that every category has one; single
    categories have another unit where domain.md 1.6.1 names it, some the street's own office.
    """
    units = {unit.code: unit for unit in Unit.objects.all()}
    categories = {category.code: category for category in Category.objects.all()}
    there = set(DutyItem.objects.values_list("category__code", "area_code"))
    wanted = [
        DutyItem(
            item_no=f"QZ{area[4:]}-{code}",
            category=categories[code],
            area_code=area,
            unit=units[unit],
            valid_from=valid_from,
        )
        for code, area, unit in _items()
        if (code, area) not in there
    ]
    DutyItem.objects.bulk_create(wanted)
    transaction.on_commit(catalogue.refresh)
    return len(wanted)


def _items() -> list[tuple[str, str, str]]:
    """Category, area and unit code of every item."""
    found = []
    for district in districts():
        found += [
            (code, district.code, unit_code(district.code, key))
            for code, key in duties.BY_CATEGORY.items()
        ]
        for number, street in enumerate(streets(district.code), start=1):
            office = unit_code(street.code, f"S{number:02d}")
            found += [(code, street.code, office) for code in duties.BY_STREET]
    return found
