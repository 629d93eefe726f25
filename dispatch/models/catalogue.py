"""The catalogue as rows: categories, filing conditions, limits, duty list (domain.md 1.5-1.6)."""

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


class Category(models.Model):
    """A class of problem (大类/小类). `family` groups classes that may be one thing."""

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

    class Meta:
        constraints = [
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


class DutyItem(models.Model):
    """An item of the duty list (权责清单): category x area -> unit, from a day on."""

    item_no = models.CharField(max_length=24)
    category = models.ForeignKey(Category, on_delete=models.PROTECT)
    area_code = models.CharField(max_length=15)
    unit = models.ForeignKey("accounts.Unit", on_delete=models.PROTECT)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category", "area_code"],
                condition=Q(valid_to__isnull=True),
                name="dispatch_dutyitem_one_unit_per_category_and_area",
            )
        ]

    def __str__(self) -> str:
        return self.item_no


class DuplicateRule(models.Model):
    """How near in metres and hours two reports of a family may be one thing (domain.md 4.2)."""

    family = models.CharField(max_length=20, unique=True)
    radius_m = models.PositiveIntegerField()
    window_hours = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.family
