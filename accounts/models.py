"""Who: users, units, posts (role x area x unit), tokens and the access log."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.arrangements import Arrangement, ArrangementQuerySet, one_at_a_time
from accounts.display import Display, Pairing  # noqa: F401 - where Django looks for models
from accounts.scope import LENDABLE, HeldPost, Scope


class Role(models.TextChoices):
    """Roles of the power matrix (domain.md 7.3.1)."""

    OPERATOR = "OPERATOR", _("坐席")
    RECEIVER = "RECEIVER", _("受理员")
    DUTY_LEADER = "DUTY_LEADER", _("值班长")
    DISPATCHER = "DISPATCHER", _("派遣员")
    HANDLER = "HANDLER", _("处置员")
    UNIT_APPROVER = "UNIT_APPROVER", _("处置单位审核人")
    INSPECTOR = "INSPECTOR", _("网格员")
    CALLBACK = "CALLBACK", _("回访员")
    COMMANDER = "COMMANDER", _("指挥中心")
    SUPERVISOR = "SUPERVISOR", _("督查员")
    EVALUATOR = "EVALUATOR", _("考评员")
    DATA_STEWARD = "DATA_STEWARD", _("数据管理员")
    AUDITOR = "AUDITOR", _("审计管理员")
    SYSADMIN = "SYSADMIN", _("系统管理员")
    SECADMIN = "SECADMIN", _("安全管理员")


class Power(models.TextChoices):
    """Powers that one person never joins (监督/指挥/处置/评价 separated, domain.md 7.3.1)."""

    SUPERVISING = "SUPERVISING", _("监督")
    COMMANDING = "COMMANDING", _("指挥")
    HANDLING = "HANDLING", _("处置")
    EVALUATING = "EVALUATING", _("评价")
    DATA = "DATA", _("数据")
    SYSTEM = "SYSTEM", _("系统管理")
    SECURITY = "SECURITY", _("安全管理")
    AUDIT = "AUDIT", _("审计")


ROLES_OF_POWER: dict[Power, tuple[Role, ...]] = {
    Power.SUPERVISING: (
        Role.OPERATOR,
        Role.RECEIVER,
        Role.DUTY_LEADER,
        Role.INSPECTOR,
        Role.CALLBACK,
        Role.SUPERVISOR,
    ),
    Power.COMMANDING: (Role.DISPATCHER, Role.COMMANDER),
    Power.HANDLING: (Role.HANDLER, Role.UNIT_APPROVER),
    Power.EVALUATING: (Role.EVALUATOR,),
    Power.DATA: (Role.DATA_STEWARD,),
    Power.SYSTEM: (Role.SYSADMIN,),
    Power.SECURITY: (Role.SECADMIN,),
    Power.AUDIT: (Role.AUDITOR,),
}
POWER_OF_ROLE = {role: power for power, roles in ROLES_OF_POWER.items() for role in roles}


def _power_fits_role() -> Q:
    condition = Q()
    for power, roles in ROLES_OF_POWER.items():
        condition |= Q(power=power.value, role__in=[role.value for role in roles])
    return condition


class UserManager(BaseUserManager["User"]):
    """Makes users; there is no superuser (domain.md 6.2: 三员分立)."""

    def create_user(self, username: str, password: str, name: str = "") -> "User":
        """Create one active user with a hashed password."""
        user = self.model(username=self.model.normalize_username(username), name=name)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person who signs in. What she may do follows from her posts alone."""

    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=40, blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True)

    objects = UserManager()
    USERNAME_FIELD = "username"

    def __str__(self) -> str:
        return self.name or self.username

    def scope(self) -> Scope:
        """What the user's open posts let her see and do; read once per instance."""
        if self._scope is None:
            self._scope = read_scope(self)
        return self._scope

    def area_prefixes(self) -> list[str]:
        """The area codes whose map the user may see: her areas and her units' areas."""
        return sorted({post.area_code for post in self.scope().posts})

    def stands_in_for(self) -> "list[Deputy]":
        """The periods in which the user holds posts of absent people now; no query without any."""
        lenders = self.scope().lenders
        if not lenders:
            return []
        rows = Deputy.objects.in_force().filter(deputy=self, absent__in=lenders)
        return list(rows.select_related("absent").order_by("ends_at", "pk"))

    _scope: Scope | None = None


def read_scope(user: User) -> Scope:
    """The scope of a user's open posts and of those lent to her now: two queries.

    An inactive user has none, and lends none.
    """
    if not user.is_active:
        return Scope(())
    lenders = Deputy.objects.in_force().filter(deputy=user, absent__is_active=True)
    lent = lent_by(lenders)
    open_posts = Post.objects.filter(ended_at__isnull=True).select_related("unit")
    posts = list(open_posts.filter(Q(user=user) | lent))
    paths = {post.unit.path for post in posts if post.unit}
    below: dict[str, frozenset[int]] = {
        path: frozenset(Unit.objects.filter(path__startswith=path).values_list("pk", flat=True))
        for path in paths
    }
    return Scope(
        tuple(
            HeldPost(
                post.role,
                post.area_code,
                post.unit_id,
                below[post.unit.path] if post.unit else frozenset(),
                None if post.user_id == user.pk else post.user_id,
            )
            for post in posts
        )
    )


def lent_by(rows: ArrangementQuerySet) -> Q:
    """Which posts these rows of deputies lend: the one that a row names, else all that may be."""
    every = Q(user__in=rows.filter(post__isnull=True).values("absent"))
    one = Q(pk__in=rows.filter(post__isnull=False).values("post"))
    return Q(role__in=LENDABLE) & (every | one)


class UnitLevel(models.TextChoices):
    """The level of a unit (承办单位 一级/二级/三级)."""

    CITY = "CITY", _("市级部门")
    DISTRICT = "DISTRICT", _("区级部门")
    STREET = "STREET", _("街道")
    COMMUNITY = "COMMUNITY", _("社区")
    COMPANY = "COMPANY", _("公共服务企业")


class Unit(models.Model):
    """A responsible unit (责任单位). `path` is the chain of codes from the root: /A/A1/."""

    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=80)
    level = models.CharField(max_length=10, choices=UnitLevel.choices)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)
    path = models.CharField(max_length=200)
    area_code = models.CharField(max_length=15)
    always_on = models.BooleanField(default=False)
    phone = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["path"], opclasses=["text_pattern_ops"], name="accounts_unit_path")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(level__in=UnitLevel.values), name="accounts_unit_level_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """What one user may be: a role, within an area (code prefix), for handlers in a unit."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="posts")
    role = models.CharField(max_length=14, choices=Role.choices)
    power = models.CharField(max_length=11, choices=Power.choices)
    area_code = models.CharField(max_length=15)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True)
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "area_code", "unit"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="accounts_post_is_given_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="accounts_post_role_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(role__in=[Role.HANDLER.value, Role.UNIT_APPROVER.value])
                | Q(unit__isnull=False),
                name="accounts_post_of_a_handler_has_a_unit",
            ),
            models.CheckConstraint(
                condition=Q(area_code__regex=r"^\d{4,15}$"),
                name="accounts_post_has_an_area",
            ),
            models.CheckConstraint(
                condition=_power_fits_role(), name="accounts_post_power_fits_role"
            ),
            ExclusionConstraint(
                name="accounts_post_powers_are_kept_apart",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("power", RangeOperators.NOT_EQUAL),
                ],
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.area_code}"


POSTS_LENT = Func("post", "post", models.Value("[]"), function="INT8RANGE")
"""The ids of the posts that a row may lend: one, or (a range without ends) all there are."""


class Deputy(Arrangement):
    """代班: while one person is away another holds her posts too (features.md 43).

    `post` is the one that is lent, None all of them that may be. A trigger keeps the powers of
    domain.md 7.3.1 apart over own and lent posts together, and lends nobody else's post.
    """

    absent = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, related_name="deputyships")
    post = models.ForeignKey(
        Post, on_delete=models.PROTECT, related_name="lent", null=True, blank=True
    )

    class Meta(Arrangement.Meta):
        constraints = [
            *Arrangement.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(absent=F("deputy")), name="accounts_deputy_is_somebody_else"
            ),
            models.CheckConstraint(
                condition=~Q(by=F("deputy")), name="accounts_deputy_is_arranged_by_another"
            ),
            one_at_a_time("absent", (POSTS_LENT, RangeOperators.OVERLAPS)),
        ]

    def __str__(self) -> str:
        return f"{self.deputy_id} for {self.absent_id}"


class Token(models.Model):
    """A bearer token; only its SHA-256 is stored. `read_only` ones are for wall screens."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    read_only = models.BooleanField(default=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of {self.user_id}"

    def is_valid(self, now: datetime) -> bool:
        """True while it is neither revoked nor expired."""
        return self.revoked_at is None and self.expires_at > now


class AccessLog(models.Model):
    """Who looked at what personal data, when and why (查阅记录); append-only by trigger."""

    user = models.ForeignKey(User, on_delete=models.PROTECT)
    at = models.DateTimeField()
    subject = models.CharField(max_length=60)
    field = models.CharField(max_length=30)
    purpose = models.CharField(max_length=200)
    on_behalf_of = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["at"], name="accounts_accesslog_at")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.subject} {self.field}"


class LoginFailure(models.Model):
    """Failed sign-ins, for the lock-out (domain.md 6.2: five failures lock for 15 minutes)."""

    username = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["username", "at"], name="accounts_loginfailure_recent")]

    def __str__(self) -> str:
        return self.username
