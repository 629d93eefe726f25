"""The app "gis" carries the label "citygis": "gis" belongs to django.contrib.gis."""

from django.apps import AppConfig


class GisConfig(AppConfig):
    """Areas, places, coordinates, importers and tiles."""

    name = "gis"
    label = "citygis"
    verbose_name = "Geography"
