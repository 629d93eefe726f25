"""Does one planned step: the person whose role it is makes the real move at its moment."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.models import Post, Role, Unit, User
from affairs.actions import CloudEvent, take_event
from affairs.models import UpstreamSystem
from affairs.rules import PREFIX
from config.demo.hall import CODE
from config.demo.past.plans import INTO, Plan, Step
from config.demo.past.routes import ENDS, TRY_CALL, VOICE
from config.demo.pictures import VARIANTS, picture, taken
from config.demo.stories import Story
from dispatch.actions.checking import record_callback, waiting_voices
from dispatch.actions.moving import make_move
from dispatch.attachments.images import store_image
from dispatch.models import Case, Line
from dispatch.voices import Caller, Position, Receipt
from grid.actions import Report, report_finding
from hotline.actions import Call, log_call

SOURCE = "/demo/hall"
PICTURES_OF_PAST_CASES = 8
"""Of the cases that are over one in so many has pictures; of the open ones every one may."""
FAR_PICTURES = 9
"""One picture in so many was taken somewhere else: the drawer shows how far away."""
GPS_ACCURACY_M, MAP_ACCURACY_M = 6.0, 10.0
REVIEWED_AFTER = timedelta(days=20)
OF_THE_CENTRE = 4
"""One case in so many is worked on by the handling centre's own people."""


@dataclass(slots=True)
class Standing:
    """A case as it stands: its number, version and unit."""

    case_no: str
    version: int
    unit_id: int | None


class Staff:
    """Who may act: people by role, inspectors by area, handlers by unit; one copy of each."""

    def __init__(self) -> None:
        """Read all open posts once."""
        posts = Post.objects.filter(ended_at__isnull=True).select_related("user", "unit")
        self._by_role: dict[str, list[User]] = defaultdict(list)
        self._by_area: dict[str, list[User]] = defaultdict(list)
        self._by_unit: dict[tuple[str, int], list[User]] = defaultdict(list)
        self._above = dict(Unit.objects.values_list("pk", "parent_id"))
        for post in posts.order_by("pk"):
            self._by_role[post.role].append(post.user)
            if post.role == Role.INSPECTOR:
                self._by_area[post.area_code].append(post.user)
            if post.unit_id:
                self._by_unit[post.role, post.unit_id].append(post.user)

    def one(self, role: str, *, area: str, unit_id: int | None, number: int) -> User:
        """Somebody of the role for a case; the same one for the same number."""
        if role == Role.INSPECTOR:
            found = self._by_area[area[:9]] or self._by_area[area[:6]]
        elif role in {Role.HANDLER, Role.UNIT_APPROVER} and unit_id is not None:
            above = self._above[unit_id]
            chosen = above if above and number % OF_THE_CENTRE == 0 else unit_id
            found = self._by_unit[role, chosen]
        else:
            found = self._by_role[role]
        return found[number % len(found)]


class Deeds:
    """Does the steps of plans, and remembers how each case stands."""

    def __init__(self) -> None:
        """Read the staff and the upstream system."""
        self.staff = Staff()
        self.system = UpstreamSystem.objects.get(code=CODE)
        self._standing: dict[int, Standing] = {}

    def do(self, plan: Plan, order: int) -> None:
        """Do one step of a plan; the steps of a plan come in their order."""
        step = plan.steps[order]
        if step.leg.act == VOICE:
            self._speak(plan, order, step)
            return
        standing = self._standing.get(plan.number) or self._found(plan)
        if step.leg.act == TRY_CALL:
            self._try_call(plan, step, standing)
            return
        by = self._person(plan, step, standing)
        data = self._fields(step)
        if photo := self._photo(plan, order, by):
            data["photos"] = [photo]
        if step.leg.act == "callback_done":
            self._call_the_others_back(standing, data, by, step)
        case = make_move(
            case_no=standing.case_no,
            move=step.leg.act,
            version=standing.version,
            data=data,
            by=by,
            now=step.at,
        )
        self._standing[plan.number] = Standing(case.case_no, case.version, case.lead_unit_id)
        if primary := step.leg.data.get(INTO):
            del self._standing[primary.number]

    def _fields(self, step: Step) -> dict[str, Any]:
        """The fields of a move; a primary case and a day of review are known only now."""
        data = dict(step.leg.data)
        if primary := data.get(INTO):
            data[INTO] = (self._standing.get(primary.number) or self._found(primary)).case_no
        if step.leg.act == "suspend":
            data["until"] = (step.at + REVIEWED_AFTER).date().isoformat()
        return data

    def _person(self, plan: Plan, step: Step, standing: Standing | None) -> User:
        return self.staff.one(
            step.leg.role,
            area=plan.steps[0].story.spot.area,
            unit_id=standing.unit_id if standing else None,
            number=plan.number,
        )

    def _speak(self, plan: Plan, order: int, step: Step) -> None:
        joined = (self._standing.get(plan.number) or self._found(plan)) if order else None
        speakers = {Line.HOTLINE: self._call, Line.GRID: self._finding, Line.AFFAIRS: self._event}
        receipt = speakers[step.story.line](plan, order, step, joined.case_no if joined else "")
        if joined:
            joined.version += 1
        elif receipt.body["created"]:
            self._standing[plan.number] = self._stands(receipt.body["case_no"])

    def _call(self, plan: Plan, order: int, step: Step, joined: str) -> Receipt:
        story = step.story
        call = Call(
            kind=story.kind,
            title=story.title,
            content=story.content,
            category=story.category,
            caller=Caller(story.phone, story.name, story.anonymous, story.confidential),
            occurred_at=step.at - timedelta(minutes=5 + plan.number % 20),
            address=story.spot.address,
            position=_position(story, MAP_ACCURACY_M),
            wants_reply=story.wants_reply,
            attach_to_case=joined,
            call_id=_key(plan, order),
        )
        return log_call(call, by=self._person(plan, step, None), now=step.at)

    def _finding(self, plan: Plan, order: int, step: Step, _joined: str) -> Receipt:
        story, by = step.story, self._person(plan, step, None)
        photo = self._photo(plan, order, by)
        report = Report(
            uid=_uid(plan),
            device=f"demo-phone-{by.pk % 100:02d}",
            captured_at=step.at - timedelta(seconds=40),
            category=story.category,
            position=_position(story, GPS_ACCURACY_M),
            text=story.content,
            self_handled=bool(step.leg.data.get("self_handled")),
            photos=(photo,) if photo else (),
        )
        return report_finding(report, by=by, now=step.at)

    def _event(self, plan: Plan, order: int, step: Step, _joined: str) -> Receipt:
        event = CloudEvent(
            id=_key(plan, order),
            source=SOURCE,
            type=f"{PREFIX}{step.story.scene.type}",
            time=step.at - timedelta(seconds=20),
            data=event_data(step.story, number=plan.number),
        )
        return take_event(event, system=self.system, now=step.at)

    def _try_call(self, plan: Plan, step: Step, standing: Standing) -> None:
        """Nobody answers, some hours before the call that is answered."""
        by = self._person(plan, step, standing)
        case = Case.objects.get(case_no=standing.case_no)
        for intake in waiting_voices(case)[:1]:
            record_callback(
                intake_no=intake.intake_no,
                solved="UNREACHABLE",
                satisfaction="",
                text="无人接听",
                by=by,
                now=step.at,
            )

    def _call_the_others_back(
        self, standing: Standing, data: dict[str, Any], by: User, step: Step
    ) -> None:
        """All citizens but the last, a quarter of an hour before her."""
        case = Case.objects.get(case_no=standing.case_no)
        for intake in waiting_voices(case)[1:]:
            record_callback(
                intake_no=intake.intake_no,
                solved=data["solved"],
                satisfaction=data.get("satisfaction", ""),
                text=data.get("text", ""),
                by=by,
                now=step.at - timedelta(minutes=15),
            )

    def _photo(self, plan: Plan, order: int, by: User) -> str:
        """The id of the step's picture; empty where it has none."""
        step = plan.steps[order]
        is_open = plan.steps[-1].leg.act not in ENDS
        if not step.leg.picture or not (is_open or plan.number % PICTURES_OF_PAST_CASES == 0):
            return ""
        away = 0.0018 if plan.number % FAR_PICTURES == 0 and order else order * 0.00004
        drawn = picture(step.leg.picture, plan.number % VARIANTS)
        raw = taken(drawn, step.at, step.story.spot.lon + away, step.story.spot.lat)
        return str(store_image(raw, by=by, now=step.at).pk)

    def _found(self, plan: Plan) -> Standing:
        """A case of an earlier run that was cut off, by the natural key of its first voice."""
        key = {
            Line.HOTLINE: ("hotline:call", _key(plan, 0)),
            Line.GRID: ("grid", str(_uid(plan))),
            Line.AFFAIRS: (f"affairs:{SOURCE}", _key(plan, 0)),
        }[plan.line]
        case = Case.objects.get(intakes__source_system=key[0], intakes__source_id=key[1])
        standing = self._standing[plan.number] = self._stands(case.case_no)
        return standing

    def _stands(self, case_no: str) -> Standing:
        row = Case.objects.values_list("case_no", "version", "lead_unit_id").get(case_no=case_no)
        return Standing(*row)


def event_data(story: Story, *, number: int) -> dict[str, Any]:
    """The data of a service event (domain.md 3.5); a review is the worst of a scale up to five."""
    return {
        "project_no": f"YL{number:08d}",
        "item_name": story.item,
        "title": story.title,
        "text": story.content,
        "applicant_name": story.name,
        "phone": story.phone,
        "anonymous": story.anonymous,
        "satisfaction": 1,
        "area_code": story.spot.district,
        "address": story.spot.address,
        "location": {"lon": story.spot.lon, "lat": story.spot.lat, "crs": "WGS84"},
    }


def _position(story: Story, accuracy_m: float) -> Position:
    return Position(story.spot.lon, story.spot.lat, "WGS84", accuracy_m)


def _key(plan: Plan, order: int) -> str:
    return f"demo-{plan.number}-{order}"


def _uid(plan: Plan) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"demo-{plan.number}")
