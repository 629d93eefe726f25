"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest


def site(_: HttpRequest) -> dict[str, object]:
    """The city's name and whether this is the demo."""
    return {"city_name": settings.CITY_NAME, "is_demo": settings.DEMO}
