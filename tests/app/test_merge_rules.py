"""The nine rules of a merged order (domain.md 4.3) and the never-merge list, each proved."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import casefile, catalogue
from dispatch.actions.errors import RuleError
from dispatch.actions.joining.merging import why_not
from dispatch.duplicates import joined
from dispatch.duplicates.never_merge import sides_of
from dispatch.intake import submit
from dispatch.models import (
    Assignment,
    Callback,
    Case,
    Category,
    Event,
    Extension,
    Intake,
    Merge,
    Timer,
)
from dispatch.voices import Caller, IntakeError, Position
from tests.app.joining_fixtures import caller, rule, say
from tests.app.test_bulk import voice
from tests.app.test_disputes import dispatched, disposal, log, move, processing
from tests.city import B_CENTRE, NOW, City

LATER = NOW + timedelta(hours=1)
HIDDEN = Caller(phone="13900139000", name="李雷", confidential=True)


def merged_into(city: City, case: Case, primary: Case, minutes: float = 5) -> None:
    move(city, case, "leader1", "merge", minutes, into=primary.case_no, reason="同一处")
    primary.refresh_from_db()


def due_of(case: Case, stage: str = "ACCEPT") -> datetime:
    return Timer.objects.get(case=case, stage=stage, intake=None).due_at


def test_rule_1_the_merged_case_names_its_primary_and_its_clocks_stop(city: City) -> None:
    primary, case = log(city), log(city)

    merged_into(city, case, primary)

    assert (case.state, case.merged_into_id) == ("MERGED", primary.pk)
    stopped = Timer.objects.filter(case=case).values_list("state", "ended_at")
    assert set(stopped) == {("CANCELLED", NOW + timedelta(minutes=5))}
    event = Event.objects.filter(case_id=case.pk).latest("id")
    assert (event.topic, event.payload["into"]) == ("case.merged", primary.case_no)


def test_rule_2_the_history_keeps_both(city: City) -> None:
    primary, case = log(city), log(city)
    own = list(Intake.objects.filter(case=case).values_list("pk", flat=True))

    merged_into(city, case, primary)

    assert Merge.objects.get().intakes == own
    assert set(Intake.objects.filter(case=primary).values_list("pk", flat=True)) > set(own)
    assert Event.objects.filter(case_id=case.pk).count() == 2


def test_rule_3_no_deadline_is_later_for_the_merging_not_even_one_that_comes_later(
    city: City,
) -> None:
    working, primary = processing(city), log(city)
    Assignment.objects.filter(case=working).update(ended_at=None)
    Case.objects.filter(pk=primary.pk).update(lead_unit=working.lead_unit)
    earliest = disposal(working).due_at

    move(city, working, "leader1", "merge", 60, into=primary.case_no, reason="同一处")
    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        move(city, primary, who, name, 120)

    assert disposal(primary).due_at == earliest


def test_rule_3_a_deadline_that_came_along_is_not_later_than_the_cases_own(city: City) -> None:
    working, primary = dispatched(city, "E0401"), log(city, "E0104")
    came_along = disposal(working).due_at
    move(city, working, "leader1", "merge", 1, into=primary.case_no, reason="同一处")

    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        move(city, primary, who, name, 2)

    assert disposal(primary).due_at < came_along


def test_rule_3_a_voice_that_comes_later_extends_nothing(city: City) -> None:
    case = log(city)
    before = due_of(case)

    say(city, "E0104", 60, attach_to_case=case.case_no, caller=caller(1), priority=3)

    assert due_of(case) == before
    replies = Timer.objects.filter(case=case, stage="REPLY").values_list("due_at", flat=True)
    assert len(set(replies)) >= 1
    assert len(replies) == 2


def test_rule_4_the_most_urgent_and_every_mark_of_it_stay(city: City) -> None:
    primary, case = log(city), log(city, priority=1)
    Case.objects.filter(pk=case.pk).update(is_hard=True, urge_count=2)

    merged_into(city, case, primary)

    assert (primary.priority, primary.is_hard, primary.urge_count) == (1, True, 2)


def test_rule_4_confidential_reporters_are_only_counted(city: City) -> None:
    rule("GARBAGE", attach_confidential=True)
    case = log(city)
    say(city, "E0104", 5, attach_to_case=case.case_no, caller=HIDDEN, title="他家倒的垃圾")
    Case.objects.filter(pk=case.pk).update(lead_unit=city.units["A0"])

    unit = casefile.case_for(city["handler1"], case.case_no, now=LATER)
    leader = casefile.case_for(city["leader1"], case.case_no, now=LATER)

    assert len(unit["intakes"]) == 1
    assert unit["confidential_voices"] == 1
    assert unit["confidential_note"] == "另有 1 名保密反映人"
    assert "他家倒的垃圾" not in str(unit)
    assert len(leader["intakes"]) == 2
    assert leader["confidential_voices"] == 0


def test_rule_4_a_confidential_voice_joins_by_hand_only_where_the_rule_says_so(
    city: City,
) -> None:
    case = log(city)

    with pytest.raises(IntakeError) as refusal:
        say(city, "E0104", 5, attach_to_case=case.case_no, caller=HIDDEN)

    assert refusal.value.code == "NEVER_MERGED"
    case.refresh_from_db()
    assert (case.intakes_count, case.sensitive) == (1, False)


def test_rule_5_every_voice_is_answered_by_itself(city: City) -> None:
    primary, case = log(city), log(city, caller=caller(1))
    merged_into(city, case, primary)
    for who, name, data in (
        ("receiver1", "accept", {}), ("leader1", "file", {}), ("dispatcher1", "dispatch", {}),
        ("handler1", "sign", {}), ("handler1", "first_contact", {"way": "PHONE", "text": "已联系"}),
        ("approver1", "submit_result", {"text": "已清理"}), ("dispatcher1", "ask_check", {}),
        ("inspector1", "check_pass", {"text": "干净"}),
    ):  # fmt: skip
        move(city, primary, who, name, 10, **data)
    move(city, primary, "callback1", "callback_done", 20, solved="YES")
    assert primary.state == "PENDING_CALLBACK"

    move(city, primary, "callback1", "callback_done", 30, solved="YES")

    assert primary.state == "CLOSED"
    closings = Event.objects.filter(topic="case.closed")
    assert closings.count() == 1, "a case counts once"
    assert Callback.objects.values("intake").distinct().count() == 2, "a voice counts once"


def test_rule_6_heat_counts_callers_once_and_no_inspector(city: City) -> None:
    case = log(city)
    for n, who in enumerate((caller(1), caller(1), caller(2))):
        say(city, "E0104", n, attach_to_case=case.case_no, caller=who)
    Intake.objects.create(
        case=case, intake_no="G", line="GRID", channel="INSPECTOR", kind="FINDING",
        category_code="E0104", title="垃圾", occurred_at=NOW, received_at=NOW,
    )  # fmt: skip

    assert joined.heat_of(case.pk) == 3
    assert casefile.case_for(city["leader1"], case.case_no, now=LATER)["heat"] == 3


def test_rule_7_undoing_gives_the_primary_its_own_deadline_and_priority_back(city: City) -> None:
    primary, case = log(city), log(city, priority=1)
    own, urgency = due_of(primary), primary.priority
    merged_into(city, case, primary)
    assert due_of(primary) < own
    assert primary.priority < urgency

    move(city, case, "leader1", "unmerge", 35, reason="并错了")

    primary.refresh_from_db()
    assert (due_of(primary), primary.priority) == (own, urgency)
    assert primary.due_at == own
    assert (case.state, case.intakes_count, primary.intakes_count) == ("REGISTERED", 1, 1)


def test_rule_7_of_two_merges_the_first_undone_leaves_the_seconds_deadline(city: City) -> None:
    primary, soon, sooner = log(city), log(city, priority=1), log(city, priority=0)
    own, soonest = due_of(primary), due_of(sooner)
    merged_into(city, soon, primary, 1)
    merged_into(city, sooner, primary, 2)

    move(city, soon, "leader1", "unmerge", 3, reason="并错了")
    assert due_of(primary) == soonest
    move(city, sooner, "leader1", "unmerge", 4, reason="并错了")

    assert due_of(primary) == own


def test_rule_7_undone_after_the_primary_went_on(city: City) -> None:
    primary, case = log(city), log(city)
    merged_into(city, case, primary)
    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch"),
                      ("handler1", "sign")):  # fmt: skip
        move(city, primary, who, name, 10)

    move(city, case, "leader1", "unmerge", 20, reason="并错了")

    primary.refresh_from_db()
    assert (case.state, primary.state) == ("REGISTERED", "PROCESSING")
    assert Timer.objects.get(case=case, stage="ACCEPT").state == "RUNNING"
    move(city, case, "receiver1", "accept", 25)
    assert case.state == "PENDING_FILING"


def test_rule_7_a_chain_comes_apart_in_the_middle_and_at_its_end(city: City) -> None:
    a, b, c = log(city), log(city, caller=caller(1)), log(city, caller=caller(2))
    merged_into(city, a, b, 1)
    merged_into(city, b, c, 2)
    assert c.intakes_count == 3

    move(city, b, "leader1", "unmerge", 3, reason="并错了")
    c.refresh_from_db()
    assert (b.intakes_count, c.intakes_count) == (2, 1)
    merged_into(city, b, c, 4)

    move(city, a, "leader1", "unmerge", 5, reason="并错了")

    c.refresh_from_db()
    b.refresh_from_db()
    assert (a.state, a.intakes_count) == ("REGISTERED", 1)
    assert (b.state, c.intakes_count) == ("MERGED", 2)
    assert Intake.objects.filter(case=c).count() == 2
    assert Intake.objects.filter(case=b).count() == 0
    move(city, b, "leader1", "unmerge", 6, reason="也拆开")
    assert Intake.objects.filter(case=b).count() == 1


def test_rule_7_not_after_the_primary_has_ended(city: City) -> None:
    primary, case = log(city), log(city)
    merged_into(city, case, primary)
    why = {"reject_reason": "OUT_OF_DUTY", "reason": "不属职责", "told": "PHONE"}
    move(city, primary, "receiver1", "reject", 10, **why)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "leader1", "unmerge", 20, reason="并错了")

    assert refusal.value.code == "PRIMARY_ENDED"


def both_in_work(city: City) -> tuple[Case, Case]:
    return processing(city), processing(city)


def test_tasks_of_supporting_units_go_on_under_the_primary_and_come_back(city: City) -> None:
    primary, case = both_in_work(city)
    move(city, case, "handler1", "add_support", 5, unit="A1", text="请协助")
    merged_into(city, case, primary, 10)

    task = Assignment.objects.get(unit=city.units["A1"])
    assert (task.case_id, task.ended_at) == (primary.pk, None)
    assert primary.support_units == [city.units["A1"].pk]

    move(city, case, "leader1", "unmerge", 20, reason="并错了")

    task.refresh_from_db()
    primary.refresh_from_db()
    assert (task.case_id, task.ended_at) == (case.pk, None)
    assert (primary.support_units, case.support_units) == ([], [city.units["A1"].pk])
    assert task.parent is not None
    assert task.parent.case_id == case.pk


def test_a_request_for_an_extension_ends_with_the_merge(city: City) -> None:
    primary, case = both_in_work(city)
    move(city, case, "approver1", "request_extension", 5, days="3", reason="缺料", told="PHONE")

    merged_into(city, case, primary, 10)

    extension = Extension.objects.get()
    assert (extension.decision, extension.decided_by) == ("REFUSED", city["leader1"])


def test_a_case_that_waits_for_the_citizen_runs_on_before_it_is_merged(city: City) -> None:
    primary, case = both_in_work(city)
    due = disposal(case).due_at
    move(city, case, "handler1", "wait_citizen", 5, text="哪一栋？", way="PHONE")

    merged_into(city, case, primary, 35)

    case.refresh_from_db()
    assert not case.is_waiting
    assert Timer.objects.get(case=case, stage="DISPOSAL").due_at > due


def test_a_supervised_case_is_not_merged_away(city: City) -> None:
    primary, case = both_in_work(city)
    move(city, case, "leader1", "supervise", 5, text="请加快")

    with pytest.raises(RuleError):
        merged_into(city, case, primary, 10)


NEVER: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("a confidential report", {"kind": "REPORT"}, "CONFIDENTIAL"),
    ("a confidential caller", {"caller": HIDDEN}, "CONFIDENTIAL"),
    ("a sensitive category", {"category": "L9022"}, "SENSITIVE"),
    ("another's bad review", {"category": "S0001", "caller": caller(7)}, "REVIEW"),
    ("a complaint about staff", {"category": "S0003"}, "STAFF"),
    ("a legal document's deadline", {"category": "S0006"}, "LEGAL"),
)


@pytest.mark.parametrize(("what", "fields", "code"), NEVER, ids=[row[0] for row in NEVER])
def test_the_never_merge_list_holds_for_merging_and_for_attaching(
    city: City, what: str, fields: dict[str, Any], code: str
) -> None:
    fields = {"caller": caller(3), **fields}
    primary, case = (
        log(city, **{**fields, "caller": caller(9), "kind": "COMPLAINT"}),
        log(city, **fields),
    )
    found = why_not(case, primary, sides_of([case, primary]))

    with pytest.raises(RuleError):
        merged_into(city, case, primary)
    with pytest.raises(IntakeError) as refusal:
        log(city, **fields, attach_to_case=primary.case_no)

    assert found is not None
    assert found.code == code
    assert refusal.value.code == "NEVER_MERGED"


def test_a_city_takes_a_category_off_the_list(city: City) -> None:
    Category.objects.filter(code="S0003").update(never_merge="")
    catalogue.refresh()
    primary, case = log(city, "S0003"), log(city, "S0003", caller=caller(1))

    merged_into(city, case, primary)

    assert case.state == "MERGED"


def test_bad_reviews_of_one_applicant_may_be_one(city: City) -> None:
    primary, case = log(city, "S0001"), log(city, "S0001")

    merged_into(city, case, primary)

    assert case.state == "MERGED"


def test_the_same_component_never_takes_what_is_on_the_list(city: City) -> None:
    cover: dict[str, Any] = {"category": "C0103", "component_id": "3399010103000001"}
    first = submit(voice("one", **cover)[0], by=None, now=NOW)
    report = replace(voice("two", **cover)[0], kind="REPORT", caller=HIDDEN)

    hidden = submit(report, by=None, now=LATER)
    plain = submit(voice("three", **cover)[0], by=None, now=LATER)

    assert hidden.body["created"]
    assert plain.body["case_no"] == first.body["case_no"]


def test_a_voice_for_a_merged_case_goes_to_its_primary(city: City) -> None:
    primary, case = log(city), log(city)
    merged_into(city, case, primary)

    receipt = say(city, "E0104", 10, attach_to_case=case.case_no, caller=caller(1))

    assert receipt["case_no"] == primary.case_no


def test_a_voice_of_another_district_is_not_attached(city: City) -> None:
    case = log(city)

    with pytest.raises(IntakeError) as refusal:
        say(city, "E0104", 5, attach_to_case=case.case_no, position=Position(*B_CENTRE, "WGS84"))

    assert refusal.value.code == "OTHER_DISTRICT"
