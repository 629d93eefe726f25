"""A deadline is a row (domain.md 0.1 rule 4, 7.2 SlaTimer)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from dispatch.lifecycle import Stage
from dispatch.models.assignments import Assignment
from dispatch.models.cases import Case, Intake
from dispatch.timekeeping.ladder import MOST_WORKDAYS, Level


class TimerState(models.TextChoices):
    """The states of a clock."""

    RUNNING = "RUNNING", _("计时中")
    PAUSED = "PAUSED", _("暂停")
    MET = "MET", _("按时")
    MISSED = "MISSED", _("超时")
    CANCELLED = "CANCELLED", _("取消")


class Timer(models.Model):
    """One clock of a case, (REPLY) of one voice, or (TASK) of one unit's part.

    The limit stands on it as it was started. `hours_of` is the unit whose own hours count, None
    the city's. `limit_minutes` is all the time the clock has, in minutes of those hours,
    extensions with it: what is used and what is left add up to it. `deadline_no` counts the
    deadlines it was given; `said_percent` is the last mark of the ladder that was said for this
    one, `next_at` the moment of the next mark, None at the end of the ladder. `is_rework` clocks
    have the limit of the rework, not the category's; `is_capped` ones were given an earlier due
    time than their limit says, which no recomputation makes later.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="timers")
    intake = models.ForeignKey(
        Intake, on_delete=models.PROTECT, null=True, blank=True, db_index=False
    )
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, db_index=False
    )
    stage = models.CharField(max_length=14)
    state = models.CharField(max_length=9, choices=TimerState.choices, default=TimerState.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    limit_amount = models.PositiveSmallIntegerField()
    limit_unit = models.CharField(max_length=3)
    limit_counting = models.CharField(max_length=12)
    overdue_at = models.DateTimeField(null=True, blank=True)
    hours_of = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    limit_minutes = models.FloatField(default=0, db_default=0)
    deadline_no = models.PositiveSmallIntegerField(default=1, db_default=1)
    said_percent = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    is_rework = models.BooleanField(default=False, db_default=False)
    is_capped = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "stage"],
                condition=Q(
                    intake__isnull=True, assignment__isnull=True, state__in=["RUNNING", "PAUSED"]
                ),
                name="dispatch_timer_one_open_per_stage",
            ),
            models.UniqueConstraint(
                fields=["assignment", "stage"],
                condition=Q(assignment__isnull=False, state__in=["RUNNING", "PAUSED"]),
                name="dispatch_timer_one_open_per_task",
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.TASK.value, assignment__isnull=False)
                | ~Q(stage=Stage.TASK.value) & Q(assignment__isnull=True),
                name="dispatch_timer_of_a_task_names_it",
            ),
            models.UniqueConstraint(
                fields=["intake", "stage"],
                condition=Q(intake__isnull=False, state__in=["RUNNING", "PAUSED"]),
                name="dispatch_timer_one_open_per_voice_and_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=[s.value for s in Stage]),
                name="dispatch_timer_stage_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=TimerState.values), name="dispatch_timer_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, state__in=["RUNNING", "PAUSED"])
                | Q(ended_at__isnull=False, state__in=["MET", "MISSED", "CANCELLED"]),
                name="dispatch_timer_has_an_end_when_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(state="PAUSED", paused_at__isnull=False)
                | ~Q(state="PAUSED") & Q(paused_at__isnull=True),
                name="dispatch_timer_paused_since_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="RUNNING")
                | Q(overdue_at__isnull=False)
                | Q(next_at__isnull=False, next_at__lte=models.F("due_at")),
                name="dispatch_timer_has_a_mark_until_it_is_overdue",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(stage__in=["FOLLOW_UP", "SAMPLE", "VERIFY", "FILE"], state="RUNNING"),
                name="dispatch_timer_beside",
            ),
            models.Index(
                fields=["next_at", "id"],
                condition=Q(state="RUNNING", next_at__isnull=False),
                name="dispatch_timer_next_mark",
            ),
            models.Index(
                fields=["intake"], condition=Q(intake__isnull=False), name="dispatch_timer_of_voice"
            ),
            models.Index(
                fields=["assignment"],
                condition=Q(assignment__isnull=False),
                name="dispatch_timer_of_task",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stage} {self.state}"


class StandCause(models.TextChoices):
    """Why a clock stood still."""

    SUSPENDED = "SUSPENDED", _("挂账")
    CITIZEN = "CITIZEN", _("等待诉求人")
    SUBMITTED = "SUBMITTED", _("已反馈结果")
    MERGED = "MERGED", _("已并案")


class Standstill(models.Model):
    """A time in which one clock stood still, written when it goes on; both ends are true times."""

    timer = models.ForeignKey(Timer, on_delete=models.PROTECT, related_name="standstills")
    cause = models.CharField(max_length=9, choices=StandCause.choices)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gte=models.F("since")),
                name="dispatch_standstill_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(cause__in=StandCause.values), name="dispatch_standstill_cause_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.timer_id} {self.cause}"


class LadderStep(models.Model):
    """A mark of the ladder: at `percent` of the limit used, or `workdays` after the due time,
    `level` of the reporting line hears.

    `stage` empty means every stage, `priority` None every priority; the most special rows that fit
    a clock make its whole ladder. 100 is the due time: every ladder has it.
    """

    stage = models.CharField(max_length=14, blank=True)
    priority = models.SmallIntegerField(null=True, blank=True)
    percent = models.PositiveSmallIntegerField(null=True, blank=True)
    workdays = models.PositiveSmallIntegerField(null=True, blank=True)
    level = models.CharField(max_length=11)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "priority", "percent", "workdays"],
                nulls_distinct=False,
                name="dispatch_ladderstep_one_per_mark",
            ),
            models.CheckConstraint(
                condition=Q(
                    percent__isnull=True,
                    workdays__isnull=False,
                    workdays__range=(1, MOST_WORKDAYS),
                )
                | Q(percent__isnull=False, workdays__isnull=True),
                name="dispatch_ladderstep_counts_in_percent_or_workdays",
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=1000),
                name="dispatch_ladderstep_percent_is_1_to_1000",
            ),
            models.CheckConstraint(
                condition=Q(level__in=[level.value for level in Level]),
                name="dispatch_ladderstep_level_is_known",
            ),
        ]

    def __str__(self) -> str:
        mark = f"{self.percent} %" if self.percent else f"+{self.workdays} WD"
        return f"{self.stage or '*'} {mark} {self.level}"


class Escalation(models.Model):
    """A mark that was said: once per clock, deadline and mark, whoever sweeps and how often.

    `percent` numbers the mark as the ladder does (ladder.Step): above 1000, workdays late.

    Written in the statement of its event; the primary key is what makes it once. No foreign key is
    checked: the sweep has locked the clock itself, and clocks are never deleted.
    """

    pk = models.CompositePrimaryKey("timer_id", "deadline_no", "percent")
    timer = models.ForeignKey(
        Timer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="said"
    )
    deadline_no = models.PositiveSmallIntegerField()
    percent = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=11)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.timer_id} {self.percent} %"
