"""Unit grids: partitions of the plane, and the grids of a community."""
