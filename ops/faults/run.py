"""One run: rounds of load and faults, each followed by rest and a count."""

import os
import threading
import time
from dataclasses import dataclass, field

import psycopg2

from config.subscriptions import SUBSCRIBERS
from ops.faults import counting, filling, recovery, report, stage
from ops.faults.counting import Finding
from ops.faults.diary import Diary
from ops.faults.kills import Done, Killer, Schedule
from ops.faults.load import DISTRICTS, Load
from ops.faults.plan import Plan
from ops.faults.quiet import Quiet
from ops.faults.recovery import Recovery
from ops.faults.screens import Screen, Wall
from ops.instance import StartError, shown, stop_calmly
from ops.steps import say

WRITERS, MOVERS = 5, 3
REST_S = 45.0
READY_S = 60.0
DUE_EVERY_S = 0.7
MAKE_DUE = """UPDATE dispatch_timer
SET due_at = now() - interval '1 second', next_at = now() - interval '1 second',
    said_percent = 99 WHERE id IN (
  SELECT id FROM dispatch_timer WHERE state = 'RUNNING' AND due_at > now() AND overdue_at IS NULL
  ORDER BY id DESC LIMIT 4)"""


@dataclass
class Round:
    """What one round brought."""

    number: int
    faults: list[Done]
    acknowledged: int
    moves: int
    rest_s: float
    machine_load: float
    findings: list[Finding]
    recoveries: list[Recovery]


@dataclass
class Run:
    """The city, its load, its screens, and what was found."""

    stage: stage.Stage
    seed: int
    faults: int
    diary: Diary = field(default_factory=Diary)
    rounds: list[Round] = field(default_factory=list)

    def open(self) -> None:
        """Start the city, the screens and the (resting) load. Raises StartError and its like."""
        stage.start_servers(self.stage)
        self.people = filling.fill()
        stage.start_processes(self.stage)
        ports = list(self.stage.ports.values())
        token = self.people.tokens["commander1"]
        self.screens = [
            Screen(f"{district}-{n}", district, ports, token, flaps=n == 2)  # noqa: PLR2004
            for district in DISTRICTS
            for n in range(3)
        ]
        self.wall = Wall(ports, token)
        self.quiet = Quiet(self.stage, self.screens, self.wall, SUBSCRIBERS)
        self.killer = Killer(self.stage)
        for screen in (*self.screens, self.wall):
            screen.start()
        self.load = Load(list(self.stage.ports.values()), self.people, self.diary, self.seed)
        self.load.start(WRITERS, MOVERS)
        threading.Thread(target=self._make_clocks_due, daemon=True).start()
        if not self.stage.keeper.wait(self._is_open, READY_S):
            raise StartError(f"The city did not open; see {self.stage.place.folder}/log")
        for screen in (*self.screens, self.wall):
            screen.closings.clear()

    def round(self, number: int, schedule: Schedule) -> Round:
        """Load and faults, then rest, then the count."""
        first = len(self.killer.done)
        before = len(self.diary.receipts), len(self.diary.moves)
        self.load.busy.set()
        plan = Plan(schedule.of_a_round(self.faults), self.killer, self.screens)
        self.stage.keeper.wait(plan.is_over)
        self.load.busy.clear()
        end = time.time()
        self.killer.let_go(all_of_them=True)
        findings = self._rest_and_count()
        faults = self.killer.done[first:]
        return Round(
            number=number,
            faults=faults,
            acknowledged=len(self.diary.receipts) - before[0],
            moves=len(self.diary.moves) - before[1],
            rest_s=time.time() - end,
            machine_load=os.getloadavg()[0],
            findings=findings,
            recoveries=recovery.of_round(faults, self.screens, self.diary.answered_at, end),
        )

    def _rest_and_count(self) -> list[Finding]:
        keeper = self.stage.keeper
        keeper.wait(self.load.is_idle, 15)
        if not keeper.wait(self.quiet.has_come, REST_S):
            restless = Finding(counting.STALE, f"no rest: {', '.join(self.quiet.left)}")
            return [restless, *self._count()]
        return self._count()

    def _count(self) -> list[Finding]:
        connection = self.stage.connect()
        try:
            records = counting.read(connection)
        finally:
            connection.close()
        found = counting.count(records, self.diary, self.screens, SUBSCRIBERS)
        return [*found, *counting.wall_counts(self.wall.tally, records)]

    def _is_open(self) -> bool:
        self.quiet.has_come()
        waiting = [what for what in self.quiet.left if "ready" in what or "connected" in what]
        return not waiting

    def _make_clocks_due(self) -> None:
        while not self.load.over.wait(DUE_EVERY_S):
            if not self.load.busy.is_set():
                continue
            try:
                connection = self.stage.connect()
                with connection, connection.cursor() as cursor:
                    cursor.execute(MAKE_DUE)
                connection.close()
            except psycopg2.Error:
                continue

    def close(self) -> None:
        """End the load and the screens."""
        self.load.over.set()
        for screen in (*self.screens, self.wall):
            screen.over.set()


def all_rounds(city: stage.Stage, *, seed: int, rounds: int, faults: int) -> int:
    """Run the rounds on a stage whose settings are in force; return the exit code.

    Raises StartError and its like.
    """
    run = Run(city, seed, faults)
    try:
        say(f"Seed {seed}, {rounds} rounds. Starting a private city in {shown(city.place.folder)}")
        run.open()
        schedule = Schedule(seed)
        for number in range(1, rounds + 1):
            run.rounds.append(run.round(number, schedule))
            report.tell_round(run.rounds[-1])
        run.close()
    finally:
        stop_calmly(city.keeper)
    report.keep(run)
    report.tell(run)
    wrong = any(done.findings for done in run.rounds)
    return 1 if wrong or run.diary.refusals or run.diary.broken else 0
