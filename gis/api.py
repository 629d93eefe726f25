"""Places and areas over JSON; the mount decides who may come in."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from gis import locator, places
from gis.coords import CoordinateError, parse_crs, to_wgs84

router = Router(tags=["gis"])
MAX_PLACES = 50


class PlaceOut(Schema):
    """A place; `distance_m`, `direction` and `words` say how it lies to the point asked for."""

    name: str
    kind: str
    address: str
    district_code: str
    lon: float
    lat: float
    crs: str = "WGS84"
    distance_m: float | None = None
    direction: str = ""
    words: str = ""


class PlacesOut(Schema):
    """Places, the best or nearest first."""

    items: list[PlaceOut]


class LocatedOut(Schema):
    """In which areas a point lies; a level without an area is ""."""

    city_code: str
    district_code: str
    street_code: str
    community_code: str
    cell_code: str
    district_name: str
    street_name: str
    community_name: str


class Position(Schema):
    """A point and the coordinate system it is given in, which is never guessed."""

    lon: float
    lat: float
    crs: str

    def wgs84(self) -> tuple[float, float]:
        """Longitude and latitude in WGS84; raises CoordinateError."""
        return to_wgs84(self.lon, self.lat, parse_crs(self.crs))


class NearestQuery(Position):
    """A point, and how many places around it."""

    limit: int = Field(5, ge=1, le=MAX_PLACES)


@router.get("/places", response=PlacesOut, summary="Places for what was typed")
def suggest_places(
    request: HttpRequest, q: str, limit: Annotated[int, Query(ge=1, le=MAX_PLACES)] = 10
) -> dict[str, list[PlaceOut]]:
    """Names, addresses and pinyin initials, within the user's districts."""
    prefixes = request.user.area_prefixes() if request.user.is_authenticated else []
    hits = places.suggest(q, prefixes=prefixes, limit=limit)
    return {"items": [PlaceOut.from_orm(hit) for hit in hits]}


@router.get("/places/reverse", response=PlacesOut, summary="The nearest places to a point")
def nearest_places(
    request: HttpRequest, where: Annotated[NearestQuery, Query()]
) -> dict[str, list[PlaceOut]]:
    """With metres and direction, for "35 m north-east of ..."."""
    hits = places.reverse(*where.wgs84(), limit=where.limit)
    return {"items": [PlaceOut.from_orm(hit) for hit in hits]}


@router.get(
    "/locate", response=LocatedOut, summary="District, street, community and cell of a point"
)
def locate_point(request: HttpRequest, where: Annotated[Position, Query()]) -> locator.Located:
    """422 OUTSIDE_CITY where no area covers the point."""
    located = locator.locate(*where.wgs84())
    if located is None:
        raise CoordinateError("OUTSIDE_CITY", "the point lies in no area of the city")
    return located
