"""Deadlines follow the calendar: recomputed from the start, said once, never lost in a race."""

import contextlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import Client

from dispatch import catalogue
from dispatch.actions import timing
from dispatch.actions.errors import MoveError
from dispatch.clocks import working_minutes
from dispatch.models import Case, Event, Intake, Season, Timer, WorkCalendarDay
from dispatch.timekeeping import calendars, planning
from dispatch.timekeeping.calendars import CalendarFileError, Day
from dispatch.timekeeping.recomputing import recompute_deadlines
from dispatch.timekeeping.sweeping import sweep_due
from tests.app.test_disputes import dispatched, disposal, log, move
from tests.app.threads import at_once
from tests.city import NOW, City

MINUTE = timedelta(minutes=1)
TUESDAY, WEDNESDAY = date(2026, 3, 3), date(2026, 3, 4)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """No test's calendar reaches the next."""
    yield
    catalogue.refresh()


def at_work(city: City) -> Case:
    """A case with three workdays from Monday 09:00 on."""
    return move(city, dispatched(city, "E0105"), "handler1", "sign")


def take_off(*days: date) -> None:
    """Make workdays holidays."""
    calendars.load_days([Day(day, is_workday=False, name="防汛停工") for day in days], source="t")
    catalogue.refresh()


def told(case: Case) -> list[dict[str, str]]:
    """The payloads of the recomputations of a case."""
    events = Event.objects.filter(case_id=case.pk, topic="timer.recomputed").order_by("id")
    return [event.payload for event in events]


def test_a_day_off_moves_every_open_deadline_and_says_old_and_new_once(city: City) -> None:
    case = at_work(city)
    timer = disposal(case)
    old = timer.due_at

    take_off(TUESDAY, WEDNESDAY)
    changes = recompute_deadlines(now=NOW + MINUTE)

    timer.refresh_from_db()
    assert timer.due_at == old + timedelta(days=4)
    assert {change.stage for change in changes} == {"DISPOSAL", "REPLY", "RESPONSE"}
    of_disposal = [p for p in told(case) if p["stage"] == "DISPOSAL"]
    assert [(p["old_due_at"], p["new_due_at"]) for p in of_disposal] == [
        (old.isoformat(), timer.due_at.isoformat())
    ]
    assert recompute_deadlines(now=NOW + 2 * MINUTE) == []
    assert len(told(case)) == len(changes)


def test_the_case_and_the_voice_show_the_new_deadline(city: City) -> None:
    case = at_work(city)

    take_off(TUESDAY, WEDNESDAY)
    recompute_deadlines(now=NOW + MINUTE)

    case.refresh_from_db()
    running = Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True)
    first = running.order_by("due_at")[0]
    assert (case.due_stage, case.due_at) == (first.stage, first.due_at)
    reply = Timer.objects.get(case=case, stage="REPLY")
    assert Intake.objects.get(case=case).reply_due_at == reply.due_at


def test_a_dry_run_writes_nothing(city: City) -> None:
    case = at_work(city)
    before = list(Timer.objects.order_by("pk").values())

    take_off(TUESDAY)
    changes = recompute_deadlines(now=NOW, dry_run=True)

    assert len(changes) == 3
    assert list(Timer.objects.order_by("pk").values()) == before
    assert told(case) == []


def test_pauses_and_extensions_are_kept(city: City) -> None:
    case = at_work(city)
    move(city, case, "handler1", "wait_citizen", 60, text="请补充", way="PHONE")
    move(city, case, "handler1", "citizen_answered", 60 * 25, text="已补充")
    move(
        city,
        case,
        "approver1",
        "request_extension",
        60 * 26,
        days="1",
        reason="等材料",
        told="PHONE",
    )
    move(city, case, "leader1", "approve_extension", 60 * 27, reason="同意")
    timer = disposal(case)

    assert timing.original_due(timer) == timer.due_at
    take_off(date(2026, 3, 5))
    recompute_deadlines(now=NOW + timedelta(hours=28))

    timer.refresh_from_db()
    calendar = catalogue.current().calendar
    stood = working_minutes(NOW + 60 * MINUTE, NOW + 60 * 25 * MINUTE, calendar)
    used_up = working_minutes(NOW, timer.due_at, calendar) - stood
    assert used_up == timer.limit_minutes == 4 * 480


def test_a_clock_that_was_brought_forward_is_never_made_later(city: City) -> None:
    case = at_work(city)
    promise = NOW + timedelta(hours=30)
    timing.bring_forward(Timer.objects.filter(pk=disposal(case).pk), promise, now=NOW)

    take_off(TUESDAY, WEDNESDAY)
    recompute_deadlines(now=NOW + MINUTE)

    assert disposal(case).due_at == promise


def test_hours_around_the_clock_and_ended_clocks_stay(city: City) -> None:
    case = at_work(city)
    ended = list(Timer.objects.filter(ended_at__isnull=False).order_by("pk").values())
    urgent = timing.original_due(disposal(case))

    take_off(TUESDAY)
    recompute_deadlines(now=NOW + MINUTE)

    assert list(Timer.objects.filter(ended_at__isnull=False).order_by("pk").values()) == ended
    assert disposal(case).due_at > urgent


def test_a_marks_moment_moves_with_the_deadline_and_a_changed_ladder_is_planned_anew(
    city: City,
) -> None:
    timer = disposal(at_work(city))
    near = timer.next_at

    take_off(TUESDAY, WEDNESDAY)
    recompute_deadlines(now=NOW + MINUTE)

    timer.refresh_from_db()
    assert near is not None
    assert timer.next_at == planning.moment_of(timer, 75) > near


def test_a_run_that_was_cut_off_is_finished_by_the_next(city: City) -> None:
    cases = [at_work(city) for _ in range(3)]
    take_off(TUESDAY)

    class CutError(Exception):
        """The run is cut off."""

    def cut(_looked: int, _changed: int) -> None:
        raise CutError

    with pytest.raises(CutError):
        recompute_deadlines(now=NOW, progress=cut)
    recompute_deadlines(now=NOW)

    for case in cases:
        stages = [payload["stage"] for payload in told(case)]
        assert sorted(stages) == ["DISPOSAL", "REPLY", "RESPONSE"]


def test_a_move_and_a_recomputation_at_once_leave_one_truth(real_city: City) -> None:
    cases = [at_work(real_city) for _ in range(4)]
    take_off(TUESDAY)
    for case in cases:
        case.refresh_from_db()

    def work(n: int) -> None:
        if n < 2:
            recompute_deadlines(now=NOW + MINUTE)
            return
        case = cases[n % len(cases)]
        with contextlib.suppress(MoveError):
            move(real_city, case, "handler1", "wait_citizen", 30, text="请补充", way="PHONE")
        sweep_due(now=NOW + 31 * MINUTE)

    at_once(work, 6)

    recompute_deadlines(now=NOW + 60 * MINUTE)
    for case in cases:
        stages = [payload["stage"] for payload in told(case)]
        assert len(stages) == len(set(stages))
        for timer in Timer.objects.filter(case=case, ended_at__isnull=True):
            assert timer.due_at == timing.original_due(timer)


def test_a_file_is_taken_whole_or_refused_with_every_wrong_line() -> None:
    text = (
        "day,is_workday,name\n2027-01-01,0,元旦\n2027-13-01,0,\n2027-01-02,maybe,\n2027-01-01,0,\n"
    )

    with pytest.raises(CalendarFileError) as refusal:
        calendars.read_days(StringIO(text))

    assert [error.split(":")[0] for error in refusal.value.errors] == ["line 3", "line 4", "line 5"]
    with pytest.raises(CalendarFileError):
        calendars.read_days(StringIO("tag,frei\n"))
    with pytest.raises(CalendarFileError):
        calendars.read_days(StringIO("day,is_workday,name\n"))


def test_the_command_loads_a_file_and_moves_the_deadlines(city: City, tmp_path: Path) -> None:
    case = at_work(city)
    path = tmp_path / "days.csv"
    path.write_text("day,is_workday,name\n2026-03-03,休,地方节日\n2026-03-07,班,\n", "utf-8-sig")
    out = StringIO()

    call_command("load_calendar", str(path), stdout=out)

    assert "0 days new, 2 changed" in out.getvalue()
    assert WorkCalendarDay.objects.get(day=TUESDAY).name == "地方节日"
    assert sorted(p["stage"] for p in told(case)) == ["DISPOSAL", "RESPONSE"]
    call_command("load_calendar", str(path), stdout=out)
    assert "0 days new, 0 changed\n0 deadlines moved" in out.getvalue()


def test_a_wrong_file_changes_nothing(city: City, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text("day,is_workday,name\n2026-03-03,0,\nX,0,\n", "utf-8")

    with pytest.raises(CommandError, match="line 3"):
        call_command("load_calendar", str(path))

    assert WorkCalendarDay.objects.get(day=TUESDAY).is_workday


def test_a_year_that_the_library_does_not_know_is_refused(city: City) -> None:
    with pytest.raises(CommandError, match="2099"):
        call_command("load_calendar", "--year", "2099")


def test_the_recompute_command_says_what_it_does(city: City) -> None:
    at_work(city)
    take_off(TUESDAY)
    out = StringIO()

    call_command("recompute_deadlines", "--dry-run", stdout=out)
    call_command("recompute_deadlines", stdout=out)

    assert "3 deadlines would move" in out.getvalue()
    assert "3 deadlines moved" in out.getvalue()
    assert "DISPOSAL: 2026-03-05 09:00 -> 2026-03-06 09:00" in out.getvalue()


def test_a_unit_with_hours_of_its_own_counts_by_them(city: City) -> None:
    Season.objects.create(
        name="环卫早班", unit=city.units["A2"], first_month=1, first_day=1, last_month=12,
        last_day=31, morning_from=300, morning_to=540, afternoon_from=540, afternoon_to=780,
    )  # fmt: skip
    catalogue.refresh()

    timer = disposal(at_work(city))

    assert timer.hours_of == city.units["A2"]
    assert timer.due_at == datetime.fromisoformat("2026-03-05T09:00+08:00")
    assert timer.next_at == datetime.fromisoformat("2026-03-04T11:00+08:00")
    sweep_due(now=NOW + timedelta(days=30))
    timer.refresh_from_db()
    assert timer.next_at is None


def test_summer_hours_are_there_and_off_until_the_city_turns_them_on(city: City) -> None:
    assert set(Season.objects.values_list("name", "is_active")) == {
        ("夏季作息", False),
        ("冬季作息", False),
    }
    Season.objects.update(is_active=True)
    catalogue.refresh()
    calendar = catalogue.current().calendar

    assert calendar.slots_on(date(2026, 7, 1)) == ((480, 720), (870, 1110))
    assert calendar.slots_on(date(2026, 1, 5)) == ((480, 720), (840, 1080))


def test_a_missing_year_is_named_by_check_and_readiness_and_to_those_who_can_act(
    city: City, client: Client
) -> None:
    WorkCalendarDay.objects.filter(day__year=datetime.now().astimezone().year).delete()
    catalogue.refresh()
    year = str(datetime.now().astimezone().year)

    warnings = [
        message for message in run_checks(databases=["default"]) if message.id == "sanxian.W001"
    ]
    ready = client.get("/readyz").json()

    assert any(year in message.msg for message in warnings)
    assert year in ready["calendar"]
    assert "calendar" not in ready["status"]
    for username, sees in (("leader1", True), ("dispatcher1", False)):
        client.force_login(city[username])
        page = client.get("/queue", follow=True).content.decode()
        assert ("工作日历未导入" in page) is sees


def test_deadlines_of_a_missing_year_count_monday_to_friday(city: City) -> None:
    WorkCalendarDay.objects.filter(day__year=2026).delete()
    catalogue.refresh()

    timer = disposal(at_work(city))

    assert timer.due_at == NOW + timedelta(days=3)


def test_another_category_is_reckoned_from_the_start_with_the_pause_kept_and_both_dates_said(
    city: City,
) -> None:
    case = at_work(city)
    old = disposal(case).due_at
    move(city, case, "handler1", "wait_citizen", 60, text="请补充", way="PHONE")
    move(city, case, "handler1", "citizen_answered", 120, text="已补充")

    move(city, case, "leader1", "change_category", 180, category="E0104", reason="更正")

    timer = disposal(case)
    event = Event.objects.get(case_id=case.pk, topic="case.recategorised")
    assert timer.due_at == datetime.fromisoformat("2026-03-02T12:00+08:00")
    assert event.payload["new_due_at"] == timer.due_at.isoformat()
    assert datetime.fromisoformat(event.payload["old_due_at"]) > old


def test_a_rework_keeps_its_own_limit_when_the_category_changes(city: City) -> None:
    case = at_work(city)
    move(city, case, "approver1", "submit_result", 10, text="好了")
    move(city, case, "dispatcher1", "ask_check", 11)
    move(city, case, "inspector1", "check_fail", 12, reason="没好")
    due = disposal(case).due_at

    move(city, case, "leader1", "change_category", 13, category="E0104", reason="更正")

    assert disposal(case).due_at == due
    assert log(city).due_at > NOW
