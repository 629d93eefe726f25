"""The handler's queue page: its list, counters, filters, batch, export and acknowledgements."""
