"""Weeks that are over: planned as a whole, then written through the real doors and moves."""
