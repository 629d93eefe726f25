"""Which polygon of a set covers a point: a bucket index over polygons, exact, for one or millions.

The bounding box is laid out in buckets. A bucket that lies wholly inside one polygon answers
without any geometry; the others name the few polygons that touch them, and GEOS decides. A point
on a shared border belongs to the polygon that comes first in the sequence (architecture.md 8).
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MIN_SIDE = 64
BUCKETS_PER_POLYGON = 4
MARGIN_DEGREES = 1e-9
"""Buckets overlap by this much, so that rounding cannot put a point beside its bucket."""


class Covering:
    """Polygons in the order of preference, searchable by point; never changes once made.

    Safe to use from several threads: the lazy indexes of the prepared polygons are built here.
    """

    def __init__(self, polygons: Sequence[BaseGeometry] | NDArray[np.object_]) -> None:
        self._polygons = np.asarray(polygons, dtype=object)
        self._west, self._south, self._east, self._north = 0.0, 0.0, -1.0, -1.0
        if len(polygons):
            bounds = shapely.total_bounds(self._polygons)
            self._west, self._south, self._east, self._north = (float(edge) for edge in bounds)
        self._side = max(MIN_SIDE, math.ceil(math.sqrt(BUCKETS_PER_POLYGON * len(polygons))))
        self._width = max(self._east - self._west, MARGIN_DEGREES) / self._side
        self._height = max(self._north - self._south, MARGIN_DEGREES) / self._side
        self._prepare()
        self._fill_buckets()

    def __len__(self) -> int:
        return len(self._polygons)

    def find(self, lon: float, lat: float) -> int:
        """The position of the first polygon that covers the point, or -1."""
        if not (self._west <= lon <= self._east and self._south <= lat <= self._north):
            return -1
        column = min(int((lon - self._west) / self._width), self._side - 1)
        row = min(int((lat - self._south) / self._height), self._side - 1)
        bucket = row * self._side + column
        whole = self._whole_list[bucket]
        if whole >= 0:
            return whole
        for candidate in self._candidates_list[
            self._start_list[bucket] : self._start_list[bucket + 1]
        ]:
            if shapely.intersects_xy(self._polygons[candidate], lon, lat):
                return candidate
        return -1

    def find_many(self, lons: Floats, lats: Floats) -> Integers:
        """`find` of each point, at millions a second."""
        inside = (lons >= self._west) & (lons <= self._east)
        inside &= (lats >= self._south) & (lats <= self._north)
        near = np.flatnonzero(inside)
        buckets = self._buckets_of(lons[near], lats[near])
        found = np.full(len(lons), -1, dtype=np.int64)
        found[near] = self._whole[buckets]
        counts = self._start[buckets + 1] - self._start[buckets]
        undecided = np.flatnonzero((found[near] < 0) & (counts > 0))
        undecided = undecided[np.argsort(buckets[undecided], kind="stable")]
        points, polygons = self._pairs(buckets[undecided], counts[undecided])
        asked = near[undecided]
        hits = shapely.intersects_xy(
            self._polygons[polygons], lons[asked][points], lats[asked][points]
        )
        points, polygons = points[hits], polygons[hits]
        first = np.ones(len(points), dtype=bool)
        first[1:] = points[1:] != points[:-1]
        found[asked[points[first]]] = polygons[first]
        return found

    def _prepare(self) -> None:
        """Prepare the polygons and ask each once: GEOS builds its index on the first question."""
        shapely.prepare(self._polygons)
        for polygon in self._polygons:
            west, south, east, north = polygon.bounds
            shapely.intersects_xy(polygon, (west + east) / 2, (south + north) / 2)

    def _fill_buckets(self) -> None:
        side = self._side
        boxes = self._boxes() if len(self._polygons) else np.array([], dtype=object)
        buckets, polygons = shapely.STRtree(self._polygons).query(boxes, predicate="intersects")
        order = np.lexsort((polygons, buckets))
        buckets, self._candidates = buckets[order], polygons[order].astype(np.int64)
        self._start = np.searchsorted(buckets, np.arange(side * side + 1)).astype(np.int64)
        self._whole = np.full(side * side, -1, dtype=np.int64)
        lone = np.flatnonzero(np.diff(self._start) == 1)
        owners = self._candidates[self._start[lone]]
        within = shapely.contains_properly(self._polygons[owners], boxes[lone])
        self._whole[lone[within]] = owners[within]
        self._whole_list: list[int] = self._whole.tolist()
        self._start_list: list[int] = self._start.tolist()
        self._candidates_list: list[int] = self._candidates.tolist()

    def _boxes(self) -> NDArray[np.object_]:
        steps = np.arange(self._side)
        columns, rows = (axis.ravel() for axis in np.meshgrid(steps, steps))
        boxes: NDArray[np.object_] = shapely.box(
            self._west + columns * self._width - MARGIN_DEGREES,
            self._south + rows * self._height - MARGIN_DEGREES,
            self._west + (columns + 1) * self._width + MARGIN_DEGREES,
            self._south + (rows + 1) * self._height + MARGIN_DEGREES,
        )
        return boxes

    def _buckets_of(self, lons: Floats, lats: Floats) -> Integers:
        columns = ((lons - self._west) / self._width).astype(np.int64)
        rows = ((lats - self._south) / self._height).astype(np.int64)
        np.minimum(columns, self._side - 1, out=columns)
        np.minimum(rows, self._side - 1, out=rows)
        return rows * self._side + columns

    def _pairs(self, buckets: Integers, counts: Integers) -> tuple[Integers, Integers]:
        """Each undecided point with each polygon that touches its bucket, in order."""
        points = np.repeat(np.arange(len(buckets)), counts)
        step = np.arange(len(points)) - np.repeat(np.cumsum(counts) - counts, counts)
        return points, self._candidates[self._start[buckets][points] + step]
