"""What stands beside the history: supervision, linked cases, helping and lower units, an outage."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from accounts.models import Role, Unit, UnitLevel, User
from config.demo.past.deeds import Staff
from config.demo.past.plans import Plan, Step
from config.demo.past.routes import SOON, VOICE, Leg
from config.demo.people import FIRST
from config.demo.stories import StoryTeller
from config.demo.units import CENTRE, unit_code
from dispatch.actions.moving import make_move
from dispatch.lifecycle import State
from dispatch.models import Case, Event, Line

SUPERVISOR = "supervisor1"
OUTAGE_CALLS = 6
OUTAGE_BEGAN, BETWEEN_CALLS = timedelta(minutes=26), timedelta(minutes=4)
OUTAGE_WITHIN_M = 60.0
OUTAGE_TITLE = "突然停水"
HOW_FAR = ((), ("sub_sign",), ("sub_sign", "sub_done"))
"""What the teams have done with their tasks: nothing yet, signed, done."""
DONE_WORDS: Mapping[str, Mapping[str, str]] = {"sub_done": {"text": "已清理完毕，请验收。"}}


def outage(teller: StoryTeller, *, first_number: int, now: datetime) -> Iterator[Plan]:
    """Calls of neighbours about one outage, a few minutes apart: an incident to be offered."""
    scene = next(scene for scene in teller.book.scenes if OUTAGE_TITLE in scene.titles)
    words = next(words for words in scene.contents if "停水" in words)
    scene = replace(scene, titles=(OUTAGE_TITLE,), contents=(words,))
    spot = teller.spots.draw(FIRST, "home", teller.draw)
    for order in range(OUTAGE_CALLS):
        beside = teller.spots.near(spot, OUTAGE_WITHIN_M, teller.draw)
        story = replace(teller.call_about(scene, beside), confidential=False)
        at = now - OUTAGE_BEGAN + order * BETWEEN_CALLS
        steps = (Step(at, Leg("OPERATOR", VOICE, SOON), story),)
        yield Plan(first_number + order, Line.HOTLINE, steps)


def watch_over(staff: Staff, *, now: datetime) -> int:
    """Make the moves of those who look over the work at `now`; how many were made."""
    worked_on = Case.objects.open().filter(
        district_code=FIRST, state=State.PROCESSING.value, sensitive=False, lead_unit__isnull=False
    )
    late_first = worked_on.order_by("due_at", "pk")
    made = sum(_supervise(case, staff, order, now) for order, case in enumerate(late_first[:2]))
    at_ease = worked_on.filter(due_at__gt=now).order_by("-due_at", "pk").first()
    made += _helped(at_ease, staff, now) if at_ease else 0
    with_teams = worked_on.filter(due_at__gt=now, is_waiting=False, support_units=[])
    with_teams = with_teams.filter(lead_unit__unit__level=UnitLevel.DISTRICT)
    with_teams = with_teams.exclude(lead_unit__code=unit_code(FIRST, CENTRE)).distinct()
    for case, far in zip(with_teams.order_by("-due_at", "pk")[:3], HOW_FAR, strict=False):
        made += _handed_down(case, staff, far, now)
    return made + _linked(now)


def _supervise(case: Case, staff: Staff, order: int, now: datetime) -> int:
    """One demand in writing, answered by the unit, and one by telephone that still waits."""
    by = User.objects.get(username=SUPERVISOR)
    kind, words = ("WRITTEN", "已近时限，请今日内书面说明办理进度。")
    if order:
        kind, words = ("PHONE", "群众再次来电，请先行联系并告知办理时间。")
    asked_at = now - timedelta(minutes=50)
    asked_at = max(asked_at, _last_event(case) + timedelta(seconds=20))
    _move(case, "supervise", by, min(asked_at, now), text=words, supervision=kind)
    if order:
        return 1
    _move(case, "answer_supervision", _handler(case, staff), now, text="人员已到场，今晚完成。")
    return 2


def _helped(case: Case, staff: Staff, now: datetime) -> int:
    """Another unit of the district helps, and has signed its task."""
    lead = Unit.objects.get(pk=case.lead_unit_id or 0)
    beside = Unit.objects.filter(parent_id=lead.parent_id or lead.pk, always_on=True)
    other = beside.exclude(code=lead.code).order_by("code").first()
    if other is None:
        return 0
    words = "请协助现场交通疏导并设置警示标志。"
    _move(case, "add_support", _handler(case, staff), now, unit=other.code, text=words)
    helper = staff.one(Role.HANDLER, area=case.cell_code, unit_id=other.pk, number=1)
    _move(case, "sub_sign", helper, now)
    return 2


def _handed_down(case: Case, staff: Staff, far: Sequence[str], now: datetime) -> int:
    """The lead hands a part of its work to a team of its own, which is so far with it."""
    team = Unit.objects.filter(parent_id=case.lead_unit_id).order_by("code")[0]
    words = "请班组今日到场处理，完工后拍照反馈。"
    _move(case, "sub_dispatch", _handler(case, staff), now, unit=team.code, text=words)
    by = User.objects.get(posts__unit=team, posts__role=Role.HANDLER)
    for move in far:
        _move(case, move, by, now, **DONE_WORDS.get(move, {}))
    return 1 + len(far)


def _linked(now: datetime) -> int:
    """Two open cases of one family stand side by side, another pair across two districts."""
    by = User.objects.get(username="leader1")
    cases = Case.objects.open().filter(sensitive=False, line=Line.HOTLINE.value).order_by("-pk")
    here = list(cases.filter(district_code=FIRST)[:40])
    pair = next(((a, b) for a in here for b in here if a.pk < b.pk and a.family == b.family), None)
    far = cases.exclude(district_code=FIRST).first()
    made = 0
    if pair:
        _move(
            pair[0], "link", by, now, other=pair[1].case_no, reason="同一路段的同类问题，一并安排。"
        )
        made += 1
    if pair and far:
        joint = "由两区各自处置本侧，完成后互相通报。"
        _move(pair[0], "link", by, now, other=far.case_no, reason="跨区路段", joint=joint)
        made += 1
    return made


def _handler(case: Case, staff: Staff) -> User:
    return staff.one(Role.HANDLER, area=case.cell_code, unit_id=case.lead_unit_id, number=1)


def _last_event(case: Case) -> datetime:
    return Event.objects.filter(case_id=case.pk).latest("id").at


def _move(case: Case, move: str, by: User, at: datetime, **data: object) -> None:
    version = Case.objects.values_list("version", flat=True).get(pk=case.pk)
    make_move(case_no=case.case_no, move=move, version=version, data=data, by=by, now=at)
