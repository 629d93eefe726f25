"""Where things happen in the demo city: its own places, a few metres beside them."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from gis import locator
from gis.locator import Snapshot
from gis.models import Place

KINDS: dict[str, frozenset[str]] = {
    "home": frozenset({"estate", "building"}),
    "road": frozenset({"address", "crossing"}),
    "crossing": frozenset({"crossing"}),
    "shop": frozenset({"biz"}),
    "park": frozenset({"park"}),
    "bus": frozenset({"bus"}),
    "any": frozenset({"address", "crossing", "estate", "biz", "edu", "hosp", "bus"}),
}
COMMITTEE = "社区居民委员会"
METRES_PER_DEGREE = 111_000.0
BESIDE_M = 25.0
TRIES = 20


@dataclass(frozen=True, slots=True)
class Spot:
    """A point (WGS84 degrees) with the names and codes people use for it."""

    label: str
    address: str
    community: str
    lon: float
    lat: float
    district: str
    area: str


class Spots:
    """Draws spots by district and use."""

    def __init__(
        self, places: Sequence[tuple[str, str, str, str, float, float]], areas: Snapshot
    ) -> None:
        """Take rows of (name, kind, address, district, longitude, latitude), and the areas."""
        self._areas = areas
        self._rows: dict[tuple[str, str], list[tuple[str, str, float, float]]] = defaultdict(list)
        for name, kind, address, district, lon, lat in places:
            for use, kinds in KINDS.items():
                if kind in kinds:
                    self._rows[district, use].append((name, address, lon, lat))
            if name.endswith(COMMITTEE):
                row = (name.removesuffix("居民委员会"), "", lon, lat)
                self._rows[district, "community"].append(row)

    def draw(self, district: str, use: str, draw: random.Random) -> Spot:
        """A spot of that use in the district; homes lie about a community where no estate is."""
        rows = self._rows[district, use] or self._rows[district, "community"]
        for _ in range(TRIES):
            spot = self._beside(draw.choice(rows), draw)
            if spot is not None and spot.district == district:
                return spot
        raise LookupError(f"no spot for {use} in {district}")

    def near(self, spot: Spot, metres: float, draw: random.Random) -> Spot:
        """Another point within that distance, under the same name."""
        row = (spot.label, "", spot.lon, spot.lat)
        for _ in range(TRIES):
            found = self._beside(row, draw, metres)
            if found is not None and found.district == spot.district:
                return found
        return spot

    def _beside(
        self, row: tuple[str, str, float, float], draw: random.Random, metres: float = BESIDE_M
    ) -> Spot | None:
        name, address, lon, lat = row
        turn, away = draw.uniform(0, 2 * math.pi), draw.uniform(0, metres)
        lat += away * math.sin(turn) / METRES_PER_DEGREE
        lon += away * math.cos(turn) / METRES_PER_DEGREE / math.cos(math.radians(lat))
        lon, lat = round(lon, 6), round(lat, 6)
        found = self._areas.locate(lon, lat)
        if found is None or not found.cell_code:
            return None
        chain = f"{found.district_name}{found.street_name}"
        if name != found.community_name:
            chain += found.community_name
        return Spot(
            label=name,
            address=f"{address or chain}{name}",
            community=found.community_name,
            lon=lon,
            lat=lat,
            district=found.district_code,
            area=found.cell_code,
        )


def read_spots() -> Spots:
    """The places and areas of the demo city as they are now; the database is not asked again."""
    rows = Place.objects.order_by("district_code", "name", "address").values_list(
        "name", "kind", "address", "district_code", "location"
    )
    return Spots([(*row[:4], row[4].x, row[4].y) for row in rows], locator.refresh())
