"""Photographs: stored without metadata, given out to who may see their case."""
