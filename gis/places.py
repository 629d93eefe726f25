"""Finds places: by what an operator types, and the nearest ones to a point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connection
from django.utils.translation import gettext_lazy as _

from gis.searchtext import grams_of, plain

MAX_QUERY_LENGTH = 60
SHORTEST_INSIDE = 3
CANDIDATES = 2000
DISTRICT_DIGITS = 6
HERE_M = 5
SPHERE_SLACK = 8
"""The index orders by the sphere, people by the ellipsoid: a few more are looked at."""
LAST_CHARACTER = "\U0010ffff"
DIRECTIONS = (
    ("N", _("北")),
    ("NE", _("东北")),
    ("E", _("东")),
    ("SE", _("东南")),
    ("S", _("南")),
    ("SW", _("西南")),
    ("W", _("西")),
    ("NW", _("西北")),
)
WORDS_OF = dict(DIRECTIONS)

COLUMNS = "name, kind, address, district_code, ST_X(location) AS lon, ST_Y(location) AS lat"
IN_DISTRICTS = "(district_code = '' OR district_code ^@ ANY(%(districts)s))"
BEGINS_SQL = f"""
SELECT {COLUMNS} FROM citygis_place
WHERE ((folded ~>=~ %(text)s AND folded ~<~ %(text_end)s)
    OR (initials ~>=~ %(text)s AND initials ~<~ %(text_end)s)) AND {IN_DISTRICTS}
ORDER BY NOT folded ^@ %(text)s, length(folded), folded, address LIMIT %(limit)s
"""
CONTAINS_SQL = f"""
SELECT {COLUMNS} FROM (
    SELECT * FROM citygis_place WHERE grams @> %(grams)s::varchar[] AND {IN_DISTRICTS}
    LIMIT {CANDIDATES}
) AS candidate
WHERE NOT EXISTS (SELECT FROM unnest(%(words)s) AS word
                  WHERE position(word IN folded || ' ' || replace(lower(address), ' ', '')) = 0)
ORDER BY position(%(text)s IN folded) = 0, length(folded), folded, address LIMIT %(limit)s
"""
INSIDE_SQL = f"""
SELECT {COLUMNS} FROM citygis_place
WHERE folded = ANY(%(pieces)s) AND {IN_DISTRICTS}
ORDER BY length(folded) DESC, folded, address LIMIT %(limit)s
"""
NEAREST_SQL = f"""
SELECT {COLUMNS}, ST_Distance(location::geography, ST_Point(%(lon)s, %(lat)s, 4326)::geography)
    AS metres
FROM (
    SELECT * FROM citygis_place
    ORDER BY location::geography <-> ST_Point(%(lon)s, %(lat)s, 4326)::geography
    LIMIT %(limit)s + {SPHERE_SLACK}
) AS candidate ORDER BY metres, name, address LIMIT %(limit)s
"""


Parameters = dict[str, str | int | float | list[str]]


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """A place found; `distance_m` and `direction` (N, NE ... from it to the point) by `reverse`."""

    name: str
    kind: str
    address: str
    district_code: str
    lon: float
    lat: float
    distance_m: float | None = None
    direction: str = ""

    @property
    def words(self) -> str:
        """Where the point lies, for people: 秋涛路22号东北约35米."""
        if self.distance_m is None or self.distance_m < HERE_M:
            return self.name
        return str(
            _("%(name)s%(direction)s约%(metres)d米")
            % {
                "name": self.name,
                "direction": WORDS_OF[self.direction],
                "metres": round(self.distance_m),
            }
        )


def suggest(text: str, *, prefixes: Sequence[str], limit: int) -> list[PlaceHit]:
    """Places for what was typed, the best first, at most `limit`.

    First names and pinyin initials that begin with it, then names and addresses that contain every
    word of it, and if there are none, names that stand within it (a long address typed whole).
    Only places in the districts of the code prefixes; without prefixes none.
    """
    typed = plain(text)[:MAX_QUERY_LENGTH]
    if not typed or not prefixes or limit < 1:
        return []
    parameters: Parameters = {
        "text": typed,
        "text_end": typed + LAST_CHARACTER,
        "districts": [prefix[:DISTRICT_DIGITS] for prefix in prefixes],
        "limit": limit,
    }
    hits = _find(BEGINS_SQL, parameters)
    if len(hits) < limit and len(typed) > 1:
        words = [plain(word) for word in text[:MAX_QUERY_LENGTH].split()]
        more: Parameters = {"grams": grams_of(*words), "words": words}
        hits = list(dict.fromkeys(hits + _find(CONTAINS_SQL, parameters | more)))[:limit]
    if not hits:
        pieces: Parameters = {"pieces": _pieces(typed)}
        hits = _find(INSIDE_SQL, parameters | pieces)
    return hits


def reverse(lon: float, lat: float, *, limit: int) -> list[PlaceHit]:
    """The nearest places to a WGS84 point, with metres and direction, the nearest first."""
    found = _find(NEAREST_SQL, {"lon": lon, "lat": lat, "limit": limit})
    return [replace(hit, direction=_direction(hit, lon, lat)) for hit in found]


def _find(sql: str, parameters: Parameters) -> list[PlaceHit]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [PlaceHit(*row) for row in cursor.fetchall()]


def _pieces(typed: str) -> list[str]:
    """Every run of characters of a text that is long enough to be a name."""
    ends = range(SHORTEST_INSIDE, len(typed) + 1)
    return sorted({typed[begin:end] for end in ends for begin in range(end - SHORTEST_INSIDE + 1)})


def _direction(hit: PlaceHit, lon: float, lat: float) -> str:
    """The compass direction from a place to a point."""
    east = (lon - hit.lon) * math.cos(math.radians(lat))
    angle = math.atan2(east, lat - hit.lat) % (2 * math.pi)
    return DIRECTIONS[round(angle / (math.pi / 4)) % len(DIRECTIONS)][0]
