"""The reasons of a likeness as people read them, in the language of the request."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Promise] = {
    "AREA_INCIDENT": _("区域性事件"),
    "SAME_COMPONENT": _("同一部件"),
    "SAME_DEVICE": _("同一设备"),
    "SAME_APPLICATION": _("同一办件"),
    "SAME_CALLER": _("同一来电人"),
    "NEAR": _("位置相近"),
    "SAME_PLACE": _("同一小区或场所"),
    "SAME_ROAD": _("同一道路"),
    "SAME_CATEGORY": _("同一事项"),
    "SAME_FAMILY": _("同类事项"),
    "RECENT": _("时间相近"),
    "SIMILAR_TEXT": _("描述相似"),
    "RECENTLY_CLOSED": _("近期已办结"),
}


def words_of(reasons: Iterable[str]) -> list[str]:
    """Each reason in words."""
    return [str(REASONS[reason]) for reason in reasons]
