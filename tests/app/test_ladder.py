"""Who hears when: each mark of a clock is said once, in its order, to its level."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from dispatch import catalogue
from dispatch.actions import timing
from dispatch.casefile import case_for
from dispatch.models import Case, Escalation, Event, LadderStep, Timer
from dispatch.timekeeping import sweeping
from dispatch.timekeeping.ladder import WORKDAYS
from dispatch.timekeeping.planning import moment_of
from dispatch.timekeeping.sweeping import sweep_due
from tests.app.test_disputes import dispatched, disposal, log, move
from tests.app.threads import at_once
from tests.city import NOW, City

ROOT = Path(__file__).resolve().parents[2]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATE = NOW + 60 * DAY


def at_work(city: City) -> Case:
    """A case whose unit has signed, with three workdays for its work."""
    return move(city, dispatched(city, "E0105"), "handler1", "sign")


def said(timer: Timer) -> list[tuple[str, int, str]]:
    """Topic, mark and level of the marks of a clock in the order of the log."""
    events = Event.objects.filter(topic__startswith="timer.", payload__timer=timer.pk)
    return [
        (event.topic, mark_of(event), event.payload["level"])
        for event in events.order_by("id")
        if "level" in event.payload
    ]


def mark_of(event: Event) -> int:
    """The mark that an event says: percent, or workdays beyond them."""
    payload = event.payload
    assert ("percent" in payload) is not ("workdays" in payload)
    return int(payload["percent"] if "percent" in payload else WORKDAYS + payload["workdays"])


MARKS = (75, 100, WORKDAYS + 1, WORKDAYS + 3, WORKDAYS + 5)
LADDER = list(
    zip(
        ("timer.near", "timer.overdue", *["timer.escalated"] * 3),
        MARKS,
        ("HOLDER", "HEAD", "PARENT", "DUTY_LEADER", "COMMANDER"),
        strict=True,
    )
)
"""The ladder of an ordinary disposal: after the due time it counts in workdays."""


def test_a_clock_that_passed_every_mark_while_all_was_down_says_them_in_their_order(
    city: City,
) -> None:
    timer = disposal(at_work(city))

    sweep_due(now=LATE)

    assert said(timer) == LADDER
    kept = Escalation.objects.filter(timer=timer).order_by("percent")
    assert [one.percent for one in kept] == list(MARKS)
    timer.refresh_from_db()
    assert (timer.next_at, timer.overdue_at) == (None, LATE)


def test_each_mark_is_said_at_its_moment_in_working_time_and_not_before(city: City) -> None:
    timer = disposal(at_work(city))
    moments = [moment_of(timer, mark) for mark in MARKS]

    for n, moment in enumerate(moments):
        sweep_due(now=moment - MINUTE)
        assert len(said(timer)) == n
        sweep_due(now=moment)
        assert said(timer) == LADDER[: n + 1]


def test_the_statement_reckons_the_next_mark_as_the_calendar_does(city: City) -> None:
    unit = city.units["A2"]
    unit.always_on = True
    unit.save(update_fields=["always_on"])
    catalogue.refresh()
    cases = [dispatched(city), at_work(city), log(city)]
    timers = list(Timer.objects.filter(case__in=cases, state="RUNNING"))
    ladders = {t.pk: catalogue.current().ladder(t.stage, t.case.priority) for t in timers}
    moments = sorted(
        (moment_of(timer, step.percent), timer.pk, step.percent, above.percent)
        for timer in timers
        for step, above in itertools.pairwise(ladders[timer.pk])
    )
    assert len(timers) >= 7
    assert {WORKDAYS + 5, 300} <= {above for *_, above in moments}

    for now, pk, percent, above in moments:
        sweep_due(now=now)
        timer = Timer.objects.get(pk=pk)
        assert timer.said_percent == percent
        assert timer.next_at == moment_of(timer, above)


def test_the_clock_moved_back_and_forth_an_hour_says_nothing_twice(city: City) -> None:
    timer = disposal(at_work(city))
    near = moment_of(timer, 75)

    for hours in (0, -1, 1, -1, 0, 1):
        sweep_due(now=near + timedelta(hours=hours))

    assert said(timer) == LADDER[:1]


def test_an_event_names_level_and_units_and_no_person(city: City) -> None:
    case = at_work(city)
    timer = disposal(case)

    sweep_due(now=LATE)

    unit, parent = city.units["A2"].pk, city.units["A0"].pk
    events = Event.objects.filter(payload__timer=timer.pk, topic__startswith="timer.")
    assert {event.payload["level"]: event.payload["units"] for event in events} == {
        "HOLDER": [unit],
        "HEAD": [unit],
        "PARENT": [parent],
        "DUTY_LEADER": [],
        "COMMANDER": [],
    }
    assert all(event.actor_id is None for event in events)
    first = events.earliest("id")
    assert set(first.payload) == {"stage", "timer", "due_at", "percent", "level", "units"}


def test_clocks_of_the_centre_name_no_unit(city: City) -> None:
    case = log(city)
    accept = Timer.objects.get(case=case, stage="ACCEPT")

    sweep_due(now=LATE)

    assert all(
        event.payload["units"] == []
        for event in Event.objects.filter(payload__timer=accept.pk, topic="timer.escalated")
    )


def test_an_emergency_climbs_the_call_tree_from_half_of_the_limit_on(city: City) -> None:
    case = log(city)
    Case.objects.filter(pk=case.pk).update(priority=0)
    accept = Timer.objects.get(case=case, stage="ACCEPT")

    sweep_due(now=LATE)

    levels = [(percent, level) for _, percent, level in said(accept)]
    assert levels == [
        (50, "HOLDER"),
        (75, "HOLDER"),
        (100, "HEAD"),
        (133, "PARENT"),
        (166, "DUTY_LEADER"),
        (200, "COMMANDER"),
    ]


def test_a_ladder_of_a_stage_takes_the_place_of_the_general_one_and_always_has_the_due_mark(
    city: City,
) -> None:
    LadderStep.objects.filter(stage="DISPOSAL").delete()
    LadderStep.objects.create(stage="DISPOSAL", percent=60, level="PARENT")
    catalogue.refresh()
    timer = disposal(at_work(city))

    sweep_due(now=LATE)

    assert said(timer) == [("timer.near", 60, "PARENT"), ("timer.overdue", 100, "HEAD")]


def test_an_extension_says_a_mark_again_only_when_it_is_reached_again(city: City) -> None:
    case = at_work(city)
    timer = disposal(case)
    near = moment_of(timer, 75)
    sweep_due(now=near)
    minutes = (near - NOW) / MINUTE

    move(
        city,
        case,
        "approver1",
        "request_extension",
        minutes + 1,
        days="5",
        reason="等材料",
        told="PHONE",
    )
    move(city, case, "leader1", "approve_extension", minutes + 2, reason="同意")

    timer.refresh_from_db()
    assert (timer.deadline_no, timer.said_percent) == (2, 28)
    assert sweep_due(now=near + 10 * MINUTE) == 0
    again = moment_of(timer, 75)
    assert again > near
    sweep_due(now=again)
    assert said(timer) == [LADDER[0], LADDER[0]]
    assert [one.deadline_no for one in Escalation.objects.filter(timer=timer).order_by("at")] == [
        1,
        2,
    ]


def test_an_extension_after_little_time_leaves_marks_ahead_alone(city: City) -> None:
    case = at_work(city)
    move(city, case, "approver1", "request_extension", 1, days="5", reason="等材料", told="PHONE")
    move(city, case, "leader1", "approve_extension", 2, reason="同意")

    timer = disposal(case)

    assert timer.said_percent == 0
    assert timer.next_at == moment_of(timer, 75)


def test_a_pause_moves_the_marks_and_says_none_again(city: City) -> None:
    case = at_work(city)
    timer = disposal(case)
    near = moment_of(timer, 75)
    sweep_due(now=near)
    minutes = (near - NOW) / MINUTE

    move(city, case, "handler1", "wait_citizen", minutes + 1, text="请补充照片", way="PHONE")
    assert sweep_due(now=timer.due_at) == 0
    move(city, case, "handler1", "citizen_answered", minutes + 24 * 60, text="已补充")

    timer.refresh_from_db()
    assert timer.said_percent == 75
    assert timer.next_at == timer.due_at
    assert timer.due_at > near + DAY
    sweep_due(now=timer.due_at)
    assert said(timer) == LADDER[:2]


def test_a_shorter_category_says_the_marks_that_it_has_passed(city: City) -> None:
    case = at_work(city)
    timer = disposal(case)
    later = 7 * 60

    move(city, case, "leader1", "change_category", later, category="E0104", reason="更正")

    timer.refresh_from_db()
    assert (timer.limit_amount, timer.limit_unit) == (2, "WH")
    assert timer.due_at == NOW + 120 * MINUTE
    sweep_due(now=NOW + (later + 1) * MINUTE)
    assert said(timer) == LADDER[:2]


def at(text: str) -> datetime:
    """A moment in the city, as people there write it."""
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("due_at", "notice", "circular"),
    [
        ("2026-03-02T15:00", "2026-03-03T18:00", "2026-03-09T18:00"),
        ("2026-03-06T18:00", "2026-03-09T18:00", "2026-03-13T18:00"),
        ("2026-02-13T17:00", "2026-02-14T18:00", "2026-02-27T18:00"),
        ("2026-09-30T15:00", "2026-10-08T18:00", "2026-10-13T18:00"),
    ],
)
@pytest.mark.parametrize("limit_minutes", [240, 15 * 480])
def test_five_workdays_late_are_five_by_the_calendar_however_long_the_limit_was(
    city: City, due_at: str, notice: str, circular: str, limit_minutes: int
) -> None:
    timer = disposal(at_work(city))
    when = at(due_at)
    Timer.objects.filter(pk=timer.pk).update(
        due_at=when, limit_minutes=limit_minutes, next_at=when, said_percent=75
    )
    stops = (when, at(notice) - MINUTE, at(notice), at(circular) - MINUTE, at(circular))
    counts = []

    for now in stops:
        sweep_due(now=now)
        counts.append(len(said(timer)))

    assert said(timer) == LADDER[1:]
    assert counts == [1, 1, 2, 3, 4]
    assert [one.at for one in Escalation.objects.filter(timer=timer, percent__gt=WORKDAYS)] == [
        at(notice),
        at(circular) - MINUTE,
        at(circular),
    ]


def test_a_later_deadline_that_is_late_as_well_repeats_no_mark_in_workdays(city: City) -> None:
    timer = disposal(at_work(city))
    sweep_due(now=moment_of(timer, WORKDAYS + 3))
    timer.refresh_from_db()
    now = moment_of(timer, WORKDAYS + 3)

    timing.give_deadline(timer, timer.due_at - MINUTE, now=now)
    assert timer.said_percent == WORKDAYS + 3
    timing.give_deadline(timer, timer.due_at + DAY, now=now)

    assert timer.said_percent == WORKDAYS + 2


def test_the_database_takes_a_mark_in_percent_or_in_workdays(city: City) -> None:
    for wrong in ({}, {"percent": 150, "workdays": 2}, {"workdays": 0}, {"workdays": 201}):
        with (
            pytest.raises(IntegrityError, match="counts_in_percent_or_workdays"),
            transaction.atomic(),
        ):
            LadderStep.objects.create(stage="CHECK", level="HEAD", **wrong)
    LadderStep.objects.create(stage="CHECK", level="HEAD", workdays=2)
    with pytest.raises(IntegrityError, match="one_per_mark"), transaction.atomic():
        LadderStep.objects.create(stage="CHECK", level="PARENT", workdays=2)


def test_a_city_with_another_ladder_row_for_one_priority_uses_it(city: City) -> None:
    LadderStep.objects.filter(priority=0).delete()
    LadderStep.objects.create(priority=0, percent=120, level="COMMANDER")
    catalogue.refresh()

    steps = catalogue.current().ladder("SIGN", 0)

    assert [step.percent for step in steps] == [100, 120]


def test_a_mark_whose_row_is_there_already_is_passed_over(city: City) -> None:
    timer = disposal(at_work(city))
    sweep_due(now=moment_of(timer, 75))
    Timer.objects.filter(pk=timer.pk).update(said_percent=0)

    sweep_due(now=moment_of(timer, 75))

    timer.refresh_from_db()
    assert (said(timer), timer.said_percent) == (LADDER[:1], 0)
    sweep_due(now=LATE)
    assert said(timer) == LADDER


def test_the_queue_calls_a_case_near_from_the_first_mark_of_its_clock_on(city: City) -> None:
    case = at_work(city)
    move(city, case, "handler1", "first_contact", way="PHONE", text="已联系")
    near, due = moment_of(disposal(case), 75), disposal(case).due_at

    def state(now: datetime) -> str:
        file = case_for(city["leader1"], case.case_no, now=now)
        return str(file["due"]["state"])

    assert [state(at) for at in (near - MINUTE, near, due - MINUTE, due)] == [
        "OK",
        "NEAR",
        "NEAR",
        "OVERDUE",
    ]


def test_several_sweepers_say_each_mark_once(real_city: City) -> None:
    for _ in range(6):
        dispatched(real_city)

    counts = at_once(lambda _: sweep_due(now=LATE), 4)
    counts.append(sweep_due(now=LATE))  # what two passed over because the other held it

    timers = Timer.objects.filter(state="RUNNING").count()
    assert sum(counts) == timers * len(LADDER)
    assert Escalation.objects.count() == timers * len(LADDER)
    told = Event.objects.filter(payload__has_key="level")
    pairs = [(event.payload["timer"], mark_of(event)) for event in told]
    assert len(pairs) == len(set(pairs)) == timers * len(LADDER)


def test_a_backlog_is_shared_among_connections_and_each_mark_is_said_once(real_city: City) -> None:
    for _ in range(5):
        dispatched(real_city)
    timers = Timer.objects.filter(state="RUNNING").count()

    total = sweeping._share(sweeping._given(LATE), 3)

    assert total == Escalation.objects.count() == timers * len(LADDER)
    told = Event.objects.filter(payload__has_key="level")
    assert len({(e.payload["timer"], mark_of(e)) for e in told}) == told.count() == total


def test_more_than_the_first_look_takes_is_a_backlog(
    real_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        dispatched(real_city)
    timers = Timer.objects.filter(state="RUNNING").count()
    monkeypatch.setattr(sweeping, "LOOK", 2)
    monkeypatch.setattr(sweeping, "MARKS", 3)

    total = sweep_due(now=LATE, sweepers=2)

    assert total == Escalation.objects.count() == timers * len(LADDER)


def test_a_part_holds_the_cases_of_its_own_and_the_parts_hold_them_all(real_city: City) -> None:
    for _ in range(4):
        dispatched(real_city)
    given = sweeping._given(LATE)

    swept = []
    for part in ((0, 2), (1, 2)):
        sweeping._sweep_part(given, part)
        swept.append(set(Event.objects.filter(payload__has_key="level").values_list("case_id")))

    assert len(swept[0]) == 2
    assert len(swept[1]) == 4


def test_no_second_backlog_is_shared_while_one_is_under_way(real_city: City) -> None:
    dispatched(real_city)
    given = sweeping._given(LATE)

    def hold_and_share(_: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [sweeping.SHARING_LOCK])
            shared = at_once(lambda _: sweeping._share(given, 2), 1)[0]
            cursor.execute("SELECT pg_advisory_unlock(%s)", [sweeping.SHARING_LOCK])
            return shared

    assert at_once(hold_and_share, 1) == [0]
    assert sweeping._share(given, 2) > 0


SWEEPER = """
import os, signal, sys
import django
django.setup()
from datetime import datetime
from dispatch.timekeeping import sweeping
rounds = int(sys.argv[2])
real = sweeping.outbox.ring_relay
def die():
    global rounds
    rounds -= 1
    if rounds < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real()
sweeping.outbox.ring_relay = die
sweeping.sweep_due(now=datetime.fromisoformat(sys.argv[1]))
"""


def killed_sweep(now: datetime, rounds: int) -> int:
    """A sweep in a process of its own that is killed -9 in its nth batch, before the commit."""
    settings = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**settings)
    run = subprocess.run(
        [sys.executable, "-c", SWEEPER, now.isoformat(), str(rounds)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=120,
    )
    return run.returncode


def test_a_sweep_that_is_killed_leaves_nothing_half_and_the_next_one_says_the_rest(
    real_city: City,
) -> None:
    timer = disposal(at_work(real_city))

    first = killed_sweep(LATE, 0)
    assert (first, said(timer)) == (-signal.SIGKILL, [])
    second = killed_sweep(LATE, 2)
    assert (second, said(timer)) == (-signal.SIGKILL, LADDER[:2])
    assert Escalation.objects.filter(timer=timer).count() == 2
    sweep_due(now=LATE)

    assert said(timer) == LADDER


def ask(sql: str) -> None:
    """Ask the database in a savepoint."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


REFUSED = (
    ("dispatch_ladderstep_percent_is_1_to_1000", "UPDATE dispatch_ladderstep SET percent = 0"),
    ("dispatch_ladderstep_level_is_known", "UPDATE dispatch_ladderstep SET level = 'KING'"),
    ("dispatch_ladderstep_one_per_mark",
     "INSERT INTO dispatch_ladderstep (stage, priority, percent, level)"
     " SELECT stage, priority, percent, level FROM dispatch_ladderstep WHERE priority IS NULL"),
    ("dispatch_escalation_pkey",
     "INSERT INTO dispatch_escalation SELECT * FROM dispatch_escalation"),
    ("dispatch_timer_has_a_mark_until_it_is_overdue",
     "UPDATE dispatch_timer SET next_at = NULL, overdue_at = NULL WHERE state = 'RUNNING'"),
    ("dispatch_timer_has_a_mark_until_it_is_overdue",
     "UPDATE dispatch_timer SET next_at = due_at + interval '1 second', overdue_at = NULL"
     " WHERE state = 'RUNNING'"),
    ("dispatch_standstill_ends_after_it_began",
     "INSERT INTO dispatch_standstill (timer_id, cause, since, until)"
     " SELECT id, 'MERGED', due_at, started_at FROM dispatch_timer"),
    ("dispatch_standstill_cause_is_known",
     "INSERT INTO dispatch_standstill (timer_id, cause, since, until)"
     " SELECT id, 'RAIN', started_at, due_at FROM dispatch_timer"),
    ("dispatch_season_hours_lie_in_one_day", "UPDATE dispatch_season SET afternoon_to = 1441"),
    ("dispatch_season_days_are_days", "UPDATE dispatch_season SET first_month = 13"),
    ("dispatch_season_hours_follow_each_other", "UPDATE dispatch_season SET morning_to = 900"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sql"), REFUSED, ids=[f"{n}-{i}" for i, (n, _) in
                                                        enumerate(REFUSED)])  # fmt: skip
def test_the_database_refuses(city: City, name: str, sql: str) -> None:
    dispatched(city)
    sweep_due(now=LATE)

    with pytest.raises(IntegrityError, match=name):
        ask(sql)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The snapshot of one test's ladder never reaches the next."""
    yield
    catalogue.refresh()
