"""What every template may use."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from dispatch import catalogue

CALENDAR_ROLES = frozenset({"DUTY_LEADER", "COMMANDER", "SYSADMIN"})
"""Who can have the missing year of the calendar loaded."""


def site(request: HttpRequest) -> dict[str, object]:
    """The city's name and whether this is the demo."""
    return {
        "city_name": settings.CITY_NAME,
        "is_demo": settings.DEMO,
        "calendar_notice": _calendar_notice(request),
    }


def _calendar_notice(request: HttpRequest) -> Callable[[], str]:
    """Asked by the page itself: the years whose working calendar is missing, in words."""

    def notice() -> str:
        user = getattr(request, "user", None)
        if not isinstance(user, User) or not user.scope().roles & CALENDAR_ROLES:
            return ""
        years = "、".join(str(y) for y in catalogue.calendar_gaps(timezone.localdate()))
        if not years:
            return ""
        return _("%(years)s 年工作日历未导入，期限按周一至周五计算。") % {"years": years}

    return notice
