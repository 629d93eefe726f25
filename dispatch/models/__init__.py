"""The one queue's tables: catalogue, cases with their voices, timers, events."""

from dispatch.models.alarms import Alarm, AlarmKind, AlarmThreshold
from dispatch.models.assignments import Assignment
from dispatch.models.calendar import Season, WorkCalendarDay
from dispatch.models.cases import (
    Attachment,
    Callback,
    Case,
    CaseQuerySet,
    Intake,
    Line,
    Note,
    Priority,
)
from dispatch.models.catalogue import (
    Category,
    DuplicateRule,
    FilingCondition,
    StageLimit,
)
from dispatch.models.delays import Extension, Pause, Suspension
from dispatch.models.disputes import ReturnRequest, Ruling, Statement
from dispatch.models.duties import DutyItem, DutyList, DutyReplay, DutyWithdrawal, UnitAbsence
from dispatch.models.events import Cursor, Event, FeedHead, Tally
from dispatch.models.incidents import Incident, IncidentMember
from dispatch.models.merges import Link, Merge
from dispatch.models.queue_page import (
    Acknowledgement,
    Export,
    ExportFormat,
    ExportState,
    QueueSettings,
    SavedFilter,
    SeenMark,
)
from dispatch.models.sampling import SampleRate
from dispatch.models.suggestions import CategoryChoice, CategoryModel
from dispatch.models.supervision import Supervision, SupervisionMessage
from dispatch.models.timers import Escalation, LadderStep, Standstill, Timer

__all__ = [
    "Acknowledgement",
    "Alarm",
    "AlarmKind",
    "AlarmThreshold",
    "Assignment",
    "Attachment",
    "Callback",
    "Case",
    "CaseQuerySet",
    "Category",
    "CategoryChoice",
    "CategoryModel",
    "Cursor",
    "DuplicateRule",
    "DutyItem",
    "DutyList",
    "DutyReplay",
    "DutyWithdrawal",
    "Escalation",
    "Event",
    "Export",
    "ExportFormat",
    "ExportState",
    "Extension",
    "FeedHead",
    "FilingCondition",
    "Incident",
    "IncidentMember",
    "Intake",
    "LadderStep",
    "Line",
    "Link",
    "Merge",
    "Note",
    "Pause",
    "Priority",
    "QueueSettings",
    "ReturnRequest",
    "Ruling",
    "SampleRate",
    "SavedFilter",
    "Season",
    "SeenMark",
    "StageLimit",
    "Standstill",
    "Statement",
    "Supervision",
    "SupervisionMessage",
    "Suspension",
    "Tally",
    "Timer",
    "UnitAbsence",
    "WorkCalendarDay",
]
