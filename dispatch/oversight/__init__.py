"""Watching over the work of others: alarms of abuse, counters of returns, threads of a case."""
