"""The demo city at work: units, duties, people, weeks of history, and a day that goes on.

Everything is invented; nothing of it is loaded unless the setting DEMO is on.
"""
