"""Cases (案件) and their voices (诉求/来件): N intakes belong to one case (domain.md 0.1)."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.gis.db.models import Index
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex, GistIndex
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from accounts.scope import Scope
from dispatch.lifecycle import ENDED, OPEN, CloseType, State

NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
"""The `due_at` of a case whose clocks all stand still: it sorts last."""


class Line(models.TextChoices):
    """The three lines of business."""

    HOTLINE = "HOTLINE", _("热线")
    GRID = "GRID", _("网格")
    AFFAIRS = "AFFAIRS", _("政务")


class Priority(models.IntegerChoices):
    """紧急程度 (domain.md 4.4)."""

    P0 = 0, _("特急")
    P1 = 1, _("紧急")
    P2 = 2, _("一般")
    P3 = 3, _("普通")


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases as a user may see them."""

    def visible_to(self, user: User) -> "CaseQuerySet":
        """The cases that the user's posts open to her; none without a post (fails closed)."""
        return self.filter(visible_condition(user.scope()))

    def on_time_base(self) -> "CaseQuerySet":
        """Cases that count for what is on time: suspended ones stand outside (domain.md 1.7.2)."""
        return self.exclude(state=State.SUSPENDED.value)

    def open(self) -> "CaseQuerySet":
        """Cases that still need somebody."""
        return self.filter(is_open=True)


def visible_condition(scope: Scope) -> Q:
    """Area posts see their area; unit posts what their unit leads, supports, or will lead."""
    condition = Q(pk__in=[])
    for prefix in scope.areas:
        condition |= _inside(prefix)
    for prefix in scope.patrol_areas:
        condition |= _inside(prefix) & (Q(sensitive=False) | Q(state__in=ON_SITE))
    if scope.unit_ids:
        condition |= Q(lead_unit_id__in=scope.unit_ids)
        condition |= Q(support_units__overlap=sorted(scope.unit_ids))
    return condition


ON_SITE = (State.VERIFYING.value, State.CHECKING.value)
"""States in which an inspector has to look, at sensitive cases too."""


OPEN_CASES, ENDED_CASES = Q(is_open=True), Q(is_open=False)
CODE_OF_LENGTH = {6: "district_code", 9: "street_code", 12: "community_code"}


def _inside(prefix: str) -> Q:
    exact = CODE_OF_LENGTH.get(len(prefix))
    return Q(**{exact: prefix}) if exact else Q(district_code__startswith=prefix)


def is_visible(scope: Scope, case: "Case") -> bool:
    """What `visible_condition` says in SQL, of one case that is at hand."""
    return (
        any(_is_inside(prefix, case) for prefix in scope.areas)
        or (
            (not case.sensitive or case.state in ON_SITE)
            and any(_is_inside(prefix, case) for prefix in scope.patrol_areas)
        )
        or case.lead_unit_id in scope.unit_ids
        or not scope.unit_ids.isdisjoint(case.support_units)
    )


def _is_inside(prefix: str, case: "Case") -> bool:
    exact = CODE_OF_LENGTH.get(len(prefix))
    if exact:
        return bool(getattr(case, exact) == prefix)
    return case.district_code.startswith(prefix)


class Case(models.Model):
    """One real thing on the ground. Only dispatch/actions assigns `state`."""

    case_no = models.CharField(max_length=24)
    state = models.CharField(max_length=16)
    is_open = models.BooleanField(default=True)
    line = models.CharField(max_length=8, choices=Line.choices)
    lines = models.CharField(max_length=24)
    category_code = models.CharField(max_length=12)
    condition_code = models.CharField(max_length=14, blank=True)
    family = models.CharField(max_length=20)
    priority = models.SmallIntegerField(choices=Priority.choices)
    sensitive = models.BooleanField(default=False)
    title = models.CharField(max_length=80)
    address = models.CharField(max_length=200, blank=True)
    location = models.PointField(srid=4326, null=True, blank=True)
    accuracy_m = models.FloatField(default=0)
    area_code = models.CharField(max_length=15)
    district_code = models.CharField(max_length=6)
    street_code = models.CharField(max_length=9, blank=True)
    community_code = models.CharField(max_length=12, blank=True)
    cell_code = models.CharField(max_length=15, blank=True)
    component_id = models.CharField(max_length=16, blank=True)
    lead_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True)
    support_units = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    match_keys = ArrayField(models.CharField(max_length=60), default=list, db_default=[])
    intakes_count = models.PositiveIntegerField(default=1)
    rework_count = models.PositiveSmallIntegerField(default=0)
    return_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    extension_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    urge_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    no_return = models.BooleanField(default=False, db_default=False)
    is_hard = models.BooleanField(default=False, db_default=False)
    is_waiting = models.BooleanField(default=False, db_default=False)
    due_stage = models.CharField(max_length=14, blank=True)
    due_at = models.DateTimeField(default=NEVER)
    near_at = models.DateTimeField(default=NEVER, db_default=NEVER)
    created_at = models.DateTimeField()
    state_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    close_type = models.CharField(max_length=14, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, db_index=False
    )
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[CaseQuerySet] = CaseQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case_no"], name="dispatch_case_case_no_key"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in State]),
                name="dispatch_case_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(is_open=True, state__in=sorted(s.value for s in OPEN))
                | Q(is_open=False, state__in=sorted(s.value for s in ENDED)),
                name="dispatch_case_is_open_says_what_the_state_says",
            ),
            models.CheckConstraint(
                condition=Q(line__in=Line.values), name="dispatch_case_line_is_known"
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=0, priority__lte=3),
                name="dispatch_case_priority_is_p0_to_p3",
            ),
            models.CheckConstraint(
                condition=Q(close_type__in=["", *(c.value for c in CloseType)]),
                name="dispatch_case_close_type_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.MERGED.value) | Q(merged_into__isnull=False),
                name="dispatch_case_merged_names_its_primary",
            ),
        ]
        indexes = [
            Index(
                fields=["district_code", "due_at", "id"],
                condition=OPEN_CASES,
                name="dispatch_case_queue_district",
            ),
            Index(
                fields=["lead_unit", "due_at", "id"],
                condition=OPEN_CASES,
                name="dispatch_case_queue_unit",
            ),
            Index(fields=["due_at", "id"], condition=OPEN_CASES, name="dispatch_case_queue_city"),
            Index(
                fields=["district_code", "priority", "due_at", "id"],
                condition=OPEN_CASES,
                name="dispatch_case_queue_priority",
            ),
            Index(
                fields=["priority", "due_at", "id"],
                condition=OPEN_CASES,
                name="dispatch_case_open_priority",
            ),
            Index(
                fields=["created_at", "id"],
                condition=OPEN_CASES,
                name="dispatch_case_open_created",
            ),
            Index(
                fields=["state", "due_at", "id"],
                condition=ENDED_CASES,
                name="dispatch_case_ended_due",
            ),
            Index(
                fields=["state", "priority", "due_at", "id"],
                condition=ENDED_CASES,
                name="dispatch_case_ended_priority",
            ),
            Index(
                fields=["state", "created_at", "id"],
                condition=ENDED_CASES,
                name="dispatch_case_ended_created",
            ),
            Index(
                fields=["closed_at", "id"],
                condition=Q(state=State.CLOSED.value),
                name="dispatch_case_to_be_archived",
            ),
            Index(
                fields=["district_code", "state_at"],
                condition=OPEN_CASES,
                name="dispatch_case_queue_unseen",
            ),
            Index(fields=["district_code", "created_at", "id"], name="dispatch_case_by_creation"),
            Index(
                fields=["district_code", "created_at"],
                condition=Q(priority=0),
                name="dispatch_case_emergencies",
            ),
            Index(
                fields=["merged_into"],
                condition=Q(merged_into__isnull=False),
                name="dispatch_case_of_primary",
            ),
            GinIndex(
                fields=["support_units"],
                condition=~Q(support_units=[]),
                name="dispatch_case_supported_by",
            ),
            GistIndex(
                fields=["family", "location", "created_at"],
                condition=OPEN_CASES,
                name="dispatch_case_radar_newest",
            ),
            GistIndex("location", condition=OPEN_CASES, name="dispatch_case_open_places"),
            GistIndex(
                fields=["family", "location", "closed_at"],
                condition=Q(state=State.CLOSED.value),
                name="dispatch_case_closed_places",
            ),
            GinIndex(
                fields=["match_keys"],
                condition=Q(is_open=True) & ~Q(match_keys=[]),
                fastupdate=False,
                name="dispatch_case_match_keys",
            ),
        ]

    def __str__(self) -> str:
        return self.case_no


class Intake(models.Model):
    """One voice: a call, an inspector's report or a service event. Never deleted by a merge.

    Names and phones are AES-GCM ciphertext; `phone_index` is a keyed hash for exact look-up.
    """

    intake_no = models.CharField(max_length=20)
    query_code = models.CharField(max_length=6)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="intakes")
    line = models.CharField(max_length=8, choices=Line.choices)
    channel = models.CharField(max_length=12)
    kind = models.CharField(max_length=10)
    category_code = models.CharField(max_length=12)
    title = models.CharField(max_length=80)
    content = models.TextField(blank=True)
    address = models.CharField(max_length=200, blank=True)
    caller_name = models.BinaryField(null=True)
    caller_phone = models.BinaryField(null=True)
    phone_index = models.CharField(max_length=32, blank=True)
    anonymous = models.BooleanField(default=False)
    confidential = models.BooleanField(default=False)
    wants_reply = models.BooleanField(default=False)
    location = models.PointField(srid=4326, null=True, blank=True, spatial_index=False)
    raw_lon = models.FloatField(null=True, blank=True)
    raw_lat = models.FloatField(null=True, blank=True)
    raw_crs = models.CharField(max_length=8, blank=True)
    accuracy_m = models.FloatField(default=0)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)
    source_system = models.CharField(max_length=140, blank=True)
    source_id = models.CharField(max_length=120, blank=True)
    request_digest = models.CharField(max_length=32, blank=True)
    receipt = models.JSONField(null=True, blank=True)
    reply_due_at = models.DateTimeField(null=True, blank=True)
    match_keys = ArrayField(models.CharField(max_length=60), default=list, db_default=[])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["intake_no"], name="dispatch_intake_intake_no_key"),
            models.UniqueConstraint(
                fields=["source_system", "source_id"],
                condition=~Q(source_id=""),
                name="dispatch_intake_arrives_once",
            ),
            models.CheckConstraint(
                condition=Q(line__in=Line.values), name="dispatch_intake_line_is_known"
            ),
        ]
        indexes = [
            Index(
                fields=["phone_index", "received_at"],
                condition=~Q(phone_index=""),
                name="dispatch_intake_by_phone",
            ),
            BrinIndex(
                fields=["received_at"],
                autosummarize=True,
                pages_per_range=16,
                name="dispatch_intake_by_arrival",
            ),
        ]

    def __str__(self) -> str:
        return self.intake_no


class Note(models.Model):
    """The words of a move (reason, result). Text may hold personal data, so the log only points
    here and a note can be shredded."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    move = models.CharField(max_length=24)
    text = models.TextField()
    data = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} {self.move}"


class Callback(models.Model):
    """回访: one attempt to ask one citizen.

    An unsolved matter is closed by an explanation, once somebody else has approved it (T33).
    """

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="callbacks")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)
    solved = models.CharField(max_length=11)
    satisfaction = models.CharField(max_length=18, blank=True)
    text = models.TextField(blank=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(by__isnull=True)
                | ~Q(approved_by=models.F("by")),
                name="dispatch_callback_is_approved_by_another",
            )
        ]

    def __str__(self) -> str:
        return f"{self.intake_id} {self.solved}"


class Attachment(models.Model):
    """An image with its metadata taken off; EXIF is kept apart and not shown to others."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    file = models.FileField(upload_to="%Y/%m/%d")
    exif = models.BinaryField(null=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT)
    uploaded_at = models.DateTimeField()
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    intake = models.ForeignKey(
        Intake, on_delete=models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    role = models.CharField(max_length=8, blank=True)

    def __str__(self) -> str:
        return str(self.id)
