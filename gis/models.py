"""Where things are: administrative areas and unit grids by date, places, and our own base map.

All geometries are lon/lat, EPSG:4326 (numerically CGCS2000, domain.md 8.4).
"""

from datetime import date
from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    """市 / 区 / 街道 / 社区 / 单元网格 (domain.md 1.2.2)."""

    CITY = "CITY", _("城市")
    DISTRICT = "DISTRICT", _("区县")
    STREET = "STREET", _("街道")
    COMMUNITY = "COMMUNITY", _("社区")
    CELL = "CELL", _("单元网格")


CODE_LENGTHS = {
    Level.CITY: (4,),
    Level.DISTRICT: (6,),
    Level.STREET: (9,),
    Level.COMMUNITY: (12,),
    Level.CELL: (14, 15),
}
"""Digits of a code by level (domain.md 1.2.1); a child's code begins with its parent's."""


class AreaQuerySet(models.QuerySet["Area"]):
    """Areas by date."""

    def valid_on(self, day: date) -> "AreaQuerySet":
        """The areas in force on a day."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)

    def current(self) -> "AreaQuerySet":
        """The areas whose version is still open."""
        return self.filter(valid_to__isnull=True)


class Area(models.Model):
    """One version of an area: a changed boundary is a new row, the old one keeps its dates."""

    code = models.CharField(max_length=15)
    level = models.CharField(max_length=10, choices=Level.choices)
    name = models.CharField(max_length=80)
    parent_code = models.CharField(max_length=15, blank=True)
    geom = models.MultiPolygonField(srid=4326)
    area_m2 = models.FloatField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)
    synthetic = models.BooleanField(default=False)

    objects: ClassVar[AreaQuerySet] = AreaQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(valid_to__isnull=True),
                name="citygis_area_one_open_version_per_code",
            ),
            models.UniqueConstraint(
                fields=["code", "valid_from"], name="citygis_area_one_version_per_day"
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="citygis_area_level_is_known"
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^\d{4,15}$"), name="citygis_area_code_is_digits"
            ),
        ]
        indexes = [models.Index(fields=["level", "parent_code"], name="citygis_area_children")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Place(models.Model):
    """A named place or address that an operator may type (标准地址/兴趣点).

    `folded` is the name as it is searched (lower case, no blanks), `initials` are its pinyin
    initials, `grams` all pairs of neighbouring characters of name and address: PostgreSQL's
    trigrams do not find Chinese words of two characters.
    """

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    address = models.CharField(max_length=200, blank=True)
    folded = models.CharField(max_length=120, default="", editable=False)
    initials = models.CharField(max_length=60, blank=True)
    grams = ArrayField(models.CharField(max_length=2), default=list, editable=False)
    location = models.PointField(srid=4326)
    district_code = models.CharField(max_length=6, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "address", "district_code"], name="citygis_place_is_loaded_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["folded"], opclasses=["text_pattern_ops"], name="citygis_place_folded"
            ),
            models.Index(
                fields=["initials"], opclasses=["text_pattern_ops"], name="citygis_place_initials"
            ),
            GinIndex(fields=["grams"], name="citygis_place_grams"),
        ]

    def __str__(self) -> str:
        return self.name


class Topic(models.TextChoices):
    """What has a version of its own."""

    AREAS = "AREAS", _("区划与网格")
    BASE = "BASE", _("底图")


class DataVersion(models.Model):
    """A number that a database trigger moves with every change of the areas or of the base map.

    Snapshots and tiles are as fresh as this number. It never takes a value twice.
    """

    topic = models.CharField(max_length=10, choices=Topic.choices, primary_key=True)
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(topic__in=Topic.values), name="citygis_dataversion_topic_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.number}"


class BaseFeature(models.Model):
    """A drawn thing of our own base map: water, green, road, building, label."""

    layer = models.CharField(max_length=20)
    name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    min_zoom = models.SmallIntegerField(default=0)
    geom = models.GeometryField(srid=3857)

    class Meta:
        indexes = [models.Index(fields=["layer", "min_zoom"], name="citygis_base_layer")]

    def __str__(self) -> str:
        return f"{self.layer} {self.name}"
