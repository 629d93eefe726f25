"""Which open cases a receipt names: the likely ones, and no more (docs/matching.md)."""

from dataclasses import replace
from datetime import timedelta

from dispatch.intake import submit
from dispatch.matching import SUGGEST
from dispatch.voices import Position
from tests.app.test_bulk import HERE, voice
from tests.city import NOW, City

EDGE = replace(HERE, lat=HERE.lat + 29 / 110_900, accuracy_m=0.0)
SPOT = Position(HERE.lon, HERE.lat, "WGS84", 0.0)


def test_the_same_thing_again_is_named_with_its_score(city: City) -> None:
    first = submit(voice("one", position=SPOT)[0], by=None, now=NOW)

    later = NOW + timedelta(hours=1)
    again = submit(voice("two", position=SPOT)[0], by=None, now=later)

    [hit] = again.body["duplicates"]
    assert hit["case_no"] == first.body["case_no"]
    assert hit["score"] >= SUGGEST


def test_a_case_that_is_in_reach_but_hardly_alike_is_not_named(city: City) -> None:
    submit(voice("one", position=SPOT, category="E0102", title="垃圾成堆")[0], by=None, now=NOW)

    later = NOW + timedelta(hours=23)
    other = voice("two", position=EDGE, category="E0104", title="路面油污")[0]
    receipt = submit(other, by=None, now=later)

    assert receipt.body["duplicates"] == []
