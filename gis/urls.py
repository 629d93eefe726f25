"""Addresses of the map."""

from django.urls import path, register_converter

from gis import views
from gis.tiles import LAYERS


class TileNumber:
    """A column, row or zoom: at most eight digits, so that no tile address overflows."""

    regex = "[0-9]{1,8}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """The digits."""
        return str(value)


class TileLayer:
    """A layer of ours; the case layer is dispatch's."""

    regex = "|".join(LAYERS)

    def to_python(self, value: str) -> str:
        """The name."""
        return value

    def to_url(self, value: str) -> str:
        """The name."""
        return value


register_converter(TileNumber, "tile")
register_converter(TileLayer, "layer")

urlpatterns = [
    path("tiles/<layer:layer>/<tile:z>/<tile:x>/<tile:y>.mvt", views.tile, name="map-tile"),
]
