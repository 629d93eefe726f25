"""Duty lists as people and programs read them: versions, items by name, changes, dry runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.models import Unit, User
from dispatch import catalogue
from dispatch.duties import rosters
from dispatch.duties.flows import Drawing, draw
from dispatch.duties.items import EVERY, ItemRow, changes_between, rows_of
from dispatch.duties.reasons import hours_words
from dispatch.models import Case, DutyList, DutyReplay
from dispatch.models.duties import ListState
from gis.models import Area

SHOWN_CASES = 60
SHOWN_UNITS = 14


def versions(today: date) -> list[dict[str, Any]]:
    """Every list, the newest number first; the one in force and those to come are named."""
    current = rosters.list_in_force(today)
    rows = DutyList.objects.select_related(
        "based_on", "published_by", "created_by", "withdrawal__by"
    )
    counted = rows.annotate(items_count=Count("items")).order_by("-number")
    return [
        {**version(row, current, today=today), "items_count": row.items_count} for row in counted
    ]


def version(
    row: DutyList, current: DutyList | None, *, today: date | None = None
) -> dict[str, Any]:
    """One version; `standing` is DRAFT, COMING, IN_FORCE, PAST, WITHDRAWN or PUBLISHED (not
    asked)."""
    withdrawal = getattr(row, "withdrawal", None)
    return {
        "number": row.number,
        "title": row.title,
        "state": row.state,
        "standing": _standing(row, current, today),
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "based_on": row.based_on.number if row.based_on else None,
        "created_by": row.created_by.username if row.created_by else None,
        "created_at": row.created_at.isoformat(),
        "published_by": row.published_by.username if row.published_by else None,
        "published_at": row.published_at.isoformat() if row.published_at else None,
        "withdrawn": {
            "by": withdrawal.by.username,
            "at": withdrawal.at.isoformat(),
            "reason": withdrawal.reason,
        }
        if withdrawal
        else None,
    }


def _standing(row: DutyList, current: DutyList | None, today: date | None) -> str:
    if row.state == ListState.DRAFT or today is None:
        return row.state
    if getattr(row, "withdrawal", None) is not None:
        return "WITHDRAWN"
    if current is not None and row.pk == current.pk:
        return "IN_FORCE"
    return "COMING" if row.valid_from and row.valid_from > today else "PAST"


def item(row: ItemRow) -> dict[str, str]:
    """One item by its codes."""
    return {name: getattr(row, name) for name in ItemRow.__slots__}


class Names:
    """The words for the codes of items: three queries, read when made."""

    def __init__(self, rows: Collection[ItemRow]) -> None:
        book = catalogue.current()
        self.categories = {code: c.name for code, c in book.categories.items()}
        self.conditions = {code: c.name for code, c in book.conditions.items()}
        units = {row.unit for row in rows}
        self.units = dict(Unit.objects.filter(code__in=units).values_list("code", "name"))
        self.areas = area_names({row.area_code for row in rows})

    def told(self, row: ItemRow) -> dict[str, str]:
        """One item by its codes and its words."""
        every = _("各类事项（兜底）")
        return {
            **item(row),
            "category_name": every if row.category == EVERY else self.categories[row.category],
            "condition_name": self.conditions.get(row.condition, ""),
            "area_name": self.areas.get(row.area_code, row.area_code),
            "hours_name": hours_words(row.hours) or _("全天"),
            "unit_name": self.units.get(row.unit, row.unit),
        }


def area_names(codes: Iterable[str]) -> dict[str, str]:
    """Area codes to their names of today, a street's with its district's."""
    wanted = set(codes)
    above = {code[:6] for code in wanted if len(code) > 6}  # noqa: PLR2004
    found = Area.objects.current().filter(code__in=wanted | above)
    names = dict(found.values_list("code", "name"))
    return {
        code: " ".join(dict.fromkeys((names.get(code[:6], ""), names.get(code, code)))).strip()
        for code in wanted
    }


def search(rows: Sequence[ItemRow], told: Names, *, q: str, area: str, category: str) -> list[Any]:
    """The items that match: words in any column, below an area, of a class or below it."""
    book = catalogue.current()
    found = []
    for row in rows:
        if area and not row.area_code.startswith(area):
            continue
        if category and category not in book.chains.get(row.category, (row.category,)):
            continue
        shown = told.told(row)
        if q and not any(q.lower() in value.lower() for value in shown.values()):
            continue
        found.append(shown)
    return found


def changes(found: DutyList) -> dict[str, Any]:
    """A list against the one that it was drawn from, or a published one against the one before."""
    before = rows_of(found.based_on) if found.based_on else []
    now = rows_of(found)
    told = Names([*before, *now])
    differences = changes_between(before, now)
    return {
        "against": found.based_on.number if found.based_on else None,
        "added": [told.told(row) for row in differences.added],
        "removed": [told.told(row) for row in differences.removed],
        "changed": [
            {
                "before": told.told(was),
                "after": told.told(row),
                "columns": [
                    name for name in ItemRow.__slots__ if getattr(was, name) != getattr(row, name)
                ],
            }
            for was, row in differences.changed
        ],
    }


def findings(run: DutyReplay | None, viewer: User) -> dict[str, Any] | None:
    """A dry run with the names of units; of the changed cases those that the viewer may see."""
    if run is None:
        return None
    found = run.findings
    names = unit_names(found)
    return {
        **{name: value for name, value in found.items() if name not in {"cases", "flows", "units"}},
        "days": run.days,
        "at": run.at.isoformat(),
        "by": run.by.username if run.by else None,
        "compared_with": run.compared_with.number if run.compared_with else None,
        "flows": [
            {"from": names[was], "to": names[would], "cases": n} for was, would, n in found["flows"]
        ],
        "units": [
            {"unit": names[unit], "before": before, "after": after}
            for unit, before, after in found["units"]
        ],
        "cases": _cases(found["cases"], names, viewer),
    }


def unit_names(found: Mapping[str, Any]) -> dict[int, str]:
    """The names of all units of a dry run; 0 is nobody."""
    ids = {unit for flow in found["flows"] for unit in flow[:2]}
    ids |= {row[0] for row in found["units"]}
    names = dict(Unit.objects.filter(pk__in=ids).values_list("pk", "name"))
    return {**{unit: str(unit) for unit in ids}, **names, 0: _("无承办单位")}


def _cases(kept: Sequence[Sequence[Any]], names: Mapping[int, str], viewer: User) -> list[Any]:
    ids = [row[0] for row in kept]
    visible = Case.objects.visible_to(viewer).filter(pk__in=ids)
    seen = {row["pk"]: row for row in visible.values("pk", "case_no", "title", "category_code")}
    categories = catalogue.current().categories
    shown = []
    for pk, was, would, old_item, new_item, *dues in kept:
        if pk not in seen:
            continue
        case = seen[pk]
        shown.append(
            {
                "case_no": case["case_no"],
                "title": case["title"],
                "category": categories[case["category_code"]].name,
                "from": names.get(was, str(was)),
                "to": names.get(would, str(would)),
                "from_item": old_item,
                "to_item": new_item,
                "old_due_at": dues[0] if dues else None,
                "new_due_at": dues[1] if dues else None,
                "is_sooner": bool(dues) and _at(dues[1]) < _at(dues[0]),
            }
        )
        if len(shown) == SHOWN_CASES:
            break
    return shown


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def drawing(run: DutyReplay) -> Drawing | None:
    """The picture of a dry run; None where nothing would change."""
    flows = [(was, would, n) for was, would, n in run.findings["flows"]]
    if not flows:
        return None
    return draw(flows, unit_names(run.findings), _("其他单位"))


def won_and_lost(run: DutyReplay) -> list[dict[str, Any]]:
    """Each unit's cases before and after, with its bar; the greatest is 100 wide."""
    names = unit_names(run.findings)
    rows = run.findings["units"][:SHOWN_UNITS]
    most = max((abs(after - before) for _unit, before, after in rows), default=1) or 1
    return [
        {
            "unit": names[unit],
            "before": before,
            "after": after,
            "difference": after - before,
            "width": width,
            "x": 0 if after > before else -width,
        }
        for unit, before, after in rows
        for width in [round(100 * abs(after - before) / most, 1)]
    ]
