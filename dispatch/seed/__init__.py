"""The default catalogue (domain.md 1.4-1.6, 2.5, 4.2) as CSV; every row may be edited later."""
