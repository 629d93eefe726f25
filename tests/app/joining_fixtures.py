"""What the tests of matching and joining share: rules switched, voices, the recogniser."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dispatch import catalogue, outbox
from dispatch.incidents import recognising
from dispatch.models import Case, DuplicateRule, Incident
from dispatch.subscribing import drain
from dispatch.voices import Caller, Position
from hotline.actions import Call, log_call
from tests.city import NOW, City

SPOT = Position(119.6001, 29.9001, "WGS84")
FAR = Position(119.6081, 29.9081, "WGS84")
ESTATE = "云中区望江街道秋涛路22号春晓花园3幢"


def rule(family: str, **changes: Any) -> None:
    """Change the rule of a family as a city would."""
    DuplicateRule.objects.filter(family=family, category_code="").update(**changes)
    catalogue.refresh()


def say(city: City, category: str, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    """The receipt of a call at `minutes` past nine."""
    now = NOW + timedelta(minutes=minutes)
    fields: dict[str, Any] = {
        "kind": "COMPLAINT",
        "title": "停水了",
        "content": "",
        "category": category,
        "caller": Caller(phone="13800138000"),
        "occurred_at": now,
        "position": SPOT,
        **changes,
    }
    return log_call(Call(**fields), by=city["operator1"], now=now).body


def case_of(receipt: dict[str, Any]) -> Case:
    """The case that a receipt names."""
    return Case.objects.get(case_no=receipt["case_no"])


def caller(n: int) -> Caller:
    """The nth of many callers."""
    return Caller(phone=f"139{n:08d}")


def recognise(now: datetime) -> list[Incident]:
    """Let the relay number what there is and the recogniser hear it; all incidents."""
    while outbox.number_batch(now=now):
        pass
    drain(recognising.SUBSCRIBER, partial(recognising.recognise, now=now))
    return list(Incident.objects.order_by("pk"))
