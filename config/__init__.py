"""Knows everybody; nobody knows it."""

