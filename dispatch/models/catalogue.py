"""The catalogue as rows: categories, filing conditions, limits (domain.md 1.5-1.6)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatch.clocks import Counting, Unit


class CategoryKind(models.TextChoices):
    """What a category speaks of: one tree for three lines (domain.md 1.5.1)."""

    COMPONENT = "COMPONENT", _("部件")
    EVENT = "EVENT", _("事件")
    LIVELIHOOD = "LIVELIHOOD", _("民生诉求")
    SERVICE = "SERVICE", _("政务服务")


class Verify(models.TextChoices):
    """Whether a report is verified on site before filing."""

    NEVER = "NEVER", _("不核实")
    HOTLINE_ONLY = "HOTLINE_ONLY", _("仅热线来件核实")
    ALWAYS = "ALWAYS", _("一律核实")


class NeverMerge(models.TextChoices):
    """Why cases of a category are never made one (domain.md 4.2, the list at its end)."""

    NO = "", _("可以并案")
    REVIEW = "REVIEW", _("不同申请人的差评逐件整改")
    STAFF = "STAFF", _("对工作人员的投诉逐件办理")
    LEGAL = "LEGAL", _("有法定文书期限的逐件办理")


class Category(models.Model):
    """A class of problem (大类/小类). `family` groups classes that may be one thing.

    `auto_file` lets the system file what was accepted, `auto_dispatch` dispatch what was filed, by
    the duty list (T10, T14: rules accept by category); never a sensitive case.
    """

    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=12, choices=CategoryKind.choices)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)
    family = models.CharField(max_length=20)
    priority = models.SmallIntegerField(default=2)
    verify = models.CharField(max_length=14, choices=Verify.choices, default=Verify.NEVER)
    needs_check = models.BooleanField(default=True)
    needs_location = models.BooleanField(default=True)
    sensitive = models.BooleanField(default=False)
    selectable = models.BooleanField(default=True)
    initials = models.CharField(max_length=60, blank=True)
    standard = models.CharField(max_length=40, blank=True)
    auto_file = models.BooleanField(default=False, db_default=False)
    auto_dispatch = models.BooleanField(default=False, db_default=False)
    never_merge = models.CharField(
        max_length=6, choices=NeverMerge.choices, blank=True, default="", db_default=""
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(never_merge__in=NeverMerge.values),
                name="dispatch_category_never_merge_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=CategoryKind.values), name="dispatch_category_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(verify__in=Verify.values), name="dispatch_category_verify_is_known"
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=0, priority__lte=3),
                name="dispatch_category_priority_is_p0_to_p3",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class FilingCondition(models.Model):
    """立案条件 with its 处置时限 and 结案条件; a category may have several (domain.md 1.6)."""

    code = models.CharField(max_length=14, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="conditions")
    name = models.CharField(max_length=60)
    priority = models.SmallIntegerField()
    limit_amount = models.PositiveSmallIntegerField()
    limit_unit = models.CharField(max_length=3)
    limit_counting = models.CharField(max_length=12, default=Counting.WORK_MINUTES.value)
    safe_amount = models.PositiveSmallIntegerField(null=True, blank=True)
    safe_unit = models.CharField(max_length=3, blank=True)
    closing_condition = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(limit_unit__in=[u.value for u in Unit]),
                name="dispatch_filingcondition_unit_is_known",
            ),
            models.CheckConstraint(
                condition=Q(limit_counting__in=[c.value for c in Counting]),
                name="dispatch_filingcondition_counting_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class StageLimit(models.Model):
    """The limit of a stage by priority (domain.md 2.5, default configuration)."""

    stage = models.CharField(max_length=14)
    priority = models.SmallIntegerField()
    amount = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=3)
    counting = models.CharField(max_length=12, default=Counting.WORK_MINUTES.value)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "priority"], name="dispatch_stagelimit_one_per_stage_and_priority"
            ),
            models.CheckConstraint(
                condition=Q(unit__in=[u.value for u in Unit]),
                name="dispatch_stagelimit_unit_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} P{self.priority}"


class DuplicateRule(models.Model):
    """When two voices may be about one thing (domain.md 4.2): the row of a category, else of its
    family, else the one without either.

    `window_hours` counts back from now over open cases, empty means any time; `closed_hours` over
    closed ones. `same_road` and `same_place` let an address speak without a point; `time_band`
    keeps day and night apart. `incident_count` callers within `incident_minutes` are an incident.
    """

    family = models.CharField(max_length=20, blank=True)
    category_code = models.CharField(max_length=12, blank=True, default="", db_default="")
    radius_m = models.PositiveIntegerField()
    window_hours = models.PositiveIntegerField(null=True, blank=True)
    closed_hours = models.PositiveIntegerField(default=0, db_default=0)
    same_road = models.BooleanField(default=False, db_default=False)
    same_place = models.BooleanField(default=False, db_default=False)
    time_band = models.BooleanField(default=False, db_default=False)
    caller_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    auto_merge = models.BooleanField(default=False, db_default=False)
    attach_confidential = models.BooleanField(default=False, db_default=False)
    incident_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    incident_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "category_code"],
                name="dispatch_duplicaterule_one_per_family_or_category",
            ),
            models.CheckConstraint(
                condition=Q(family="") | Q(category_code=""),
                name="dispatch_duplicaterule_is_of_a_family_or_of_a_category",
            ),
            models.CheckConstraint(
                condition=Q(incident_count=0) | Q(incident_count__gte=2, incident_minutes__gte=1),
                name="dispatch_duplicaterule_incident_has_count_and_span",
            ),
        ]

    def __str__(self) -> str:
        return self.category_code or self.family or "*"
