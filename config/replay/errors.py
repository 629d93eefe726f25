"""Why a replay cannot run: the file, the mapping or an option; the message says what to do."""


class ReplayError(Exception):
    """What is wrong, where, and what to do about it."""
