"""Joining cases and parting them again (domain.md 4.3)."""
