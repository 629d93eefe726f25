"""`make faults`: kills every process under load in random schedules and counts what was lost.

SEED= draws other schedules, ROUNDS= sets how many (20). Prints a line for each round and one table,
keeps JSON under var/faults, and ends with 1 when anything was lost, doubled, out of order, half
written or left stale, or when an answer was wrong or a 500. It starts its own PostgreSQL, Valkey
and processes and touches no others.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

import django

from ops.faults import stage
from ops.instance import CANNOT_START, stop_on_signals
from ops.place import PlaceTakenError
from ops.steps import say

FAULTS = 4
COULD_NOT_RUN = 2


def main(words: list[str]) -> int:
    """Run all rounds; return the exit code."""
    stop_on_signals()
    options = _options(words)
    try:
        city = stage.set_up(options.folder)
        with city.place.locked():
            os.environ.update(stage.environment(city))
            django.setup()
            run = import_module("ops.faults.run")
            return int(
                run.all_rounds(
                    city, seed=options.seed, rounds=options.rounds, faults=options.faults
                )
            )
    except PlaceTakenError:
        say("Another make faults runs in this folder.")
    except CANNOT_START as error:
        say(f"\nNothing could be killed: {error}")
    except KeyboardInterrupt:
        say("\nInterrupted.")
    return COULD_NOT_RUN


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.faults")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 1))
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS") or 20))
    parser.add_argument("--faults", type=int, default=FAULTS, help="in each round")
    parser.add_argument("--folder", type=Path, default=Path("var/faults"))
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
