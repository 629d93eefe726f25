"""The one queue's tables: catalogue, cases with their voices, timers, events."""

from dispatch.models.calendar import Season, WorkCalendarDay
from dispatch.models.cases import (
    Assignment,
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
    DutyItem,
    FilingCondition,
    StageLimit,
)
from dispatch.models.delays import Extension, Pause
from dispatch.models.disputes import ReturnRequest, Ruling
from dispatch.models.events import Cursor, Event, FeedHead, Tally
from dispatch.models.merges import Merge
from dispatch.models.queue_page import (
    Acknowledgement,
    Export,
    ExportFormat,
    ExportState,
    QueueSettings,
    SavedFilter,
    SeenMark,
)
from dispatch.models.suggestions import CategoryChoice, CategoryModel
from dispatch.models.timers import Timer

__all__ = [
    "Acknowledgement",
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
    "Event",
    "Export",
    "ExportFormat",
    "ExportState",
    "Extension",
    "FeedHead",
    "FilingCondition",
    "Intake",
    "Line",
    "Merge",
    "Note",
    "Pause",
    "Priority",
    "QueueSettings",
    "ReturnRequest",
    "Ruling",
    "SavedFilter",
    "Season",
    "SeenMark",
    "StageLimit",
    "Tally",
    "Timer",
    "WorkCalendarDay",
]
