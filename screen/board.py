"""What one area's walls show, computed once for all screens of a process and kept for a moment.

A hundred walls cost what one costs: each part is computed when it is older than it may be, by
whoever asks first, and everybody else gets the same.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dispatch import catalogue
from dispatch.wall import counting, log, points, rates
from dispatch.wall.points import Point
from dispatch.wall.scope import true_until
from screen import figures, flows
from screen.places import WallArea

PULSE_S, DUE_S, STREETS_S, MAP_S, PANELS_S, RANKING_S = 0.9, 4.0, 4.0, 5.0, 55.0, 290.0
LEAST_REST = 10
"""A costly part rests so many times as long as it took, however short its life should be."""
MOST_POINTS, MOST_EMERGENCIES, MOST_FEED, MOST_CHANGES = 1500, 6, 8, 20
MOST_SHADED, MOST_ISSUES, MOST_RANKED = 3000, 7, 7
TREND_HOURS = 24
STAYS_WITHIN, RATES_WITHIN, RANKED_WITHIN = timedelta(hours=6), timedelta(days=1), timedelta(days=7)
WEEK = timedelta(days=7)
Part = dict[str, Any]


class Board:
    """The parts of one area, each with the moment until which it is good."""

    def __init__(self, area: WallArea) -> None:
        self.area = area
        self._kept: dict[str, tuple[float, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def pulse(self) -> Part:
        """Counters, lines, loop and labels with the numbers they are true for; a second old."""
        found: Part = self._part("pulse", PULSE_S, self._read_pulse)
        return found

    def panels(self) -> Part:
        """Trend, issues, rates, stays and ranking; a minute old."""
        return {
            **self._part("panels", PANELS_S, self._read_panels),
            "ranking": self._part("ranking", RANKING_S, self._read_ranking),
        }

    def map(self) -> Part:
        """The points of the map and how full each area is; five seconds old."""
        found: Part = self._part("map", MAP_S, self._read_map)
        return found

    def _part(self, name: str, life_s: float, read: Callable[[datetime], Any]) -> Any:
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            kept = self._kept.get(name)
            if kept is None or time.monotonic() > kept[0]:
                began = time.monotonic()
                value = read(timezone.now())
                took_s = time.monotonic() - began if life_s > PULSE_S else 0.0
                kept = (began + max(life_s, LEAST_REST * took_s), value)
                self._kept[name] = kept
            return kept[1]

    def _read_pulse(self, now: datetime) -> Part:
        with flows.held((self.area.code,)) as (folded, tally):
            day = figures.day_figures(folded.added(midnight(now)))
        opened = figures.open_figures(tally.counts)
        due = self._part("due", DUE_S, self._read_due)
        return {
            "as_of": tally.heads,
            "at": true_until(now=now).isoformat(),
            "rows": figures.tally_rows(tally.counts),
            "board": {
                "open": opened["open"],
                "waiting_dispatch": opened["waiting_dispatch"],
                "due_soon": due["due_soon"],
                "overdue": due["overdue"],
                "closed": day["closed"],
            },
            "open_lines": opened["lines"],
            "today": {"total": day["total"], "lines": day["lines"]},
            "loop": figures.loop(opened["states"], day["called_back"]),
            "labels": self._labels(opened["districts"]),
            **self._part("emergencies", PULSE_S, self._read_emergencies),
            "feed": self._part("feed", PULSE_S, self._read_feed),
        }

    def _labels(self, by_district: dict[str, int]) -> dict[str, int]:
        """Open cases per district of a city, or per street of a district ("" for no street)."""
        if self.area.is_city:
            return self.area.labelled(by_district)
        streets: dict[str, int] = self._part("streets", STREETS_S, self._read_streets)
        return streets

    def _read_streets(self, _now: datetime) -> dict[str, int]:
        return counting.open_by_street(self.area.districts())

    def _read_due(self, now: datetime) -> dict[str, int]:
        found = counting.due(self.area.feeds(), now=now).values()
        return {"overdue": sum(over for over, _ in found), "due_soon": sum(s for _, s in found)}

    def _read_emergencies(self, _now: datetime) -> Part:
        districts = self.area.feeds()
        found = points.emergencies(districts, most=MOST_EMERGENCIES)
        in_all = points.emergencies_in_all(districts)
        return {
            "emergencies": [point.as_dict() for point in found],
            "emergencies_in_all": max(in_all, len(found)),
        }

    def _read_feed(self, _now: datetime) -> list[Part]:
        """The newest changes that a wall may tell: no sensitive case, no clock that ran out."""
        return [step.as_dict() for step in log.news(self.area.feeds(), most=MOST_FEED)]

    def _read_map(self, _now: datetime) -> Part:
        districts = self.area.districts()
        shaded = counting.density(districts, length=self.area.density_length(), most=MOST_SHADED)
        shown = points.newest(districts, most=MOST_POINTS)
        return {"points": [dot(point) for point in shown if point.lon is not None],
                "density": shaded}  # fmt: skip

    def _read_panels(self, now: datetime) -> Part:
        districts, today = self.area.feeds(), midnight(now)
        first_hour = _hour(now) - timedelta(hours=TREND_HOURS)
        with flows.held((self.area.code,)) as (folded, _tally):
            trend = flows.arrivals(folded.buckets(min(first_hour, today)))["hour"]
            day = flows.arrivals(folded.buckets(today))
            before = flows.arrivals(folded.from_until(today - WEEK, now - WEEK))
        stays = rates.stays(districts, since=now - STAYS_WITHIN, until=now)
        found = rates.rates(districts, since=now - RATES_WITHIN, until=now)
        total, total_before = sum(day["line"].values()), sum(before["line"].values())
        return {
            "at": now.isoformat(),
            "trend": _trend(trend, first_hour),
            "issues": _issues(day["category"], before["category"]),
            "today_change": figures.change(total, total_before),
            "today_before": total_before,
            "today_total": total,
            "rates": {name: figures.rate(one) for name, one in found.items()},
            "stays": {stay.step: {"median_s": stay.median_s, "n": stay.n} for stay in stays},
            "bottleneck": figures.bottleneck(stays),
        }

    def _read_ranking(self, now: datetime) -> list[Part]:
        found = rates.standings(
            self.area.districts(),
            by_unit=not self.area.is_city,
            since=now - 2 * RANKED_WITHIN,
            middle=now - RANKED_WITHIN,
            until=now,
        )
        names = {part.code: part.name for part in self.area.parts()}
        ranked = figures.ranking(found, names)[:MOST_RANKED]
        for row in ranked:
            row["name"] = row["name"].removeprefix(self.area.name) or row["name"]
        return ranked


def dot(point: Point) -> list[Any]:
    """A point for the map: number, longitude, latitude, line, urgency."""
    return [point.case_no, point.lon, point.lat, point.line, point.priority]


def midnight(at: datetime) -> datetime:
    """The start of a moment's day in the city."""
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def _hour(at: datetime) -> datetime:
    return timezone.localtime(at).replace(minute=0, second=0, microsecond=0)


def _trend(found: dict[tuple[int, str], int], first: datetime) -> Part:
    hours = [int(first.timestamp()) + 3600 * n for n in range(TREND_HOURS)]
    lines = {line: [found.get((hour, line), 0) for hour in hours] for line in figures.LINES}
    return {"hours": hours, "lines": lines}


def _issues(today: dict[str, int], before: dict[str, int]) -> list[Part]:
    """The most frequent categories, with the change against the same weekday until this hour."""
    categories = catalogue.current().categories
    top = sorted(today.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_ISSUES]
    return [
        {
            "code": code,
            "name": categories[code].name if code in categories else code,
            "n": n,
            "before": before.get(code, 0),
            "change": figures.change(n, before.get(code, 0)),
        }
        for code, n in top
    ]


_boards: dict[str, Board] = {}
_guard = threading.Lock()


def board_of(area: WallArea) -> Board:
    """The board of an area in this process."""
    with _guard:
        return _boards.setdefault(area.code, Board(area))


def forget() -> None:
    """Throw away what was kept, as after a change of the areas."""
    with _guard:
        _boards.clear()
