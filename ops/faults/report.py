"""What a run prints and keeps."""

import json
import subprocess
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ops.faults import counting, recovery
from ops.processes import ROOT
from ops.steps import say

if TYPE_CHECKING:
    from ops.faults.run import Round, Run

SHOWN = 4


def tell_round(done: "Round") -> None:
    """One line, and the first things that are wrong."""
    faults = ", ".join(fault.kind for fault in done.faults)
    counted = Counter(finding.kind for finding in done.findings)
    verdict = ", ".join(f"{n} {kind}" for kind, n in counted.items()) or "nothing wrong"
    say(
        f"round {done.number:2}: {done.acknowledged:4} intakes {done.moves:4} moves, at rest after "
        f"{done.rest_s:4.1f} s, machine load {done.machine_load:.0f}: {verdict}   [{faults}]"
    )
    for finding in done.findings[:SHOWN]:
        say(f"          {finding.kind}: {finding.words[:300]}")


def tell(run: "Run") -> None:
    """The table, then the sums."""
    lines = recovery.table([r for done in run.rounds for r in done.recoveries])
    say(f"\n{'fault':26}{'times':>6}{'alone':>6}{'median s':>10}{'worst s':>9}"
        f"{'silent s':>10}{'late s':>8}  goal                 met")  # fmt: skip
    for line in lines:
        met = {None: "-", True: "yes", False: "NO"}[line.is_met]
        say(f"{line.kind:26}{line.times:6}{line.measured:6}{line.median_s:10.2f}{line.worst_s:9.2f}"
            f"{line.silent_s:10.2f}{line.late_s:8.2f}  {line.goal:20} {met}")  # fmt: skip
    say("median, worst: until every screen showed something newer than the fault; silent: the")
    say("longest time without any answer to a request; late: the latest showing of an event.")
    say("alone: how many of them recovered before the next fault; only these are in the times.\n")
    sums = totals(run)
    say("  ".join(f"{name}: {value}" for name, value in sums.items()))
    for words in run.diary.refusals[:SHOWN]:
        say(f"  unexpected answer: {words[:300]}")
    for screen in (*run.screens, run.wall):
        if screen.closings or screen.asked_again:
            say(f"  {screen.name}: {dict(screen.closings)}, asked again {screen.asked_again}")


def totals(run: "Run") -> dict[str, int]:
    """All rounds together."""
    counted = Counter(finding.kind for done in run.rounds for finding in done.findings)
    return {
        "rounds": len(run.rounds),
        "faults": sum(len(done.faults) for done in run.rounds),
        "requests": run.diary.requests,
        "without answer": run.diary.failures,
        "answers 500": run.diary.broken,
        "intakes acknowledged": len(run.diary.receipts),
        "moves acknowledged": len(run.diary.moves),
        "events shown": sum(len(screen.seen) for screen in run.screens),
        **{kind: counted[kind] for kind in counting.KINDS},
        "unexpected answers": len(run.diary.refusals),
    }


def keep(run: "Run") -> None:
    """Write everything to var/faults/<seed>-<time>.json."""
    body: dict[str, Any] = {
        "seed": run.seed,
        "commit": _commit(),
        "totals": totals(run) if run.rounds else {},
        "recovery": [
            asdict(line)
            for line in recovery.table([r for done in run.rounds for r in done.recoveries])
        ],
        "rounds": [asdict(done) for done in run.rounds],
        "refusals": run.diary.refusals,
    }
    name = time.strftime(f"{run.seed}-%Y%m%d-%H%M%S.json")
    text = json.dumps(body, ensure_ascii=False, indent=1)
    (run.stage.place.folder / name).write_text(text, "utf-8")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
