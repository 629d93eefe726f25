"""What inspectors do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from accounts.identity import keyed_digest
from accounts.models import User
from accounts.prepared import insert_prepared
from dispatch import catalogue
from dispatch.actions.errors import NotAllowedError, RuleError
from dispatch.actions.moving import make_move
from dispatch.intake import amend, check_time, submit
from dispatch.voices import Line, NewIntake, Position, Receipt
from grid.models import Finding
from grid.on_duty import note_place

NOT_MINOR = "NOT_MINOR"
"""Why the queue keeps an urgent thing open although its inspector put it right."""
TITLE_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finding as the phone sends it; the position in degrees of the named system.

    `camera` is the fixed device and preset that saw it, where a camera reports.
    """

    uid: UUID
    device: str
    captured_at: datetime
    category: str
    position: Position
    text: str = ""
    component_id: str = ""
    camera: str = ""
    self_handled: bool = False
    photos: Sequence[str] = ()


def report_finding(report: Report, *, by: User, now: datetime) -> Receipt:
    """Take an inspector's report: it needs no verification (domain.md 1.7).

    Self-handled ones are closed at once and counted apart. Raises NotAllowedError and what
    dispatch.intake.submit raises.
    """
    if "INSPECTOR" not in by.scope().roles:
        raise NotAllowedError
    check_time(report.captured_at, path="captured_at", now=now)
    return submit(_voice(report, by), by=by, now=now, then=partial(_keep, report, by=by, now=now))


def _keep(report: Report, receipt: Receipt, *, by: User, now: datetime) -> Receipt:
    """Write the line's own finding, in the transaction of the voice."""
    insert_prepared(
        Finding(
            uid=report.uid,
            device=report.device,
            intake_no=receipt.body["intake_no"],
            case_no=receipt.body["case_no"],
            inspector=by,
            self_handled=report.self_handled,
            captured_at=report.captured_at,
            received_at=now,
        )
    )
    note_place(by=by, position=report.position, captured_at=report.captured_at, now=now)
    if report.self_handled and receipt.body["created"]:
        return _close_at_once(report, receipt, by=by, now=now)
    return receipt


def _close_at_once(report: Report, receipt: Receipt, *, by: User, now: datetime) -> Receipt:
    """Close what she put right herself; what is no minor thing (T5) stays an ordinary report."""
    try:
        case = make_move(
            case_no=receipt.body["case_no"],
            move="self_handle",
            version=1,
            data={"text": report.text or "自行处理"},
            by=by,
            now=now,
        )
    except RuleError as refusal:
        if refusal.code != NOT_MINOR:
            raise
        return receipt
    return amend(receipt, state=case.state)


def _voice(report: Report, by: User) -> NewIntake:
    category, _condition = catalogue.current().category(report.category)
    content = repr(report)
    return NewIntake(
        line=Line.GRID,
        channel="INSPECTOR",
        kind="FINDING",
        category=report.category,
        title=(report.text.strip().split("\n")[0] or category.name)[:TITLE_LENGTH],
        content=report.text,
        occurred_at=report.captured_at,
        position=report.position,
        component_id=report.component_id,
        camera=report.camera,
        source=("grid", str(report.uid)),
        digest=keyed_digest(content),
        attachments=tuple(report.photos),
    )
