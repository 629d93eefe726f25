"""Partitions of the plane without gap or overlap: faces of lines, merged slivers, reading order.

Neighbours share every vertex of their common border, so that unions leave no hair cracks and a
point between two cells lies in one of them (domain.md 1.2).
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Integers = NDArray[np.int64]
Shapes = NDArray[np.object_]


def faces(
    lines: Sequence[BaseGeometry], *, grid: float | None = None, longest: float | None = None
) -> Shapes:
    """The areas that lines enclose; crossings are snapped to `grid`, edges cut to `longest`."""
    noded = shapely.union_all(np.asarray(lines, dtype=object), grid_size=grid)
    if longest is not None:
        noded = shapely.segmentize(noded, longest)
    found: Shapes = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return found


def merge_small(cells: Shapes, owners: Integers, *, least: float) -> tuple[Shapes, Integers]:
    """Join each cell smaller than `least` to the neighbour of its owner with the longest border.

    Returns the cells that are left and their owners; a cell without such a neighbour stays.
    """
    while True:
        small = np.flatnonzero(shapely.area(cells) < least)
        into = np.arange(len(cells))
        for one, other in _best_neighbours(cells, owners, small):
            root_one, root_other = _root(into, one), _root(into, other)
            into[root_one] = root_other
        groups = np.array([_root(into, cell) for cell in range(len(cells))])
        if len(np.unique(groups)) == len(cells):
            return cells, owners
        cells, owners = _united(cells, owners, groups)


def unite(cells: Shapes, keys: Sequence[str]) -> dict[str, BaseGeometry]:
    """The union of the cells of each key, every vertex kept."""
    order = np.argsort(np.asarray(keys), kind="stable")
    names, starts = np.unique(np.asarray(keys)[order], return_index=True)
    groups = np.split(cells[order], starts[1:])
    return {
        str(name): shapely.coverage_union_all(group)
        for name, group in zip(names, groups, strict=True)
    }


def reading_order(cells: Shapes, row_height: float | None = None) -> Integers:
    """The positions of the cells row by row: north to south, within a row west to east.

    That is the order of the last three digits of a cell code (domain.md 1.2.1). `row_height` says
    that the cells lie on a lattice with lines at its multiples; without it rows are as high as the
    middle one of the cells, counted from the northernmost.
    """
    middles = shapely.get_coordinates(shapely.centroid(cells))
    if row_height is not None:
        rows = -np.floor(middles[:, 1] / row_height)
    else:
        bounds = shapely.bounds(cells)
        height = max(float(np.median(bounds[:, 3] - bounds[:, 1])), 1e-12)
        rows = np.floor((middles[:, 1].max() - middles[:, 1]) / height + 0.5)
    return np.lexsort((middles[:, 1], middles[:, 0], rows)).astype(np.int64)


def shared_border(one: Shapes, other: Shapes) -> NDArray[np.float64]:
    """The length of the common border of each pair."""
    lengths: NDArray[np.float64] = shapely.length(
        shapely.intersection(shapely.boundary(one), shapely.boundary(other))
    )
    return lengths


def _best_neighbours(cells: Shapes, owners: Integers, small: Integers) -> list[tuple[int, int]]:
    """Each small cell with the neighbour of the same owner that it borders on the longest."""
    asked, others = shapely.STRtree(cells).query(cells[small], predicate="intersects")
    mine = small[asked]
    apart = (mine != others) & (owners[mine] == owners[others])
    mine, others = mine[apart], others[apart]
    lengths = shared_border(cells[mine], cells[others])
    best: dict[int, tuple[float, int]] = {}
    for one, other, length in zip(mine.tolist(), others.tolist(), lengths.tolist(), strict=True):
        if length > 0:
            best[one] = max(best.get(one, (0.0, -1)), (length, other))
    return [(one, other) for one, (_, other) in sorted(best.items())]


def _root(into: Integers, cell: int) -> int:
    while into[cell] != cell:
        cell = int(into[cell])
    return cell


def _united(cells: Shapes, owners: Integers, groups: Integers) -> tuple[Shapes, Integers]:
    """The union of each group; cells that stay alone are not touched."""
    roots, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    merged = np.empty(len(roots), dtype=object)
    alone = sizes[inverse] == 1
    merged[inverse[alone]] = cells[alone]
    for group in np.flatnonzero(sizes > 1):
        merged[group] = shapely.coverage_union_all(cells[inverse == group])
    return merged, owners[roots]
