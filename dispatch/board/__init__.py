"""The open cases of the city in memory: counted and drawn without a query (ADR 0013)."""
