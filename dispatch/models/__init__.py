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
from dispatch.models.suggestions import CategoryChoice, CategoryModel
from dispatch.models.timers import Timer

__all__ = [
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
    "Extension",
    "FeedHead",
    "FilingCondition",
    "Intake",
    "Line",
    "Merge",
    "Note",
    "Pause",
    "Priority",
    "ReturnRequest",
    "Ruling",
    "Season",
    "StageLimit",
    "Tally",
    "Timer",
    "WorkCalendarDay",
]
