"""Feeds the records of other systems through the door of live traffic (docs/replay.md)."""
