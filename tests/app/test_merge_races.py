"""Merging while others act: real threads, the real database, committed rows."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from dispatch.actions.errors import MoveError, StaleVersionError
from dispatch.actions.joining.deciding import accept, dismiss
from dispatch.actions.moving import make_move
from dispatch.models import Case, Event, Incident, Intake, Merge
from dispatch.voices import IntakeError
from tests.app.joining_fixtures import caller, case_of, recognise, say
from tests.app.test_disputes import log, move
from tests.app.threads import at_once
from tests.city import NOW, City

ROUNDS = 3
Act = Callable[[], str]


def tries(city: City, case: Case, who: str, name: str, **data: Any) -> str:
    """done, STALE or the code of the refusal, of a move on the version that is known here."""
    try:
        make_move(
            case_no=case.case_no, move=name, version=case.version, data=data, by=city[who], now=NOW
        )
    except StaleVersionError:
        return "STALE"
    except MoveError as error:
        return error.code
    return "done"


def together(*acts: Act) -> list[str]:
    """What becomes of acts that start at once, each in its own thread."""
    return at_once(lambda n: acts[n](), len(acts))


def check_the_rows(voices: int) -> None:
    """Every voice lies in exactly one case that counts it; none in a merged one; no circle."""
    assert Intake.objects.count() == voices
    assert not Intake.objects.filter(case__state="MERGED").exists()
    for case in Case.objects.all():
        assert Intake.objects.filter(case=case).count() == case.intakes_count, case.state
        last = Event.objects.filter(case_id=case.pk).latest("id")
        assert last.to_state == case.state
    for case in Case.objects.filter(state="MERGED"):
        seen = {case.pk}
        while case.merged_into_id:
            assert case.merged_into_id not in seen
            seen.add(case.merged_into_id)
            case = Case.objects.get(pk=case.merged_into_id)  # noqa: PLW2901


def test_merging_and_moving_the_same_case_at_once_one_wins(real_city: City) -> None:
    for n in range(ROUNDS):
        primary, case = log(real_city), log(real_city)

        merged, moved = together(
            partial(tries, real_city, case, "leader1", "merge", into=primary.case_no, reason="同"),
            partial(tries, real_city, case, "receiver1", "accept"),
        )

        assert Counter([merged, moved]) == {"done": 1, "STALE": 1}
        check_the_rows(2 * (n + 1))


def test_merging_into_a_case_while_it_ends_never_loses_a_voice_in_an_ended_case(
    real_city: City,
) -> None:
    for n in range(ROUNDS):
        primary, case = log(real_city), log(real_city)

        merged, ended = together(
            partial(tries, real_city, case, "leader1", "merge", into=primary.case_no, reason="同"),
            partial(tries, real_city, primary, "leader1", "void", reason="误报"),
        )

        assert (merged, ended) in {("done", "STALE"), ("NOT_MERGEABLE", "done")}
        check_the_rows(2 * (n + 1))


def test_undoing_a_merge_while_the_primary_ends(real_city: City) -> None:
    for n in range(ROUNDS):
        primary, case = log(real_city), log(real_city)
        move(real_city, case, "leader1", "merge", into=primary.case_no, reason="同一处")
        primary.refresh_from_db()

        undone, ended = together(
            partial(tries, real_city, case, "leader1", "unmerge", reason="并错了"),
            partial(tries, real_city, primary, "leader1", "void", reason="误报"),
        )

        assert (undone, ended) in {("done", "STALE"), ("STALE", "done")}
        check_the_rows(2 * (n + 1))
        case.refresh_from_db()
        assert (case.state, case.intakes_count) == ("REGISTERED", 1)


def test_three_merges_in_a_circle_leave_one_open_case_with_all_voices(real_city: City) -> None:
    for n in range(ROUNDS):
        ring = [log(real_city) for _ in range(3)]

        results = together(
            *(
                partial(
                    tries, real_city, ring[k], "leader1", "merge",
                    into=ring[(k + 1) % 3].case_no, reason="同",
                )
                for k in range(3)
            )
        )  # fmt: skip

        assert "done" in results
        assert set(results) <= {"done", "STALE", "NOT_MERGEABLE"}
        check_the_rows(3 * (n + 1))
        assert Case.objects.filter(pk__in=[case.pk for case in ring], is_open=True).exists()


def test_merging_twice_into_different_primaries_at_once_happens_once(real_city: City) -> None:
    case, one, other = log(real_city), log(real_city), log(real_city)

    results = together(
        partial(tries, real_city, case, "leader1", "merge", into=one.case_no, reason="同"),
        partial(tries, real_city, case, "leader1", "merge", into=other.case_no, reason="同"),
    )

    assert Counter(results) == {"done": 1, "STALE": 1}
    assert Merge.objects.count() == 1
    check_the_rows(3)


def attaching(city: City, case: Case, n: int) -> str:
    """Attach a voice; attached, or the code why not."""
    try:
        say(city, "E0104", attach_to_case=case.case_no, caller=caller(n))
    except IntakeError as error:
        return error.code
    return "attached"


def test_attaching_while_the_case_is_merged_never_leaves_a_voice_in_the_merged_one(
    real_city: City,
) -> None:
    voices = 0
    for n in range(ROUNDS):
        primary, case = log(real_city), log(real_city)

        merged, attached = together(
            partial(tries, real_city, case, "leader1", "merge", into=primary.case_no, reason="同"),
            partial(attaching, real_city, case, n),
        )

        assert (merged, attached) in {
            ("done", "attached"), ("done", "CASE_ENDED"), ("STALE", "attached"),
        }  # fmt: skip
        voices += 2 + (attached == "attached")
        check_the_rows(voices)


def test_attaching_while_the_case_ends(real_city: City) -> None:
    voices = 0
    for n in range(ROUNDS):
        case = log(real_city)

        ended, attached = together(
            partial(tries, real_city, case, "leader1", "void", reason="误报"),
            partial(attaching, real_city, case, n),
        )

        assert (ended, attached) in {("done", "CASE_ENDED"), ("STALE", "attached")}
        voices += 1 + (attached == "attached")
        check_the_rows(voices)


def test_splitting_and_merging_the_same_case_at_once_one_wins(real_city: City) -> None:
    for n in range(ROUNDS):
        primary, case = log(real_city), log(real_city)
        voice = say(real_city, "E0104", attach_to_case=case.case_no, caller=caller(n))
        case.refresh_from_db()
        chosen = [voice["intake_no"]]

        split, merged = together(
            partial(tries, real_city, case, "leader1", "split", intakes=chosen, reason="不同"),
            partial(tries, real_city, case, "leader1", "merge", into=primary.case_no, reason="同"),
        )

        assert Counter([split, merged]) == {"done": 1, "STALE": 1}
        check_the_rows(3 * (n + 1))


def test_splitting_the_primary_while_its_merge_is_undone(real_city: City) -> None:
    for n in range(ROUNDS):
        primary, case = log(real_city), log(real_city)
        own = Intake.objects.get(case=case).intake_no
        move(real_city, case, "leader1", "merge", into=primary.case_no, reason="同一处")
        primary.refresh_from_db()

        split, undone = together(
            partial(tries, real_city, primary, "leader1", "split", intakes=[own], reason="不同"),
            partial(tries, real_city, case, "leader1", "unmerge", reason="并错了"),
        )

        assert (split, undone) in {("done", "NOTHING_LEFT"), ("STALE", "done")}
        check_the_rows(2 * (n + 1))


def test_two_who_link_the_same_pair_at_once_leave_one_link(real_city: City) -> None:
    case, other = log(real_city), log(real_city)

    results = together(
        partial(tries, real_city, case, "leader1", "link", other=other.case_no, reason="相关"),
        partial(tries, real_city, other, "receiver1", "link", other=case.case_no, reason="相关"),
    )

    assert Counter(results) == {"done": 1, "ALREADY_LINKED": 1}


def test_accepting_and_dismissing_an_incident_at_once_one_decides(real_city: City) -> None:
    for n in range(5):
        say(real_city, "L9013", n, caller=caller(n))
    [incident] = recognise(NOW)
    leader = real_city["leader1"]

    def decides(act: Callable[..., Incident], **fields: Any) -> str:
        try:
            act(incident_id=incident.pk, by=leader, now=NOW, **fields)
        except StaleVersionError as error:
            return error.who
        return "done"

    results = together(
        partial(decides, accept, answer="", auto_join=False),
        partial(decides, dismiss, reason="不是"),
    )

    assert Counter(results) == {"done": 1, "leader1": 1}
    check_the_rows(5)


def test_accepting_while_a_member_is_merged_elsewhere_waits_for_nobody_in_a_circle(
    real_city: City,
) -> None:
    receipts = [say(real_city, "L9013", n, caller=caller(n)) for n in range(5)]
    [incident] = recognise(NOW)
    member, primary = case_of(receipts[4]), case_of(receipts[0])
    elsewhere = log(real_city)

    def accepts() -> str:
        accept(
            incident_id=incident.pk, answer="", auto_join=False, by=real_city["leader1"], now=NOW
        )
        return "done"

    accepted, merged = together(
        accepts,
        partial(tries, real_city, member, "leader1", "merge", into=elsewhere.case_no, reason="同"),
    )

    assert accepted == "done"
    assert merged in {"done", "STALE"}
    check_the_rows(6)
    primary.refresh_from_db()
    assert primary.intakes_count == (4 if merged == "done" else 5)
