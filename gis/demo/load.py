"""Loads the demo city into the database."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

import numpy as np
import shapely
from django.db import transaction
from numpy.typing import NDArray

from gis.areas import NewArea, write_areas
from gis.bulk import copy_rows, ewkb, multipolygon_ewkb
from gis.demo.addresses import PlanePlace, places
from gis.demo.blocks import blocks
from gis.demo.buildings import plots
from gis.demo.hierarchy import CITY_CODE, PlaneArea, hierarchy
from gis.demo.names import LANDMARKS, STORY_COMMUNITY
from gis.demo.scenery import MINOR_MIN_ZOOM, Feature, bent, features, named_roads, parks
from gis.demo.shape import ground, to_lonlat, to_mercator
from gis.gazetteer import NewPlace, write_places
from gis.models import Area, Level

SOURCE = "demo city"
YEARS_BACK = 5
UNLABELLED = ("address", "building", "crossing")
FEATURE_COLUMNS = ("layer", "name", "kind", "min_zoom", "geom")
ABOVE = {Level.DISTRICT: 4, Level.STREET: 6, Level.COMMUNITY: 9, Level.CELL: 12}


@transaction.atomic
def load_demo_city(*, now: datetime, say: Callable[[str], None]) -> None:
    """Write areas, base map and places of 云澜市 (3399), in force for five years; once only."""
    if Area.objects.filter(code=CITY_CODE).exists():
        say("The demo city is already there.")
        return
    land = ground()
    leaves, cuts = blocks(land)
    areas = hierarchy(land, leaves)
    cells = [area for area in areas if area.level == Level.CELL]
    changes = write_areas(
        _new_areas(areas), valid_from=date(now.year - YEARS_BACK, 1, 1), source=SOURCE
    )
    say(f"Demo city: {changes.added} areas, {len(cells)} of them unit grids.")
    green = parks(land, cells)
    story = next(area.shape for area in areas if area.name == STORY_COMMUNITY)
    roads = named_roads(land, cuts, story)
    plot_list = plots(land, cells, [park.shape for park in green if park.name])
    known = places(areas, roads, plot_list)
    drawn = [*features(land, roads, green, plot_list), *_labels(known)]
    copy_rows("citygis_basefeature", FEATURE_COLUMNS, _feature_rows(drawn))
    say(f"Demo city: {len(drawn)} things on the base map.")
    found = write_places(_new_places(known, areas), source=SOURCE)
    say(f"Demo city: {found.added} places and addresses.")


def _labels(known: list[PlanePlace]) -> Iterator[Feature]:
    """The small labels of the base map: estates and services, the landmarks not again."""
    landmarks = {name for name, _, _, _ in LANDMARKS}
    for place in known:
        if place.kind not in UNLABELLED and place.name not in landmarks:
            yield Feature("pois", place.point, place.name, "minor", MINOR_MIN_ZOOM)


def _new_areas(areas: list[PlaneArea]) -> Iterator[NewArea]:
    shapes = np.array([area.shape for area in areas], dtype=object)
    for area, wkb in zip(
        areas, multipolygon_ewkb(shapely.transform(shapes, to_lonlat), 4326), strict=True
    ):
        parent = area.code[: ABOVE.get(Level(area.level), 0)]
        yield NewArea(area.code, area.level, area.name, parent, wkb, synthetic=True)


def _feature_rows(drawn: list[Feature]) -> Iterator[tuple[str, str, str, int, bytes]]:
    shapes = np.array([bent(feature) for feature in drawn], dtype=object)
    for feature, wkb in zip(drawn, ewkb(shapely.transform(shapes, to_mercator), 3857), strict=True):
        yield feature.layer, feature.name, feature.kind, feature.min_zoom, wkb


def _new_places(found: list[PlanePlace], areas: list[PlaneArea]) -> Iterator[NewPlace]:
    """Places with the district, street and community they lie in as their address."""
    names = {area.code: area.name for area in areas}
    points = np.array([place.point for place in found], dtype=object)
    lonlat: NDArray[np.float64] = to_lonlat(shapely.get_coordinates(points))
    for place, code, (lon, lat) in zip(
        found, _communities_of(points, areas), lonlat.tolist(), strict=True
    ):
        address = "".join(names[code[:length]] for length in (6, 9, 12)) if code else ""
        yield NewPlace(place.name, place.kind, lon, lat, address, code[:6])


def _communities_of(points: NDArray[np.object_], areas: list[PlaneArea]) -> list[str]:
    """The code of the community of each point, "" outside the city."""
    communities = [area for area in areas if area.level == Level.COMMUNITY]
    codes = [""] * len(points)
    tree = shapely.STRtree([area.shape for area in communities])
    for position, community in tree.query(points, predicate="intersects").T.tolist():
        codes[position] = communities[community].code
    return codes
