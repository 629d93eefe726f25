"""What an undone merge gives back: deadlines, clocks, tasks (domain.md 4.3, rule 7).

Nothing is put back from a note of how it was. A deadline is worked out anew as rule 3 says: the
case's own, with all that stood still or was granted since, and the earliest of what still lies in
it. So it does not matter in which order merges are undone, or what else has happened meanwhile.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from dispatch.actions import tasks, timing, undertakings
from dispatch.models import Assignment, Case, Extension, Merge, Timer
from dispatch.models.assignments import AssignmentRole
from dispatch.models.timers import StandCause, TimerState


def give_back(done: Merge, *, now: datetime) -> None:
    """Undo what the merge did to the primary, and to the cases that the primary went on to.

    `done` is marked as undone already: it no longer counts among what lies in the primary.
    """
    Extension.objects.filter(pk__in=done.carried.get("extensions", [])).delete()
    for clock in Timer.objects.filter(
        pk__in=done.carried.get("clocks", []), state__in=timing.OPEN_STATES
    ).select_related("case"):
        _leave_or_own(done, clock, now=now)
    _give_tasks_back(done, now=now)
    for case in _onward(done):
        for clock in _shortened_clocks(case):
            _work_out(clock, now=now)
        tasks.lengthen(case, now=now)


def _onward(done: Merge) -> Iterator[Case]:
    """The primary, and the cases that it went on to."""
    step: Merge | None = done
    while step is not None:
        yield step.primary
        live = Merge.objects.filter(merged=step.primary_id, undone_at__isnull=True)
        step = live.select_related("primary").first()


def _shortened_clocks(case: Case) -> QuerySet[Timer]:
    """The clocks that a merge into the case has shortened at any time and that still run, or will
    when the case itself comes back out of another."""
    noted = Merge.objects.filter(primary=case).values_list("shortened", flat=True)
    keys = {int(pk) for shortened in noted for pk in shortened}
    onward = Merge.objects.filter(merged=case, undone_at__isnull=True)
    stopped = [pk for timers in onward.values_list("timers", flat=True) for pk in timers]
    alive = Q(state__in=timing.OPEN_STATES) | Q(pk__in=stopped)
    return Timer.objects.filter(alive, pk__in=keys, assignment=None).select_related("case")


def _work_out(clock: Timer, *, now: datetime) -> None:
    """Give a clock the end that rule 3 gives it now; one that stopped with its own case has it
    when that comes back."""
    own, was_capped = _own_end(clock)
    ends = [own, *_ends_within(clock)]
    clock.is_capped = was_capped or min(ends) < own
    if clock.ended_at is None and min(ends) != clock.due_at:
        timing.give_deadline(clock, min(ends), now=now)
        return
    clock.due_at = min(ends)
    clock.save(update_fields=["is_capped", "due_at"])


def _own_end(clock: Timer) -> tuple[datetime, bool]:
    """When the clock would end without any merge, and whether it had been capped before the
    first one."""
    first = Merge.objects.filter(shortened__has_key=str(clock.pk)).order_by("at", "pk").first()
    limit = timing.limit_due(clock)
    if first is None:
        return limit, False
    before, *_rest, was_capped = first.shortened[str(clock.pk)]
    if not was_capped:
        return limit, False
    known = timing.moved_on(clock, datetime.fromisoformat(before), since=first.at)
    return min(known, limit), True


def _ends_within(clock: Timer) -> list[datetime]:
    """The ends of the clocks of the same stage that still lie in the case."""
    live = Merge.objects.filter(primary=clock.case_id, undone_at__isnull=True)
    return [
        timing.moved_on(clock, other.due_at, since=merge.at)
        for merge in live
        for other in Timer.objects.filter(pk__in=merge.timers, stage=clock.stage, assignment=None)
    ]


def _leave_or_own(done: Merge, clock: Timer, *, now: datetime) -> None:
    """A clock that came along goes, unless another case that lies here brought one like it; work
    that went out meanwhile gets the primary's own."""
    case = clock.case
    lead = undertakings.lead_of(case)
    ends = _ends_within(clock)
    if lead is None and not ends:
        clock.state, clock.ended_at, clock.paused_at = TimerState.CANCELLED.value, now, None
        clock.save(update_fields=["state", "ended_at", "paused_at"])
        return
    if lead is None:
        timing.give_deadline(clock, min(ends), now=now)
        _pass_on(done, clock)
        return
    limit = timing.disposal_limit(case)
    clock.started_at, clock.is_capped = lead.dispatched_at, False
    clock.hours_of_id = case.lead_unit_id
    if limit is not None:
        timing.give_limit(clock, limit, now=now)
    else:
        timing.give_deadline(clock, timing.original_due(clock), now=now)
    if ends and min(ends) < clock.due_at:
        clock.is_capped = True
        timing.give_deadline(clock, min(ends), now=now)


def _pass_on(done: Merge, clock: Timer) -> None:
    """The clock belongs to the next merge that brought one of its stage."""
    live = Merge.objects.filter(primary=done.primary_id, undone_at__isnull=True).order_by("pk")
    for merge in live:
        if Timer.objects.filter(pk__in=merge.timers, stage=clock.stage).exists():
            merge.carried["clocks"] = [*merge.carried.get("clocks", []), clock.pk]
            merge.save(update_fields=["carried"])
            return


def _give_tasks_back(done: Merge, *, now: datetime) -> None:
    """The tasks that came along go back, with those that a further merge cut short; that one
    gives them no more."""
    given = done.carried.get("tasks", [])
    further = done
    while taken := Merge.objects.filter(merged=further.primary_id, undone_at__isnull=True).first():
        further = taken
        _take_from(further, given, now=now)
    lead = undertakings.lead_of(done.merged)
    others = Assignment.objects.exclude(case=done.merged_id).filter(role=AssignmentRole.LEAD)
    Assignment.objects.filter(pk__in=given, parent__in=others).update(parent=lead)
    Assignment.objects.filter(pk__in=given).update(case=done.merged)
    Timer.objects.filter(assignment_id__in=given).update(case=done.merged)


def _take_from(further: Merge, given: list[int], *, now: datetime) -> None:
    cut = Assignment.objects.filter(pk__in=given, ended_at=further.at)
    revived = [row.pk for row in cut if undertakings.revive_one(row)]
    clocks = Timer.objects.filter(pk__in=further.timers, assignment_id__in=given)
    for clock in clocks.select_related("case"):
        if clock.assignment_id in revived:
            timing.go_on_after(clock, further.at, now=now, cause=StandCause.MERGED)
    stopped = set(clocks.values_list("pk", flat=True))
    further.timers = [pk for pk in further.timers if pk not in stopped]
    theirs = further.carried.get("tasks", [])
    further.carried["tasks"] = [pk for pk in theirs if pk not in given]
    further.save(update_fields=["carried", "timers"])
