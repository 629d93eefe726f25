"""The responsible units of the demo city and the duty list (权责清单) that names them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Unit, UnitLevel
from config.demo import duties
from dispatch import catalogue
from dispatch.models import Category, DutyItem, DutyList
from dispatch.models.duties import ListState
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

TEAMS = (
    ("01", Office("01-1", "市政所抢修班")),
    ("02", Office("02-1", "排水所疏通班")),
    ("03", Office("03-1", "环卫所机扫班")),
)
"""Teams below an office, by the key of the office: it hands parts of its work to them."""


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
        for key, team in TEAMS:
            above = Unit.objects.get(code=unit_code(district.code, key))
            _unit(team, district, parent=above)
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
def load_duties(*, opened: datetime) -> int:
    """Publish the first duty list of the demo city unless it has one; how many items it has.

    Each major class has a unit in each district, so that every category has one; single
    categories have another unit where domain.md 1.6.1 names it, some the street's own office, and
    behind them all stands the district's handling centre (兜底).
    """
    if DutyList.objects.exists():
        return 0
    units = {unit.code: unit for unit in Unit.objects.all()}
    categories = {category.code: category for category in Category.objects.all()}
    first = DutyList.objects.create(number=1, title="云澜市权责清单（首版）", created_at=opened)
    wanted = [
        DutyItem(
            duty_list=first,
            item_no=f"QZ{area[4:]}-{code or '00'}",
            category=categories.get(code),
            area_code=area,
            unit=units[unit],
        )
        for code, area, unit in _items()
    ]
    DutyItem.objects.bulk_create(wanted)
    first.state, first.published_at = ListState.PUBLISHED.value, opened
    first.valid_from = timezone.localdate(opened)
    first.save()
    transaction.on_commit(catalogue.refresh)
    return len(wanted)


@transaction.atomic
def load_next_duties(*, now: datetime) -> int:
    """Add a draft of the next list, to be tried out, and the rules that accept by category."""
    Category.objects.filter(code__in=duties.BY_THEMSELVES).update(
        auto_file=True, auto_dispatch=True
    )
    transaction.on_commit(catalogue.refresh)
    if DutyList.objects.exclude(number=1).exists():
        return 0
    first = DutyList.objects.get(number=1)
    draft = DutyList.objects.create(
        number=2, title="下一版：夜间应急与环卫执法联动", based_on=first, created_at=now
    )
    items = list(DutyItem.objects.filter(duty_list=first).order_by("pk"))
    kept = [item for item in items if item.item_no[5:] not in duties.DROPPED]
    DutyItem.objects.bulk_create([_copied(item, draft) for item in kept])
    return len(DutyItem.objects.bulk_create(_next_items(draft)))


def _copied(item: DutyItem, draft: DutyList) -> DutyItem:
    return DutyItem(
        duty_list=draft,
        item_no=item.item_no,
        category_id=item.category_id,
        area_code=item.area_code,
        unit_id=item.unit_id,
    )


def _next_items(draft: DutyList) -> list[DutyItem]:
    """What the draft has beyond the first list: off-hours duties, and pools of two units."""
    units = {unit.code: unit for unit in Unit.objects.all()}
    categories = {category.code: category for category in Category.objects.all()}
    return [
        DutyItem(
            duty_list=draft,
            item_no=f"QZ{district.code[4:]}-{code}-{key}",
            category=categories[code],
            area_code=district.code,
            hours=hours,
            unit=units[unit_code(district.code, key)],
        )
        for district in districts()
        for code, hours, key in duties.NEXT
    ]


def _items() -> list[tuple[str, str, str]]:
    """Category, area and unit code of every item."""
    found = []
    for district in districts():
        found.append(("", district.code, unit_code(district.code, CENTRE)))
        found += [
            (code, district.code, unit_code(district.code, key))
            for code, key in duties.BY_CATEGORY.items()
        ]
        for number, street in enumerate(streets(district.code), start=1):
            office = unit_code(street.code, f"S{number:02d}")
            found += [(code, street.code, office) for code in duties.BY_STREET]
    return found
