"""A duty list is drafted, tried out and published whole; then nobody changes it."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.arranging import Period
from dispatch import catalogue
from dispatch.actions.duties import duty_lists
from dispatch.actions.duties.absences import arrange_absence
from dispatch.actions.duties.duty_lists import DutyListError, RefusedRowsError
from dispatch.actions.errors import MoveError, NotAllowedError
from dispatch.assignment import Question, Roster, Suggestion, lead_unit
from dispatch.duties import replaying, rosters
from dispatch.duties.items import ItemRow, csv_of, rows_of
from dispatch.models import Case, DutyItem, DutyList, DutyReplay, Event, Timer
from dispatch.voices import Position
from tests.app.asking import ask
from tests.app.test_disputes import log, move
from tests.app.threads import at_once
from tests.city import NOW, A, B, City

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate(NOW)
EVENING = 8.8 * 60
"""Minutes after NOW: shortly before the end of the working day."""
SWEPT = ItemRow("A-E0104", "E0104", A, "", "ALWAYS", "A1")
"""Roads in district A are swept by the road unit."""


def draft(city: City, *rows: ItemRow, by: str = "commander1") -> DutyList:
    """A draft with the items of the first list and these."""
    found = duty_lists.new_draft(title="第二版", by=city[by], now=NOW)
    for row in rows:
        duty_lists.put_item(number=found.number, row=row, by=city["commander1"])
    return found


def tried(found: DutyList, *, days: int = 30, at: datetime = NOW) -> DutyReplay:
    """A dry run of the list."""
    for _progress in replaying.replay(found, days=days, by=None, now=at):
        pass
    run = replaying.latest(found)
    assert run is not None
    return run


def publish(city: City, found: DutyList, *, on: date = TODAY, by: str = "commander1") -> DutyList:
    """Publish as the commander."""
    return duty_lists.publish(number=found.number, valid_from=on, by=city[by], now=NOW)


def refused(work: Any) -> str:
    """The code of the refusal."""
    with pytest.raises(MoveError) as refusal:
        work()
    return refusal.value.code


def test_a_draft_begins_with_the_items_of_the_newest_list(city: City) -> None:
    found = draft(city)

    assert found.number == 2
    assert found.based_on == DutyList.objects.get(number=1)
    assert rows_of(found) == rows_of(found.based_on)


def test_what_is_published_holds_from_its_day_and_says_who_and_when(city: City) -> None:
    found = draft(city, SWEPT)
    tried(found)

    publish(city, found, on=TODAY + timedelta(days=1))

    found.refresh_from_db()
    assert (found.published_by, found.published_at) == (city["commander1"], NOW)
    assert rosters.roster_on(TODAY).list_no == 1
    assert rosters.roster_on(TODAY + timedelta(days=1)).list_no == 2


def test_the_newest_published_list_counts_on_a_day_that_two_begin(city: City) -> None:
    for number in (2, 3):
        found = draft(city, ItemRow("A-X", "E0104", A, "", "ALWAYS", f"A{number - 1}"))
        tried(found)
        publish(city, found)

    assert rosters.roster_on(TODAY).list_no == 3


@pytest.mark.parametrize("who", ["dispatcher1", "leader1", "operator1", "approver1", "nobody"])
def test_only_the_commander_publishes(city: City, who: str) -> None:
    found = draft(city, SWEPT)
    tried(found)

    with pytest.raises(NotAllowedError):
        publish(city, found, by=who)

    assert DutyList.objects.get(number=2).state == "DRAFT"


def test_a_list_is_not_published_for_a_day_that_is_over_or_before_the_last(city: City) -> None:
    found = draft(city, SWEPT)
    tried(found)
    assert refused(lambda: publish(city, found, on=TODAY - timedelta(days=1))) == "DATE_PAST"
    publish(city, found, on=TODAY + timedelta(days=9))
    third = draft(city, ItemRow("A-X", "E0105", A, "", "ALWAYS", "A1"))
    tried(third)

    assert refused(lambda: publish(city, third)) == "BEFORE_THE_LAST"


def test_without_a_fresh_dry_run_nothing_is_published(city: City) -> None:
    found = draft(city, SWEPT)
    assert refused(lambda: publish(city, found)) == "NEEDS_DRY_RUN"

    tried(found, at=NOW - timedelta(hours=25))
    assert refused(lambda: publish(city, found)) == "NEEDS_DRY_RUN"

    tried(found)
    row = ItemRow("A-E0105", "E0105", A, "", "ALWAYS", "A1")
    duty_lists.put_item(number=2, row=row, by=city["commander1"])
    assert refused(lambda: publish(city, found)) == "NEEDS_DRY_RUN"

    tried(found)
    assert publish(city, found).state == "PUBLISHED"


def test_a_draft_that_another_publication_overtook_is_not_published(city: City) -> None:
    """It would take back silently what the other one brought."""
    first, second = draft(city, SWEPT), draft(city)
    tried(first)
    tried(second)
    publish(city, first)

    assert refused(lambda: publish(city, second)) == "OUTDATED"


def test_an_empty_list_is_not_published(city: City) -> None:
    found = draft(city)
    found.items.all().delete()
    tried(found)

    assert refused(lambda: publish(city, found)) == "EMPTY"


def test_nobody_changes_a_published_list(city: City) -> None:
    by = city["commander1"]
    acts = (
        lambda: duty_lists.put_item(number=1, row=SWEPT, by=by),
        lambda: duty_lists.remove_item(number=1, item_no="A-E01", by=by),
        lambda: duty_lists.import_items(number=1, text=csv_of([SWEPT]), by=by),
        lambda: duty_lists.discard(number=1, by=by),
    )

    assert [refused(act) for act in acts] == ["NOT_A_DRAFT"] * 4


REFUSED = (
    ("dispatch_dutylist_published_is_never_changed", "UPDATE dispatch_dutylist SET title = 'X'"),
    ("dispatch_dutylist_published_is_never_changed",
     "UPDATE dispatch_dutylist SET state = 'DRAFT', valid_from = NULL, published_at = NULL"),
    ("dispatch_dutylist_published_is_never_changed", "DELETE FROM dispatch_dutylist"),
    ("dispatch_dutyitem_published_is_never_changed", "UPDATE dispatch_dutyitem SET unit_id = NULL"),
    ("dispatch_dutyitem_published_is_never_changed", "DELETE FROM dispatch_dutyitem"),
    ("dispatch_dutyitem_published_is_never_changed",
     "INSERT INTO dispatch_dutyitem (duty_list_id, item_no, area_code, condition_code, hours,"
     " unit_id) SELECT duty_list_id, 'X', area_code, '', hours, unit_id FROM dispatch_dutyitem"
     " LIMIT 1"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sql"), REFUSED)
def test_the_database_refuses_to_change_what_is_published(city: City, name: str, sql: str) -> None:
    with (
        pytest.raises(IntegrityError, match=name),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_an_item_cannot_be_slipped_from_a_draft_into_a_published_list(city: City) -> None:
    found = draft(city)

    with pytest.raises(IntegrityError, match="published_is_never_changed"), transaction.atomic():
        DutyItem.objects.filter(duty_list=found).update(duty_list=DutyList.objects.get(number=1))


IN_A_DRAFT = (
    ("dispatch_dutyitem_hours_are_known", "UPDATE dispatch_dutyitem SET hours = 'X'"),
    ("dispatch_dutyitem_has_an_area", "UPDATE dispatch_dutyitem SET area_code = 'X'"),
    ("dispatch_dutyitem_condition_has_a_category",
     "UPDATE dispatch_dutyitem SET category_id = NULL, condition_code = 'E0104-1'"),
    ("dispatch_dutyitem_number_is_used_once", "UPDATE dispatch_dutyitem SET item_no = 'X'"),
    ("dispatch_dutyitem_names_a_unit_once_per_key",
     "UPDATE dispatch_dutyitem SET category_id = NULL, area_code = '3399',"
     " unit_id = (SELECT min(id) FROM accounts_unit)"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sql"), IN_A_DRAFT, ids=[name for name, _ in IN_A_DRAFT])
def test_the_database_refuses_a_bad_item_of_a_draft(city: City, name: str, sql: str) -> None:
    found = draft(city)

    with (
        pytest.raises(IntegrityError, match=name),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{sql} WHERE duty_list_id = {found.pk}")


LISTS = (
    ("dispatch_dutylist_state_is_known", "UPDATE dispatch_dutylist SET state = 'X'"),
    ("dispatch_dutylist_is_dated_when_it_is_published",
     "UPDATE dispatch_dutylist SET state = 'PUBLISHED'"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sql"), LISTS, ids=[name for name, _ in LISTS])
def test_the_database_refuses_a_bad_list(city: City, name: str, sql: str) -> None:
    found = draft(city)
    names = f"{name}|dispatch_dutylist_is_dated_when_it_is_published"

    with (
        pytest.raises(IntegrityError, match=names),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{sql} WHERE id = {found.pk}")


def test_a_file_goes_out_and_comes_in_again_unchanged(city: City) -> None:
    found = draft(city, SWEPT, ItemRow("A-00", "*", A, "", "OFF_HOURS", "A0"))
    before = rows_of(found)

    changes = duty_lists.import_items(
        number=2, text="\ufeff" + csv_of(before), by=city["commander1"]
    )

    assert len(changes) == 0
    assert rows_of(found) == before


BAD_ROWS = (
    (ItemRow("", "E0104", A, "", "ALWAYS", "A1"), "item_no"),
    (ItemRow("X" * 25, "E0104", A, "", "ALWAYS", "A1"), "item_no"),
    (ItemRow("X", "Q9", A, "", "ALWAYS", "A1"), "category"),
    (ItemRow("X", "E0104", "888888", "", "ALWAYS", "A1"), "area_code"),
    (ItemRow("X", "C01", A, "E0104-1", "ALWAYS", "A1"), "condition"),
    (ItemRow("X", "*", A, "E0104-1", "ALWAYS", "A1"), "condition"),
    (ItemRow("X", "E0104", A, "", "NOON", "A1"), "hours"),
    (ItemRow("X", "E0104", A, "", "ALWAYS", "ZZ"), "unit"),
)


@pytest.mark.parametrize(("row", "column"), BAD_ROWS)
def test_a_bad_row_refuses_the_whole_file_and_says_where(
    city: City, row: ItemRow, column: str
) -> None:
    found = draft(city)
    before = rows_of(found)

    with pytest.raises(RefusedRowsError) as refusal:
        duty_lists.import_items(number=2, text=csv_of([SWEPT, row]), by=city["commander1"])

    assert [(one.line, one.column) for one in refusal.value.refused] == [(3, column)]
    assert rows_of(found) == before


def test_rows_that_come_twice_and_missing_columns_are_refused(city: City) -> None:
    draft(city)
    twin = ItemRow("A-other", "E0104", A, "", "ALWAYS", "A1")

    with pytest.raises(RefusedRowsError) as refusal:
        duty_lists.import_items(number=2, text=csv_of([SWEPT, SWEPT, twin]), by=city["commander1"])
    with pytest.raises(RefusedRowsError) as headless:
        duty_lists.import_items(number=2, text="a,b\n1,2\n", by=city["commander1"])

    assert [one.column for one in refusal.value.refused] == ["item_no", "unit"]
    assert "unit" in headless.value.refused[0].why


def test_a_draft_is_changed_within_ones_own_area_only(city: City) -> None:
    """A duty leader of district B does not write the duties of district A."""
    from accounts.actions import give_post
    from accounts.models import Role, User

    leader = User.objects.create(username="leader-b", password="!")
    give_post(user=leader, role=Role.DUTY_LEADER, area_code=B, now=NOW)
    draft(city)

    with pytest.raises(NotAllowedError):
        duty_lists.put_item(number=2, row=SWEPT, by=leader)
    with pytest.raises(NotAllowedError):
        duty_lists.import_items(number=2, text=csv_of([SWEPT]), by=leader)
    own = ItemRow("B-E0104", "E0104", B, "", "ALWAYS", "B1")
    assert duty_lists.put_item(number=2, row=own, by=leader)


@pytest.mark.parametrize("who", ["operator1", "handler1", "callback1", "evaluator1", "nobody"])
def test_who_does_not_route_neither_reads_nor_writes_lists(city: City, who: str) -> None:
    answers = [
        ask(city, who, "GET", "duty-lists"),
        ask(city, who, "GET", "duty-lists/1"),
        ask(city, who, "GET", "duty-lists/1/export"),
        ask(city, who, "POST", "duty-lists", {"title": "X"}),
        ask(city, who, "POST", "duty-lists/1/replays", {"days": 7}),
        ask(city, who, "POST", "duty-lists/1/publication", {"valid_from": "2099-01-01"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    client = Client()
    client.force_login(city[who])
    assert client.get("/duties/").status_code == 403


def test_the_dry_run_counts_what_would_change_and_changes_nothing(city: City) -> None:
    swept = [log(city) for _ in range(3)]
    log(city, "C0101")
    log(city, "E0201")
    states = list(Case.objects.order_by("pk").values_list("version", "lead_unit", "state"))

    found = tried(draft(city, SWEPT)).findings

    pair = [city.units["A2"].pk, city.units["A1"].pk]
    assert (found["total"], found["unchanged"], found["changed"]) == (5, 2, 3)
    assert found["flows"] == [[*pair, 3]]
    assert found["units"] == [[pair[1], 1, 4], [pair[0], 3, 0]] or found["units"] == [
        [pair[0], 3, 0],
        [pair[1], 1, 4],
    ]
    assert found["ownerless_after"] == 1
    assert found["ownerless"] == 0
    assert {row[0] for row in found["cases"]} == {case.pk for case in swept}
    assert states == list(Case.objects.order_by("pk").values_list("version", "lead_unit", "state"))


def test_the_dry_run_says_who_would_be_left_without_an_owner(city: City) -> None:
    log(city)
    found = draft(city)
    duty_lists.remove_item(number=2, item_no="A-E01", by=city["commander1"])

    findings = tried(found).findings

    assert findings["ownerless"] == 1
    assert findings["flows"] == [[city.units["A2"].pk, 0, 1]]


def test_the_dry_run_says_which_deadlines_would_move(city: City) -> None:
    """A unit that works around the clock has other deadlines."""
    city.units["A1"].always_on = True
    city.units["A1"].save()
    catalogue.refresh()
    case = log(city)
    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        move(city, case, who, name, EVENING)

    findings = tried(draft(city, SWEPT), at=NOW + timedelta(days=1)).findings

    assert findings["deadlines"] == {"sooner": 1, "later": 0, "same": 0}
    old, new = (datetime.fromisoformat(text) for text in findings["cases"][0][-2:])
    assert new < old == Timer.objects.get(case=case, stage="DISPOSAL").due_at


def test_the_dry_run_asks_by_the_hour_of_the_dispatch(city: City) -> None:
    log(city)
    night = ItemRow("A-N", "E0104", A, "", "OFF_HOURS", "A1")

    by_day = tried(draft(city, night)).findings
    Case.objects.update(created_at=NOW - timedelta(hours=10))
    by_night = tried(DutyList.objects.get(number=2)).findings

    assert (by_day["changed"], by_night["changed"]) == (0, 1)


def test_the_dry_run_fills_a_pool_as_it_would_have_been_filled(city: City) -> None:
    for _ in range(4):
        log(city)
    second = ItemRow("A-E0104-2", "E0104", A, "", "ALWAYS", "A2")

    findings = tried(draft(city, SWEPT, second)).findings

    assert findings["flows"] == [[city.units["A2"].pk, city.units["A1"].pk, 2]]


def test_the_dry_run_leaves_absences_and_what_needed_no_unit_out(city: City) -> None:
    log(city)
    gone = log(city)
    Case.objects.filter(pk=gone.pk).update(
        state="CLOSED", is_open=False, close_type="DIRECT_ANSWER", closed_at=NOW
    )
    arrange_absence(
        unit="A2", deputy_unit="A1",
        period=Period(NOW - timedelta(days=1), NOW + timedelta(days=1), "检修"),
        by=city["leader1"], now=NOW,
    )  # fmt: skip

    findings = tried(draft(city)).findings

    assert (findings["total"], findings["left_out"], findings["changed"]) == (1, 1, 0)


def test_the_dry_run_asks_each_list_once_for_all_cases_of_one_kind(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand cases of few kinds are few questions; cells that no item parts are one."""
    questions: list[Question] = []

    def counted(roster: Roster, question: Question, **more: Any) -> Suggestion | None:
        questions.append(question)
        return lead_unit(roster, question, **more)

    for n in range(6):
        log(city, position=Position(119.6001 + n % 2 / 100, 29.9001, "WGS84"))
    found = draft(city, SWEPT)
    monkeypatch.setattr(replaying, "lead_unit", counted)

    assert tried(found).findings["changed"] == 6
    assert [question.area for question in questions] == [A, A]


def test_a_viewer_of_a_dry_run_sees_only_cases_of_her_own_area(city: City) -> None:
    from accounts.actions import give_post, make_token
    from accounts.models import Role, User

    log(city)
    leader = User.objects.create(username="leader-b", password="!")
    give_post(user=leader, role=Role.DUTY_LEADER, area_code=B, now=NOW)
    city.users["leader-b"] = leader
    tried(draft(city, SWEPT))
    assert make_token(user=leader, now=datetime.now(UTC))

    own = ask(city, "leader1", "GET", "duty-lists/2/replays/latest").json()["findings"]
    other = ask(city, "leader-b", "GET", "duty-lists/2/replays/latest").json()["findings"]

    assert (len(own["cases"]), len(other["cases"])) == (1, 0)
    assert own["changed"] == other["changed"] == 1


def test_the_api_goes_from_draft_to_publication(city: City) -> None:
    today = timezone.localdate()
    item = {"item_no": "A-E0104", "category": "E0104", "area_code": A, "unit": "A1"}

    made = ask(city, "dispatcher1", "POST", "duty-lists", {"title": "第二版"})
    put = ask(city, "dispatcher1", "POST", "duty-lists/2/items", item)
    changes = ask(city, "leader1", "GET", "duty-lists/2/changes").json()
    run = ask(city, "leader1", "POST", "duty-lists/2/replays", {"days": 30})
    lines = [json.loads(line) for line in b"".join(run.streaming_content).splitlines()]
    early = ask(city, "dispatcher1", "POST", "duty-lists/2/publication",
                {"valid_from": today.isoformat()})  # fmt: skip
    out = ask(city, "commander1", "POST", "duty-lists/2/publication",
              {"valid_from": today.isoformat()})  # fmt: skip
    shown = ask(city, "leader1", "GET", "duty-lists").json()["items"]

    assert (made.status_code, put.status_code, early.status_code) == (201, 200, 403)
    assert [one["item_no"] for one in changes["added"]] == ["A-E0104"]
    assert {"done", "total"} == set(lines[0])
    assert lines[-1]["findings"]["compared_with"] == 1
    assert out.json()["valid_from"] == today.isoformat()
    assert [(one["number"], one["standing"]) for one in shown] == [(2, "IN_FORCE"), (1, "PAST")]


def test_the_api_names_refused_rows_and_unknown_lists(city: City) -> None:
    draft(city)

    bad = ask(city, "commander1", "PUT", "duty-lists/2/items", {"csv": csv_of(
        [ItemRow("X", "E0104", A, "", "ALWAYS", "ZZ")])})  # fmt: skip
    gone = ask(city, "commander1", "GET", "duty-lists/99")
    wrong = ask(city, "commander1", "POST", "duty-lists/2/items",
                {"item_no": "X", "category": "Q", "area_code": "12", "unit": "A1"})  # fmt: skip

    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "REFUSED_ROWS")
    assert bad.json()["error"]["fields"]["csv"][0].startswith("2 unit:")
    assert gone.status_code == 404
    assert set(wrong.json()["error"]["fields"]) == {"category", "area_code"}


def test_an_export_opens_in_a_spreadsheet(city: City) -> None:
    answer = ask(city, "leader1", "GET", "duty-lists/1/export")

    text = answer.content.decode("utf-8-sig")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.DictReader(io.StringIO(text)))) == DutyItem.objects.count()


def test_the_command_imports_tries_and_publishes(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "next.csv", tmp_path / "out.csv"
    first = DutyList.objects.get(number=1)
    path.write_text(csv_of([*rows_of(first), SWEPT]), "utf-8")

    call_command("duty_list", "import", str(path), "--by", "dispatcher1", "--title", "第二版")
    call_command("duty_list", "export", "2", str(out))
    call_command("duty_list", "dry-run", "2", "--days", "7")
    today = timezone.localdate().isoformat()
    call_command("duty_list", "publish", "2", "--from", today, "--by", "commander1")
    call_command("duty_list", "versions")

    told = capsys.readouterr().out
    assert "1 added, 0 changed, 0 removed" in told
    assert "0 cases asked" in told
    assert "IN_FORCE" in told
    assert "A-E0104,E0104" in out.read_text("utf-8")


def test_the_command_puts_refused_rows_with_reasons_into_a_file_and_takes_nothing(
    city: City, tmp_path: Path
) -> None:
    path, out = tmp_path / "next.csv", tmp_path / "refused.csv"
    path.write_text(csv_of([SWEPT, ItemRow("X", "E0104", A, "", "ALWAYS", "ZZ")]), "utf-8")

    with pytest.raises(CommandError, match="1 rows refused"):
        call_command("duty_list", "import", str(path), "--by", "commander1", "--refused", str(out))

    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert [(row["item_no"], row["line"], row["column"]) for row in rows] == [("X", "3", "unit")]
    assert rows[0]["why"]
    assert DutyList.objects.count() == 1


@pytest.mark.parametrize("tab", ["items", "changes", "replay"])
def test_the_page_shows_a_draft_to_who_routes(city: City, tab: str) -> None:
    log(city)
    tried(draft(city, SWEPT))
    client = Client()
    client.force_login(city["commander1"])

    answer = client.get(f"/duties/?v=2&tab={tab}&q=A-E")

    assert answer.status_code == 200
    assert "A-E0104" in answer.content.decode()


def test_the_page_answers_addresses_that_mean_nothing(city: City) -> None:
    client = Client()
    client.force_login(city["commander1"])

    statuses = [
        client.get(f"/duties/{query}").status_code
        for query in ("", "?v=99", "?v=x&tab=y&page=-1", "?page=999999999999", "?area='&category=%")
    ]

    assert statuses == [200, 404, 200, 200, 200]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_is_refused(real_city: City) -> None:
    """Two drafts of one list: the second would take back what the first brought."""
    drafts = [draft(real_city, SWEPT), draft(real_city)]
    for found in drafts:
        tried(found)

    def act(which: int) -> str:
        try:
            publish(real_city, drafts[which])
        except DutyListError as error:
            return error.code
        return "published"

    assert sorted(at_once(act, 2)) == ["OUTDATED", "published"]
    assert DutyList.objects.filter(state="PUBLISHED").count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_draft_is_published_once_however_many_press(real_city: City) -> None:
    found = draft(real_city, SWEPT)
    tried(found)

    def act(_which: int) -> str:
        try:
            publish(real_city, found)
        except DutyListError as error:
            return error.code
        return "published"

    assert sorted(at_once(act, 4)) == ["NOT_A_DRAFT"] * 3 + ["published"]


@pytest.mark.django_db(transaction=True)
def test_an_item_changed_while_the_list_is_published_is_in_the_proof_or_refused(
    real_city: City,
) -> None:
    """Whoever comes second: a publication without a dry run of its items never happens."""
    found = draft(real_city, SWEPT)
    tried(found)
    late = ItemRow("A-E0105", "E0105", A, "", "ALWAYS", "A1")

    def act(which: int) -> str:
        try:
            if which:
                publish(real_city, found)
            else:
                duty_lists.put_item(number=2, row=late, by=real_city["commander1"])
        except MoveError as error:
            return error.code
        return "done"

    answers = at_once(act, 2)

    assert sorted(answers) in (["NOT_A_DRAFT", "done"], ["NEEDS_DRY_RUN", "done"])
    run = replaying.latest(DutyList.objects.get(number=2))
    assert run is not None
    published = DutyList.objects.get(number=2).state == "PUBLISHED"
    assert published == (late not in rows_of(found))


@pytest.mark.django_db(transaction=True)
def test_cases_are_registered_while_a_list_is_published_and_each_follows_one_of_them(
    real_city: City,
) -> None:
    found = draft(real_city, SWEPT)
    tried(found)

    def act(which: int) -> str:
        if which == 0:
            return publish(real_city, found).state
        return log(real_city, title=f"垃圾 {which}").case_no

    at_once(act, 8)

    units = set(Case.objects.values_list("lead_unit__code", flat=True))
    assert units <= {"A1", "A2"}
    assert Event.objects.filter(topic="case.registered").count() == 7
    catalogue.refresh()
    roster = catalogue.read(TODAY).roster
    assert roster.list_no == 2
