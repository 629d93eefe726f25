"""Two cases stand side by side; chosen voices leave into a case of their own."""

from datetime import timedelta

import pytest

from dispatch import casefile, outbox
from dispatch.actions.errors import RuleError
from dispatch.models import Case, Event, Intake, Link, Timer
from dispatch.voices import Caller, Position
from hotline.models import Ticket
from hotline.tasks import follow_cases
from tests.app.joining_fixtures import caller, case_of, rule, say
from tests.app.test_disputes import log, move, processing
from tests.city import B_CENTRE as THERE
from tests.city import NOW, A, B, City

IN_B = Position(*THERE, "WGS84")
LATER = NOW + timedelta(hours=1)


def topics(case: Case) -> list[str]:
    return list(
        Event.objects.filter(case_id=case.pk).order_by("id").values_list("topic", flat=True)
    )


def test_two_cases_are_linked_both_logs_say_so_and_it_can_be_undone(city: City) -> None:
    case, other = log(city), log(city)

    move(city, case, "receiver1", "link", 5, other=other.case_no, reason="同一工地")
    linked = casefile.case_for(city["leader1"], other.case_no, now=LATER)["links"]
    move(city, other, "leader1", "unlink", 6, other=case.case_no, reason="并无关系")

    assert [(one["case_no"], one["state"], one["kind"]) for one in linked] == [
        (case.case_no, "REGISTERED", "RELATED")
    ]
    for one in (case, other):
        assert topics(one)[-2:] == ["case.linked", "case.unlinked"]
        assert casefile.case_for(city["leader1"], one.case_no, now=LATER)["links"] == []
    assert Link.objects.get().ended_by == city["leader1"]


def test_a_link_across_districts_asks_for_a_joint_note_and_shows_no_more_than_it_must(
    city: City,
) -> None:
    case, other = log(city), log(city, position=IN_B)
    assert (case.district_code, other.district_code) == (A, B)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "leader1", "link", 5, other=other.case_no, reason="界河")
    move(city, case, "leader1", "link", 6, other=other.case_no, reason="界河", joint="A 区清淤")
    Case.objects.filter(pk=case.pk).update(lead_unit=city.units["A0"])

    assert refusal.value.code == "JOINT_NOTE"
    [seen] = casefile.case_for(city["handler1"], case.case_no, now=LATER)["links"]
    assert (seen["case_no"], seen["state"], seen["district"]) == (other.case_no, "REGISTERED", B)
    assert (seen["joint"], seen["title"], seen["by"]) == ("A 区清淤", None, None)
    [whole] = casefile.case_for(city["leader1"], case.case_no, now=LATER)["links"]
    assert whole["title"] == other.title


@pytest.mark.parametrize("wrong", ["itself", "nothing", "twice", "not linked"])
def test_a_link_that_makes_no_sense_is_refused(city: City, wrong: str) -> None:
    case, other = log(city), log(city)
    number = {"itself": case.case_no, "nothing": "3399"}.get(wrong, other.case_no)
    name = "unlink" if wrong == "not linked" else "link"
    if wrong in {"twice", "not linked"}:
        third = log(city) if wrong == "not linked" else other
        move(city, case, "leader1", "link", 4, other=third.case_no, reason="相关")

    with pytest.raises(RuleError) as refusal:
        move(city, case, "leader1", name, 5, other=number, reason="相关")

    assert refusal.value.code == {
        "itself": "ITSELF", "nothing": "UNKNOWN_CASE", "twice": "ALREADY_LINKED",
        "not linked": "NOT_LINKED",
    }[wrong]  # fmt: skip


def test_chosen_voices_leave_into_a_case_of_their_own_with_their_clocks(city: City) -> None:
    case = log(city, priority=1)
    first = Intake.objects.get(case=case)
    joined = say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1), title="另一处")
    accept, reply = (Timer.objects.get(case=case, intake=None),
                     Timer.objects.get(intake__intake_no=joined["intake_no"]))  # fmt: skip

    move(city, case, "leader1", "split", 20, intakes=[joined["intake_no"]], reason="不是一处")

    made = Intake.objects.get(intake_no=joined["intake_no"]).case
    assert made.case_no not in {case.case_no, f"{A}{joined['intake_no']}"}
    assert (made.state, made.title, made.priority) == ("REGISTERED", "另一处", 1)
    assert (case.intakes_count, made.intakes_count) == (1, 1)
    assert Intake.objects.get(case=case) == first
    reply.refresh_from_db()
    assert (reply.case_id, reply.state) == (made.pk, "RUNNING")
    copy = Timer.objects.get(case=made, intake=None)
    assert (copy.stage, copy.started_at, copy.due_at) == (
        "ACCEPT",
        accept.started_at,
        accept.due_at,
    )
    assert (made.due_stage, made.due_at) == ("ACCEPT", accept.due_at)
    assert topics(case)[-1] == "case.split"
    assert topics(made) == ["case.split_off"]
    assert Link.objects.get().kind == "SPLIT"


def test_what_leaves_work_in_progress_is_dispatched_anew_and_keeps_the_deadline(
    city: City,
) -> None:
    case = processing(city)
    joined = say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1))
    deadline = Timer.objects.get(case=case, stage="DISPOSAL")

    move(city, case, "leader1", "split", 30, intakes=[joined["intake_no"]], reason="不是一处")

    made = Intake.objects.get(intake_no=joined["intake_no"]).case
    assert made.state == "PENDING_DISPATCH"
    copy = Timer.objects.get(case=made, stage="DISPOSAL")
    assert (copy.started_at, copy.due_at) == (deadline.started_at, deadline.due_at)
    assert Timer.objects.filter(case=made, stage="DISPATCH", state="RUNNING").exists()
    move(city, made, "dispatcher1", "dispatch", 40)
    assert Timer.objects.get(case=made, stage="DISPOSAL").due_at == deadline.due_at


def test_a_split_is_undone_by_merging_back(city: City) -> None:
    case = log(city)
    joined = say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1))
    move(city, case, "leader1", "split", 10, intakes=[joined["intake_no"]], reason="不是一处")
    made = Intake.objects.get(intake_no=joined["intake_no"]).case

    move(city, made, "leader1", "merge", 20, into=case.case_no, reason="还是一处")

    case.refresh_from_db()
    assert (case.intakes_count, made.state) == (2, "MERGED")
    assert Intake.objects.filter(case=case).count() == 2


def test_a_voice_that_speaks_of_the_other_district_goes_there(city: City) -> None:
    case = log(city, position=None, address="说不清")
    there = {"caller": caller(1), "position": None, "address": "河那边"}
    joined = say(city, "E0104", 5, attach_to_case=case.case_no, **there)
    Intake.objects.filter(intake_no=joined["intake_no"]).update(
        location=f"SRID=4326;POINT({THERE[0]} {THERE[1]})"
    )

    move(city, case, "leader1", "split", 10, intakes=[joined["intake_no"]], reason="在澜江区")

    made = Intake.objects.get(intake_no=joined["intake_no"]).case
    assert made.district_code == B
    assert made.case_no.startswith(B)


@pytest.mark.parametrize("which", ["all", "foreign", "none"])
def test_a_split_leaves_somebody_and_takes_only_its_own(city: City, which: str) -> None:
    case, other = log(city), log(city)
    say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1))
    own = list(Intake.objects.filter(case=case).values_list("intake_no", flat=True))
    foreign = list(Intake.objects.filter(case=other).values_list("intake_no", flat=True))

    with pytest.raises(RuleError) as refusal:
        chosen = {"all": own, "foreign": foreign, "none": []}[which]
        move(city, case, "leader1", "split", 10, intakes=chosen, reason="不是一处")

    codes = {"all": "NOTHING_LEFT", "foreign": "UNKNOWN_VOICE", "none": "FIELDS"}
    assert refusal.value.code == codes[which]
    case.refresh_from_db()
    assert case.intakes_count == 2


def test_the_moves_are_offered_where_they_can_be_made(city: City) -> None:
    case = log(city)

    def offered() -> tuple[set[str], dict[str, str]]:
        file = casefile.case_for(city["leader1"], case.case_no, now=LATER)
        return (
            {move["move"] for move in file["moves"]},
            {move["move"]: move["code"] for move in file["blocked_moves"]},
        )

    alone, blocked = offered()
    say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1))
    move(city, case, "leader1", "link", 6, other=log(city).case_no, reason="相关")
    together, _ = offered()

    assert (blocked["split"], blocked["unlink"]) == ("ONE_VOICE", "NOT_LINKED")
    assert "link" in alone
    assert {"link", "unlink", "split", "merge"} <= together


def test_a_confidential_voice_that_leaves_takes_its_secrecy_along(city: City) -> None:
    rule("GARBAGE", attach_confidential=True)
    case = log(city)
    hidden = Caller(phone="13900139000", confidential=True)
    joined = say(city, "E0104", 5, attach_to_case=case.case_no, caller=hidden)

    move(city, case, "leader1", "split", 10, intakes=[joined["intake_no"]], reason="保密单独办")

    made = Intake.objects.get(intake_no=joined["intake_no"]).case
    assert made.sensitive
    assert case_of({"case_no": made.case_no}).lead_unit_id is None


def test_the_hotlines_ticket_follows_its_voice_into_the_new_case(city: City) -> None:
    case = log(city)
    joined = say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1))
    move(city, case, "leader1", "split", 10, intakes=[joined["intake_no"]], reason="不是一处")
    while outbox.number_batch(now=LATER):
        pass

    follow_cases()

    made = Intake.objects.get(intake_no=joined["intake_no"]).case
    ticket = Ticket.objects.get(intake_no=joined["intake_no"])
    assert (ticket.case_no, ticket.case_state) == (made.case_no, "REGISTERED")


def test_the_hotlines_ticket_follows_its_voice_through_a_merge_and_back(city: City) -> None:
    primary, merged = log(city), log(city)
    number = Intake.objects.get(case=merged).intake_no
    said = []
    for moved, who, name, data in (
        (merged, "leader1", "merge", {"into": primary.case_no, "reason": "同一处"}),
        (primary, "receiver1", "accept", {}),
        (merged, "leader1", "unmerge", {"reason": "并错了"}),
    ):
        move(city, moved, who, name, 10, **data)
        while outbox.number_batch(now=LATER):
            pass
        follow_cases()
        ticket = Ticket.objects.get(intake_no=number)
        said.append((ticket.case_no, ticket.case_state))

    assert said == [
        (primary.case_no, "REGISTERED"),
        (primary.case_no, "PENDING_FILING"),
        (merged.case_no, "REGISTERED"),
    ]
