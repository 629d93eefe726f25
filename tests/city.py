"""A fixed small city and fixed people for the tests: two districts of four cells each."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from django.contrib.gis.geos import MultiPolygon, Polygon

from accounts import identity
from accounts.actions import give_post, make_token
from accounts.models import Role, Unit, UnitLevel, User
from affairs.models import UpstreamSystem
from dispatch import catalogue
from dispatch.models import Category, DutyItem, DutyList, SampleRate
from dispatch.seeding import load_catalogue
from gis import locator
from gis.models import Area, Level

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday 2 March 2026, 09:00 in the city."""
A, B = "339901", "339902"
A_CENTRE = (119.605, 29.905)
B_CENTRE = (119.625, 29.905)
PASSWORD = "a-long-test-password"
HALL_SECRET = "whsec_c2FueGlhbi10ZXN0LXNlY3JldC0wMTIzNDU2Nzg5"
LEVELS = {6: Level.DISTRICT, 9: Level.STREET, 12: Level.COMMUNITY, 15: Level.CELL}
NAMES = {A: "云中区", B: "澜江区"}


@dataclass
class City:
    """The people of the small city by name, and its units by code."""

    users: dict[str, User] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)

    def __getitem__(self, username: str) -> User:
        return self.users[username]

    def token(self, username: str, now: datetime = NOW) -> str:
        """A bearer token of a user, valid from now on."""
        return make_token(user=self.users[username], now=max(now, datetime.now(UTC)))[0]


def square(west: float, south: float, size: float) -> MultiPolygon:
    """A square in degrees."""
    polygon = Polygon.from_bbox((west, south, west + size, south + size))
    return MultiPolygon(polygon, srid=4326)


def _area(code: str, name: str, geom: MultiPolygon, parent: str) -> Area:
    level = LEVELS.get(len(code), Level.CITY)
    return Area(
        code=code,
        level=level,
        name=name,
        parent_code=parent,
        geom=geom,
        area_m2=1.0,
        valid_from=date(2020, 1, 1),
        source="test",
        synthetic=True,
    )


def build_areas() -> None:
    """City 3399: districts A and B side by side, each 0.02 degrees, with 2 x 2 cells."""
    areas = []
    for code, west in ((A, 119.595), (B, 119.615)):
        street, community = f"{code}001", f"{code}001001"
        whole = square(west, 29.895, 0.02)
        areas.append(_area(code, NAMES[code], whole, "3399"))
        areas.append(_area(street, "望江街道", whole, code))
        areas.append(_area(community, "春晓社区", whole, street))
        for n in range(4):
            cell = square(west + 0.01 * (n % 2), 29.895 + 0.01 * (n // 2), 0.01)
            areas.append(_area(f"{community}{n + 1:03d}", f"网格{n + 1}", cell, community))
    everything = MultiPolygon(Polygon.from_bbox((119.595, 29.895, 119.635, 29.915)), srid=4326)
    areas.append(_area("3399", "云澜市", everything, ""))
    Area.objects.bulk_create(areas)
    locator.refresh()


def _unit(code: str, name: str, parent: Unit | None, area: str, *, always_on: bool = False) -> Unit:
    path = f"{parent.path if parent else '/'}{code}/"
    return Unit.objects.create(
        code=code,
        name=name,
        level=UnitLevel.DISTRICT,
        parent=parent,
        path=path,
        area_code=area,
        always_on=always_on,
    )


def build_units(city: City) -> None:
    """In each district a handling centre with a road and a cleaning unit below it."""
    duty_list = DutyList.objects.create(number=1, title="权责清单", created_at=NOW)
    for letter, area in (("A", A), ("B", B)):
        centre = _unit(f"{letter}0", f"{NAMES[area]}处置中心", None, area)
        roads = _unit(f"{letter}1", f"{NAMES[area]}市政所", centre, area)
        cleaning = _unit(f"{letter}2", f"{NAMES[area]}环卫所", centre, area)
        for unit in (centre, roads, cleaning):
            city.units[unit.code] = unit
        for prefix, unit in (("E01", cleaning), ("C01", roads), ("L90", centre), ("S00", centre),
                             ("E04", roads), ("E05", cleaning), ("E03", centre)):  # fmt: skip
            DutyItem.objects.create(
                duty_list=duty_list,
                item_no=f"{letter}-{prefix}",
                category=Category.objects.get(code=prefix),
                area_code=area,
                unit=unit,
            )
    duty_list.state, duty_list.published_at = "PUBLISHED", NOW
    duty_list.valid_from = date(2020, 1, 1)
    duty_list.save()


PEOPLE: tuple[tuple[str, Role, str, str], ...] = (
    ("operator1", Role.OPERATOR, "3399", ""),
    ("receiver1", Role.RECEIVER, "3399", ""),
    ("leader1", Role.DUTY_LEADER, "3399", ""),
    ("dispatcher1", Role.DISPATCHER, "3399", ""),
    ("callback1", Role.CALLBACK, "3399", ""),
    ("commander1", Role.COMMANDER, "3399", ""),
    ("inspector1", Role.INSPECTOR, A, ""),
    ("inspector2", Role.INSPECTOR, B, ""),
    ("handler1", Role.HANDLER, A, "A0"),
    ("approver1", Role.UNIT_APPROVER, A, "A0"),
    ("handler2", Role.HANDLER, B, "B0"),
    ("approver2", Role.UNIT_APPROVER, B, "B0"),
    ("cleaner1", Role.HANDLER, A, "A2"),
    ("helper1", Role.HANDLER, A, "A1"),
    ("supervisor1", Role.SUPERVISOR, "3399", ""),
    ("evaluator1", Role.EVALUATOR, "3399", ""),
    ("steward1", Role.DATA_STEWARD, "3399", ""),
    ("auditor1", Role.AUDITOR, "3399", ""),
    ("sysadmin1", Role.SYSADMIN, "3399", ""),
)


def build_people(city: City, now: datetime = NOW) -> None:
    """The demo accounts of contract.md 2, and a few more."""
    template = User(username="template")
    template.set_password(PASSWORD)
    for username, role, area, unit in PEOPLE:
        user = User.objects.create(username=username, name=username, password=template.password)
        give_post(user=user, role=role, area_code=area, unit=city.units.get(unit), now=now)
        city.users[username] = user
    city.users["nobody"] = User.objects.create(username="nobody", password=template.password)


def build_city() -> City:
    """Areas, catalogue, units, duty list, people, one upstream system."""
    city = City()
    build_areas()
    load_catalogue()
    SampleRate.objects.update(percent=0)
    build_units(city)
    build_people(city)
    UpstreamSystem.objects.create(
        code="hall",
        name="政务服务中心",
        secret=identity.seal(HALL_SECRET) or b"",
        area_code=A,
        satisfaction_map={"1": "VERY_DISSATISFIED", "2": "DISSATISFIED", "3": "BASICALLY",
                          "4": "SATISFIED", "5": "VERY_SATISFIED"},
    )  # fmt: skip
    catalogue.refresh()
    return city
