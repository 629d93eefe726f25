"""The clocks of a case as rows: planned, swept, explained and worked out anew."""
