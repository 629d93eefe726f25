"""A deadline is a row: started, stopped, paused and swept once."""

from datetime import timedelta

from dispatch import catalogue
from dispatch.lifecycle import Stage
from dispatch.models import Case, Event, Timer
from dispatch.models.cases import NEVER
from dispatch.timekeeping.sweeping import sweep_due
from tests.app.test_disputes import dispatched, log, move, processing
from tests.city import NOW, City

MINUTE = timedelta(minutes=1)


def running(case: Case) -> set[str]:
    """The stages whose clock runs, the voices' own left out."""
    return set(
        Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True).values_list(
            "stage", flat=True
        )
    )


def test_each_state_runs_its_own_clock(city: City) -> None:
    case = log(city)
    assert running(case) == {Stage.ACCEPT}
    for who, name, expected in (
        ("receiver1", "accept", {Stage.FILE}),
        ("leader1", "file", {Stage.DISPATCH}),
        ("dispatcher1", "dispatch", {Stage.SIGN, Stage.DISPOSAL}),
        ("handler1", "sign", {Stage.RESPONSE, Stage.DISPOSAL}),
    ):
        assert running(move(city, case, who, name)) == expected
    move(city, case, "handler1", "first_contact", way="PHONE", text="已联系")
    assert running(case) == {Stage.DISPOSAL}
    move(city, case, "approver1", "submit_result", text="已清理")
    assert running(case) == {Stage.CHECK}


def test_a_clock_that_ends_in_time_is_met_and_one_that_does_not_is_missed(city: City) -> None:
    case = dispatched(city)
    sign = Timer.objects.get(case=case, stage=Stage.SIGN)

    late = (sign.due_at - NOW) / MINUTE + 1
    move(city, case, "handler1", "sign", minutes=late)

    sign.refresh_from_db()
    assert (sign.state, sign.ended_at) == ("MISSED", NOW + late * MINUTE)
    accept = Timer.objects.get(case=case, stage=Stage.ACCEPT)
    assert accept.state == "MET"


def test_a_clock_that_ends_at_its_last_moment_is_met(city: City) -> None:
    case = dispatched(city)
    sign = Timer.objects.get(case=case, stage=Stage.SIGN)

    move(city, case, "handler1", "sign", minutes=(sign.due_at - NOW) / MINUTE)

    sign.refresh_from_db()
    assert sign.state == "MET"


def test_the_case_shows_its_earliest_running_clock(city: City) -> None:
    case = processing(city)
    first = Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True)
    earliest = first.order_by("due_at").first()

    assert earliest is not None
    assert (case.due_stage, case.due_at) == (earliest.stage, earliest.due_at)


def test_an_ended_case_has_no_running_clock_and_is_due_never(city: City) -> None:
    case = move(city, processing(city), "leader1", "void", reason="误报")

    assert not Timer.objects.filter(case=case, state__in=["RUNNING", "PAUSED"]).exists()
    assert (case.due_stage, case.due_at) == ("", NEVER)


def test_a_sweep_marks_what_is_due_once_however_often_it_runs(city: City) -> None:
    case = dispatched(city)
    late = NOW + timedelta(days=30)

    first, again = sweep_due(now=late), sweep_due(now=late + MINUTE)

    assert (first > 0, again) == (True, 0)
    marked = Timer.objects.filter(case=case, overdue_at=late)
    assert marked.count() == 3
    told = Event.objects.filter(case_id=case.pk, topic="timer.overdue")
    assert sorted(e.payload["timer"] for e in told) == sorted(timer.pk for timer in marked)


def test_a_sweep_before_the_time_marks_nothing(city: City) -> None:
    case = dispatched(city)
    clocks = Timer.objects.filter(case=case, state="RUNNING").order_by("next_at")
    first = clocks[0].next_at or NOW
    due_first = clocks.filter(next_at=first).count()

    assert sweep_due(now=first - MINUTE) == 0
    assert sweep_due(now=first) == due_first


def test_a_clock_moved_back_an_hour_changes_nothing(city: City) -> None:
    dispatched(city)
    late = NOW + timedelta(days=30)
    marked = sweep_due(now=late)

    assert marked > 0
    assert sweep_due(now=late - timedelta(hours=1)) == 0
    assert sweep_due(now=late + timedelta(hours=1)) == 0


def test_an_overdue_mark_does_not_take_the_case_out_of_the_queue(city: City) -> None:
    case = dispatched(city)
    before = Case.objects.values("state", "version", "due_at").get(pk=case.pk)

    sweep_due(now=NOW + timedelta(days=30))

    assert Case.objects.values("state", "version", "due_at").get(pk=case.pk) == before


def test_a_bounced_result_gives_the_disposal_clock_back_what_it_stood_still(city: City) -> None:
    case = processing(city)
    disposal = Timer.objects.get(case=case, stage=Stage.DISPOSAL)
    move(city, case, "approver1", "submit_result", minutes=10, text="好了")

    move(city, case, "dispatcher1", "bounce", minutes=40, reason="看不清")

    again = Timer.objects.get(case=case, stage=Stage.DISPOSAL)
    assert again.pk == disposal.pk
    assert (again.state, again.ended_at) == ("RUNNING", None)
    assert again.due_at == disposal.due_at + 30 * MINUTE


def test_a_rework_starts_a_clock_of_its_own(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "submit_result", text="好了")
    move(city, case, "dispatcher1", "ask_check")
    move(city, case, "inspector1", "check_fail", reason="没好")

    clocks = Timer.objects.filter(case=case, stage=Stage.DISPOSAL).order_by("id")
    assert [clock.state for clock in clocks] == ["MET", "RUNNING"]
    assert case.rework_count == 1


def test_a_unit_that_always_works_is_due_by_the_hours_of_the_day(city: City) -> None:
    unit = city.units["A2"]
    unit.always_on = True
    unit.save(update_fields=["always_on"])
    case = log(city)
    for who, name in (("receiver1", "accept"), ("leader1", "file")):
        move(city, case, who, name)
    evening = 10 * 60
    move(city, case, "dispatcher1", "dispatch", minutes=evening)

    sign = Timer.objects.get(case=case, stage=Stage.SIGN)
    limit = catalogue.current().stage_limit(Stage.SIGN, case.priority)
    assert case.lead_unit == unit
    assert sign.due_at > sign.started_at
    by_day = catalogue.current().due(sign.started_at, limit, always_on=True)
    assert sign.due_at == by_day
