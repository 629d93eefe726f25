"""Loads areas and places from the files that cities have."""
