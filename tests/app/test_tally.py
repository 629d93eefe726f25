"""The counters are those of the cases, and say for which number of the log they are true."""

from dispatch import outbox
from dispatch.models import Case, FeedHead, Tally
from dispatch.queries import tally_for, tally_under
from tests.app.test_disputes import log, move
from tests.app.test_feed import recount, relay_all, tallied
from tests.city import NOW, City
from tests.client import Api


def test_a_registration_counts_once_and_a_move_moves_the_count(city: City) -> None:
    case = log(city)
    relay_all()
    assert tallied() == {("339901", "HOTLINE", "E0104", "REGISTERED"): 1}

    move(city, case, "receiver1", "accept")
    relay_all()

    assert tallied() == recount() == {("339901", "HOTLINE", "E0104", "PENDING_FILING"): 1}


def test_a_changed_category_moves_the_count(city: City) -> None:
    case = log(city)
    move(city, case, "leader1", "change_category", category="E0105", reason="分类有误")
    relay_all()

    assert tallied() == recount()


def test_joined_voices_and_ended_cases_keep_the_counters_right(city: City) -> None:
    first = log(city)
    log(city, attach_to_case=first.case_no)
    second = log(city, title="另一件")
    move(city, second, "leader1", "merge", into=first.case_no, reason="同一件")
    relay_all()
    assert tallied() == recount()

    move(city, second, "leader1", "unmerge", reason="不是同一件")
    move(city, first, "leader1", "void", reason="误报", told="PHONE")
    relay_all()

    assert tallied() == recount()


def test_counters_are_true_for_the_number_they_name(city: City) -> None:
    for n in range(5):
        log(city, title=f"第 {n} 件")
    outbox.number_batch(now=NOW, limit=3)

    body = tally_for(city["leader1"], district="339901")

    assert body["seq"] == FeedHead.objects.get().seq == 3
    assert sum(row["count"] for row in body["counters"]) == 3
    assert Case.objects.count() == 5


def test_the_api_and_the_wall_tell_the_same(city: City) -> None:
    for n in range(4):
        log(city, title=f"第 {n} 件")
    relay_all()

    status, body = Api(city, "commander1").get("tally", district="339901")
    wall = tally_under(("3399",))

    assert status == 200
    assert sum(row["count"] for row in body["counters"]) == 4
    assert wall["as_of"] == {"339901": 4}
    assert sum(row["count"] for row in wall["counters"]) == 4


def test_a_district_without_cases_counts_nothing(city: City) -> None:
    assert tally_for(city["leader1"], district="339902") == {
        "district": "339902",
        "seq": 0,
        "counters": [],
    }


def test_counters_never_fall_below_nought(city: City) -> None:
    case = log(city)
    relay_all()
    move(city, case, "leader1", "void", reason="误报")
    relay_all()

    assert not Tally.objects.filter(count__lt=0).exists()
    assert Tally.objects.get(state="REGISTERED").count == 0


def test_when_all_counters_are_nought_the_number_is_still_named(city: City) -> None:
    case = log(city)
    relay_all()
    Tally.objects.update(count=0)

    assert tally_for(city["leader1"], district=case.district_code)["seq"] == 1
