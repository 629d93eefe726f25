"""The only door of the three lines: submit(NewIntake, by, now) -> Receipt."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import catalogue, numbers, outbox
from dispatch.actions import registering
from dispatch.actions.joining import attaching
from dispatch.actions.registering import NOWHERE, Facts, Prepared
from dispatch.duplicates import radar
from dispatch.duplicates.joining import joining
from dispatch.lifecycle import ENDED
from dispatch.models import Attachment, Case, Category, FilingCondition, Intake, Line, Priority
from dispatch.voices import IntakeError, NewIntake, Position, Receipt, is_storable
from gis import locator
from gis.coords import CoordinateError, parse_crs, to_wgs84
from gis.words import in_words

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_TAKEN = 20
CANNOT_JOIN = frozenset({"CASE_ENDED", "NEVER_MERGED", "OTHER_DISTRICT"})
CLOCK_SKEW = timedelta(minutes=10)
LENGTHS = {"title": 80, "content": 5000, "address": 200, "component_id": 16, "caller.name": 40}
MOST_ACCURACY_M = 5000.0
PHONE = re.compile(r"\+?[0-9][0-9 \-]{4,18}")
KINDS = frozenset(
    {"CONSULT", "HELP", "COMPLAINT", "REPORT", "SUGGESTION", "PRAISE", "OTHER"}
    | {"FINDING", "EVENT"}
)


AlsoWritten = Callable[[Receipt], Receipt]


class KeyReusedError(Exception):
    """The same key came with another content (HTTP 409)."""

    code = "IDEMPOTENCY_KEY_REUSED"
    message = _("同一个幂等键已用于另一份内容。")


def submit(
    new: NewIntake, *, by: User | None, now: datetime, then: AlsoWritten | None = None
) -> Receipt:
    """Take one voice in: locate, match, then intake, case, timers and event in ONE transaction.

    `then` writes the line's own record of a first arrival, in that transaction; it gives the
    receipt to answer with.

    Raises IntakeError, UnknownCategoryError, KeyReusedError, CaseNotFoundError.
    """
    for _attempt in range(MOST_TAKEN):
        prepared = prepare(new, by=by, now=now)
        try:
            return _submit(new, prepared, by=by, now=now, then=then)
        except IntegrityError as error:
            if "dispatch_intake_intake_no_key" not in str(error):
                raise
            numbers.forget()
    raise RuntimeError("no free intake number")


def _submit(
    new: NewIntake, prepared: Prepared, *, by: User | None, now: datetime, then: AlsoWritten | None
) -> Receipt:
    try:
        with transaction.atomic():
            receipt = _take_in(new, prepared, by=by, now=now)
            if then and receipt and receipt.is_first:
                receipt = then(receipt)
            outbox.ring_relay()
    except IntegrityError as error:
        if "dispatch_intake_arrives_once" not in str(error):
            raise
        receipt = None
    return receipt or _receipt_of_the_first(new)


def _take_in(
    new: NewIntake, prepared: Prepared, *, by: User | None, now: datetime
) -> Receipt | None:
    if new.attach_to_case and (known := first_receipt(new)):
        return known
    if new.attach_to_case:
        return attaching.attach(prepared, case_no=new.attach_to_case, new=new, by=by, now=now)
    probe = prepared.probe
    hits = radar.look(probe, limit=radar.IN_RECEIPT, lock=True) if probe else []
    twin, because = joining(hits, prepared, new)
    if twin and (known := first_receipt(new)):
        return known
    if twin and (joined := _join(prepared, twin, new, now, because)):
        return joined
    body = receipt_of(prepared, told(by, hits))
    ids = registering.register(prepared, receipt=body)
    if ids is None:
        return None
    registering.link_attachments(ids, new.attachments, by=by, role="BEFORE")
    return Receipt(body, is_first=True)


def _join(
    prepared: Prepared, case_no: str, new: NewIntake, now: datetime, because: dict[str, Any]
) -> Receipt | None:
    """Attach by a rule; None when the case ended, or became one that takes nobody, meanwhile."""
    try:
        return attaching.attach(
            prepared, case_no=case_no, new=new, by=None, now=now, because=because
        )
    except IntakeError as error:
        if error.code not in CANNOT_JOIN:
            raise
        return None


def told(by: User | None, hits: Sequence[radar.Hit]) -> list[dict[str, Any]]:
    """The hits that a receipt may name: of the sender's own districts, and nothing of a person.

    That the same caller or applicant spoke before, or that a sensitive case lies here, is told to
    who may see that case; to a system only of the service hall's own voices, and no sensitive one.
    One query where there is such a hit, else none.
    """
    known = [hit for hit in hits if by is None or by.scope().covers_district(hit.case_no[:6])]
    guarded = {hit.case_no for hit in known if hit.is_personal or hit.sensitive}
    if guarded and by is not None:
        visible = Case.objects.visible_to(by).filter(case_no__in=guarded)
        seen = set(visible.values_list("case_no", flat=True))
    else:
        seen = {hit.case_no for hit in known if _of_the_hall(hit) and not hit.sensitive}
    return [hit.as_dict() for hit in known if hit.case_no not in guarded or hit.case_no in seen]


def _of_the_hall(hit: radar.Hit) -> bool:
    of_caller = "SAME_CALLER" in hit.likeness.reasons
    return hit.line == Line.AFFAIRS and not hit.sensitive and not of_caller


def first_receipt(new: NewIntake) -> Receipt | None:
    """The receipt of the first arrival under this natural key, if there was one."""
    system, key = new.source
    if not key:
        return None
    row = (
        Intake.objects.filter(source_system=system, source_id=key)
        .values_list("receipt", "request_digest")
        .first()
    )
    if row is None:
        return None
    receipt, digest = row[0] or {}, row[1]
    if digest and new.digest and digest != new.digest:
        raise KeyReusedError
    return Receipt(receipt, is_first=False)


def amend(receipt: Receipt, *, state: str) -> Receipt:
    """The first receipt with the state after a move of the same transaction; repeats get it too."""
    body = {**receipt.body, "state": state}
    if state in ENDED:
        body["due"] = {"stage": None, "due_at": None}
    keyed = Intake.objects.filter(intake_no=body["intake_no"]).exclude(source_id="")
    keyed.update(receipt=body)
    return Receipt(body, is_first=True)


def _receipt_of_the_first(new: NewIntake) -> Receipt:
    receipt = first_receipt(new)
    if receipt is None:
        raise RuntimeError("the natural key was taken and is gone")
    return receipt


def receipt_of(prepared: Prepared, duplicates: list[dict[str, Any]]) -> dict[str, Any]:
    """The receipt of a new case (contract.md 4)."""
    case = prepared.case
    return {
        "intake_no": prepared.intake_no,
        "case_no": prepared.case_no,
        "created": True,
        "merged_into_existing": False,
        "state": case["state"],
        "district": case["district_code"],
        "cell": case["cell_code"],
        "category": case["category_code"],
        "due": {"stage": case["due_stage"], "due_at": case["due_at"].isoformat()},
        "duplicates": duplicates,
        "query_code": prepared.intake["query_code"],
    }


def prepare(new: NewIntake, *, by: User | None, now: datetime, seq: int | None = None) -> Prepared:
    """Check, locate and complete a voice; writes nothing."""
    check(new, now)
    category, condition = catalogue.current().category(new.category)
    lon, lat = wgs84(new.position) if new.position else (None, None)
    located, district = _place(new, category, lon, lat)
    return registering.complete(
        Facts(
            new=new,
            category=category,
            condition=condition,
            lon=lon,
            lat=lat,
            located=located,
            district=district,
            priority=_priority(new, category, condition),
            by=by,
            now=now,
            seq=numbers.take()[0] if seq is None else seq,
        )
    )


def _priority(new: NewIntake, category: Category, condition: FilingCondition | None) -> int:
    if new.priority is not None:
        return new.priority
    return condition.priority if condition else category.priority


def _place(
    new: NewIntake, category: Category, lon: float | None, lat: float | None
) -> tuple[locator.Located, str]:
    if lon is not None and lat is not None:
        located = locator.locate(lon, lat)
        if located is None or not located.district_code:
            raise IntakeError(
                "OUTSIDE_CITY", "location", _("位置不在本市范围内，请核对坐标和坐标系。")
            )
        return located, located.district_code
    is_placed = new.address or new.district or new.attach_to_case
    if category.needs_location and not is_placed:
        raise IntakeError("LOCATION_REQUIRED", "location", _("此类事项需要位置或地址。"))
    return NOWHERE, new.district or unplaced_district()


def unplaced_district() -> str:
    """The city-level queue of voices that no district is known for yet: {city4}00."""
    return f"{settings.CITY_CODE}00"


def wgs84(position: Position) -> tuple[float, float]:
    """The position in WGS84 degrees; raises IntakeError for what cannot be one."""
    accuracy = position.accuracy_m
    if not 0 <= accuracy <= MOST_ACCURACY_M:
        raise IntakeError(
            "BAD_ACCURACY", "location.accuracy_m", _("定位精度应在 0 到 5000 米之间。")
        )
    try:
        return to_wgs84(position.lon, position.lat, parse_crs(position.crs))
    except CoordinateError as error:
        path = "location.crs" if error.code == "UNKNOWN_CRS" else "location"
        raise IntakeError(error.code, path, in_words(error)) from error


def check(new: NewIntake, now: datetime) -> None:
    """Refuse what no line may hand in: bad words, lengths, kinds, priorities, times, phones."""
    _check_words(new)
    if new.kind not in KINDS:
        raise IntakeError("UNKNOWN_KIND", "kind", _("未知的诉求类型。"))
    if new.priority is not None and new.priority not in Priority.values:
        raise IntakeError("UNKNOWN_PRIORITY", "priority", _("紧急程度为 0 到 3。"))
    check_time(new.occurred_at, path="occurred_at", now=now)
    phone = new.caller.phone
    if phone and not PHONE.fullmatch(phone):
        raise IntakeError("BAD_PHONE", "caller.phone", _("电话号码格式不正确。"))
    check_attachments(new)


def check_time(at: datetime, *, path: str, now: datetime) -> None:
    """Refuse a time in the future or before 2000, naming the sender's field."""
    if not OLDEST <= at <= now + CLOCK_SKEW:
        raise IntakeError("TIME_OUT_OF_RANGE", path, _("发生时间在未来或过于久远。"))


def _check_words(new: NewIntake) -> None:
    if not new.title.strip():
        raise IntakeError("REQUIRED", "title", _("请填写标题。"))
    for path, longest in LENGTHS.items():
        text = new.caller.name if path == "caller.name" else getattr(new, path)
        if not is_storable(text):
            raise IntakeError("BAD_CHARACTER", path, _("文字中含有不可用的字符。"))
        if len(text) > longest:
            raise IntakeError("TOO_LONG", path, _("最多 %d 个字。") % longest)


def check_attachments(new: NewIntake) -> None:
    """Refuse attachments that are not there."""
    wanted = set(new.attachments)
    if wanted and Attachment.objects.filter(pk__in=wanted).count() != len(wanted):
        raise IntakeError("UNKNOWN_ATTACHMENT", "photos", _("有附件尚未上传或不存在。"))
