"""The duty list (权责清单) in versions, and units that are away (domain.md 2.4.2)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.arrangements import Arrangement, one_at_a_time
from accounts.models import Unit, User
from dispatch.assignment import Hours
from dispatch.models.catalogue import Category


class ListState(models.TextChoices):
    """A list is written, then published as a whole."""

    DRAFT = "DRAFT", _("草案")
    PUBLISHED = "PUBLISHED", _("已发布")


class HoursChoice(models.TextChoices):
    """When an item holds, by the city's working calendar."""

    ALWAYS = Hours.ALWAYS.value, _("全天")
    WORKING = Hours.WORKING.value, _("工作时间")
    OFF_HOURS = Hours.OFF_HOURS.value, _("非工作时间")


class DutyList(models.Model):
    """One version of the duty list. A trigger refuses every change of a published one.

    In force on a day is the published list with the latest `valid_from` that is not after it, of
    several the one with the highest number.
    """

    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=80)
    state = models.CharField(max_length=9, choices=ListState.choices, default=ListState.DRAFT.value)
    valid_from = models.DateField(null=True, blank=True)
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ListState.values), name="dispatch_dutylist_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="DRAFT", valid_from__isnull=True, published_at__isnull=True)
                | Q(state="PUBLISHED", valid_from__isnull=False, published_at__isnull=False),
                name="dispatch_dutylist_is_dated_when_it_is_published",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class DutyWithdrawal(models.Model):
    """A published list was taken back before its day: by whom, when and why.

    A row of its own, since a published list is never changed. A trigger refuses one for a list
    that is not published or has come into force, and every change of it.
    """

    duty_list = models.OneToOneField(DutyList, on_delete=models.PROTECT, related_name="withdrawal")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""), name="dispatch_dutywithdrawal_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duty_list_id} withdrawn"


class DutyItem(models.Model):
    """An item of a duty list: category x area x filing condition x hours -> unit.

    Without a category it stands behind all others (兜底). Several units under one key are a pool.
    """

    duty_list = models.ForeignKey(DutyList, on_delete=models.CASCADE, related_name="items")
    item_no = models.CharField(max_length=24)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True)
    area_code = models.CharField(max_length=15)
    condition_code = models.CharField(max_length=14, blank=True)
    hours = models.CharField(
        max_length=9, choices=HoursChoice.choices, default=HoursChoice.ALWAYS.value
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["duty_list", "item_no"], name="dispatch_dutyitem_number_is_used_once"
            ),
            models.UniqueConstraint(
                fields=["duty_list", "category", "area_code", "condition_code", "hours", "unit"],
                nulls_distinct=False,
                name="dispatch_dutyitem_names_a_unit_once_per_key",
            ),
            models.CheckConstraint(
                condition=Q(hours__in=HoursChoice.values), name="dispatch_dutyitem_hours_are_known"
            ),
            models.CheckConstraint(
                condition=Q(area_code__regex=r"^\d{4,15}$"), name="dispatch_dutyitem_has_an_area"
            ),
            models.CheckConstraint(
                condition=Q(condition_code="") | Q(category__isnull=False),
                name="dispatch_dutyitem_condition_has_a_category",
            ),
        ]

    def __str__(self) -> str:
        return self.item_no


class DutyReplay(models.Model):
    """A dry run (试运行): what a list would have changed in the last days, kept as proof.

    `fingerprint` is the SHA-256 of the items replayed; `compared_with` the list in force then.
    `findings` holds counts, flows and case ids; never a title or an address.
    """

    duty_list = models.ForeignKey(DutyList, on_delete=models.CASCADE, related_name="replays")
    compared_with = models.ForeignKey(
        DutyList, on_delete=models.PROTECT, null=True, related_name="+"
    )
    fingerprint = models.CharField(max_length=64)
    days = models.PositiveSmallIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    findings = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["duty_list", "at"], name="dispatch_dutyreplay_latest")]

    def __str__(self) -> str:
        return f"{self.duty_list_id} {self.days}d"


class UnitAbsence(Arrangement):
    """A unit is away (停派): its deputy unit gets the work that would come to it."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="absences")
    deputy_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")

    class Meta(Arrangement.Meta):
        constraints = [
            *Arrangement.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(unit=F("deputy_unit")),
                name="dispatch_unitabsence_deputy_is_another_unit",
            ),
            one_at_a_time("unit"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} by {self.deputy_unit_id}"
