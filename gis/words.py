"""Why a position cannot be used, for people."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gis.coords import CoordinateError, Crs

WHY: Final = {
    "NOT_FINITE": gettext_lazy("经纬度不是有效的数字。"),
    "OUT_OF_RANGE": gettext_lazy("经纬度超出范围：经度 ±180，纬度 ±90。"),
    "OUTSIDE_CITY": gettext_lazy("位置不在本市范围内，请核对坐标和坐标系。"),
}


def in_words(error: CoordinateError) -> str:
    """The reason in the language of the request."""
    if error.code == "UNKNOWN_CRS":
        return _("未知的坐标系；可用：%s。") % ", ".join(Crs)
    return str(WHY.get(error.code, error))
