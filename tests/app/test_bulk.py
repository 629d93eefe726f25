"""Many voices at once leave the same rows, receipts and refusals as one at a time."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import identity
from accounts.models import User
from dispatch import bulk, numbers
from dispatch.actions.moving import make_move
from dispatch.bulk import Answer, Voice, submit_many
from dispatch.catalogue import UnknownCategoryError
from dispatch.duplicates import radar
from dispatch.intake import KeyReusedError, submit
from dispatch.models import Attachment, Case, Event, Intake, Line, Timer
from dispatch.voices import Caller, IntakeError, NewIntake, Position, Receipt
from tests.city import NOW, A, City

HERE = Position(119.6001, 29.9001, "WGS84", 8.0)
AWKWARD = 'a "b", \\N \\. \t tab\r\nline\n\\.\n终'


def voice(key: str = "", *, seconds: int = 0, **changes: Any) -> Voice:
    """A call about rubbish in district A, `seconds` after nine o'clock."""
    now = NOW + timedelta(seconds=seconds)
    new = NewIntake(
        line=Line.HOTLINE,
        channel="PHONE",
        kind="COMPLAINT",
        category="E0102",
        title="垃圾散落一地",
        occurred_at=now,
        position=HERE,
        source=("register", key) if key else ("", ""),
    )
    return replace(new, **changes), now


def one_at_a_time(voices: Sequence[Voice], by: User | None) -> list[Answer]:
    """What the single door answers, refusals in the form of the bulk door."""
    answers: list[Answer] = []
    for new, now in voices:
        try:
            with transaction.atomic():
                answers.append(submit(new, by=by, now=now))
        except IntakeError as error:
            answers.append(error)
        except UnknownCategoryError as error:
            answers.append(IntakeError(error.code, "category", error.message))
        except KeyReusedError as error:
            answers.append(IntakeError(error.code, "source", error.message))
    return answers


def told(answers: Sequence[Answer]) -> list[Any]:
    """Answers as plain data."""
    return [
        {"refused": one.code, "fields": one.fields}
        if isinstance(one, IntakeError)
        else {"first": one.is_first, **one.body}
        for one in answers
    ]


def left_behind() -> dict[str, list[dict[str, Any]]]:
    """All rows in the order they were made; what is secret or sealed opened."""
    rows = {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Case, Intake, Timer, Event)
    }
    for row in rows["Intake"]:
        row["query_code"] = "digits" if len(row["query_code"]) == 6 else row["query_code"]
        row["caller_name"] = identity.unseal(row["caller_name"])
        row["caller_phone"] = identity.unseal(row["caller_phone"])
        if row["receipt"]:
            row["receipt"]["query_code"] = "digits"
    return rows


def without_numbers(content: Any, rows: dict[str, list[dict[str, Any]]]) -> Any:
    """The same content with each id and number replaced by the position of what it names."""
    text = json.dumps(content, default=str, ensure_ascii=False, sort_keys=True)
    for name, column in (("Case", "case_no"), ("Intake", "intake_no")):
        for position, row in enumerate(rows[name]):
            text = text.replace(row[column], f"{name}-{position}")
    content = json.loads(text)
    places = {name: {row["id"]: n for n, row in enumerate(rows[name])} for name in rows}
    for name in rows if isinstance(content, dict) and "Case" in content else ():
        for row in content[name]:
            row["id"] = places[name][row["id"]]
            row["case_id"] = places["Case"].get(row.get("case_id"))
            row["intake_id"] = places["Intake"].get(row.get("intake_id"))
    return content


def both_ways(voices: Sequence[Voice], by: User | None = None) -> tuple[Any, Any]:
    """What the single and the bulk door answer and leave behind, on the same city."""
    results = []
    for door in (one_at_a_time, lambda voices, by: submit_many(voices, by=by)):
        with transaction.atomic():
            answers = told(door(voices, by))
            rows = left_behind()
            for answer in answers:
                answer.pop("query_code", None)
            results.append((without_numbers(answers, rows), without_numbers(rows, rows)))
            transaction.set_rollback(True)
    return results[0], results[1]


def a_mixed_lot(open_case: str) -> list[Voice]:
    """Voices of all kinds that the door must tell apart."""
    cover = {"category": "C0103", "component_id": "3399010103000001", "line": Line.GRID}
    sealed = Caller(phone="+86 13800138000", name="王小明", confidential=True)
    return [
        voice("k1"),
        voice("k2", seconds=60, title="门口垃圾散落一地", wants_reply=True),
        voice("k2", seconds=70),
        voice("k3", seconds=80, position=Position(1.0, 1.0, "WGS84")),
        voice("k4", seconds=90, category="NONE"),
        voice("k5", seconds=100, title=AWKWARD, content=AWKWARD, address=AWKWARD),
        voice("k6", seconds=110, **cover),
        voice("k7", seconds=120, **cover, wants_reply=True, priority=0),
        voice("k8", seconds=130, kind="REPORT", caller=sealed, wants_reply=True),
        voice("k9", seconds=140, attach_to_case=open_case, line=Line.AFFAIRS),
        voice("k10", seconds=150, attach_to_case="nothing"),
        voice("k1", seconds=160, digest="same"),
        voice("k11", seconds=170, digest="one"),
        voice("k11", seconds=180, digest="other"),
        voice(seconds=190),
        voice(seconds=190),
        voice("k12", seconds=200, position=None, category="L9099"),
        voice("k13", seconds=210, position=None, address="望江路 1 号"),
        voice("k14", seconds=220, position=None, district="339902", kind="CONSULT",
              category="L9023", wants_reply=True),
        voice("k15", seconds=230, position=Position(119.62, 29.9001, "WGS84", 5.0)),
        voice("k16", seconds=240, title=" "),
        voice("k17", seconds=250, priority=7),
        voice("k18", seconds=260, position=Position(119.6001, 29.9, "WGS84", 4900.0)),
        voice("k19", seconds=400_000),
    ]  # fmt: skip


def test_many_voices_leave_the_rows_that_one_at_a_time_leave(city: City) -> None:
    first = submit(voice("before", seconds=-60)[0], by=None, now=NOW)
    voices = a_mixed_lot(first.body["case_no"])
    singly, at_once = both_ways(voices, city["leader1"])
    assert at_once[0] == singly[0]
    assert at_once[1] == singly[1]
    refused = [one["refused"] for one in at_once[0] if "refused" in one]
    assert refused == [
        "OUTSIDE_CITY", "UNKNOWN_CATEGORY", "UNKNOWN_CASE", "IDEMPOTENCY_KEY_REUSED",
        "REQUIRED", "UNKNOWN_PRIORITY",
    ]  # fmt: skip


def test_a_crowded_place_gives_the_same_candidates_both_ways(city: City) -> None:
    voices = [
        voice(
            f"k{n}", seconds=n, title=f"垃圾 {n % 7}", position=replace(HERE, lat=29.9 + n % 5e-5)
        )
        for n in range(120)
    ]
    with transaction.atomic():
        submit_many(voices[:60], by=None)
        singly, at_once = both_ways(voices[60:])
        transaction.set_rollback(True)
    assert at_once == singly
    assert all(len(answer["duplicates"]) == radar.IN_RECEIPT for answer in at_once[0])


def test_voices_of_one_batch_see_those_before_them(city: City) -> None:
    far = Position(119.609, 29.909, "WGS84")
    receipts = told(
        submit_many(
            [voice("a"), voice("b", seconds=30), voice("c", seconds=60, position=far)], by=None
        )
    )
    assert receipts[0]["duplicates"] == []
    assert [hit["case_no"] for hit in receipts[1]["duplicates"]] == [receipts[0]["case_no"]]
    assert receipts[2]["duplicates"] == []


def test_a_batch_twice_changes_nothing_and_answers_with_the_first_receipts(city: City) -> None:
    voices = [voice(f"k{n}", seconds=n) for n in range(20)]
    first = told(submit_many(voices, by=None))
    again = told(submit_many(voices, by=None))
    assert Intake.objects.count() == 20
    assert Event.objects.count() == 20
    assert [{**one, "first": True} for one in again] == first
    assert not any(one["first"] for one in again)


def test_batches_see_each_other(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    receipts = told(submit_many([voice(f"k{n}", seconds=n) for n in range(5)], by=None))
    assert [len(one["duplicates"]) for one in receipts] == [0, 1, 2, 3, 4]


def test_nothing_to_take_in_is_no_trouble(city: City) -> None:
    assert submit_many([], by=None) == []


def test_photos_of_the_sender_are_tied_to_the_voice(city: City) -> None:
    photo = Attachment.objects.create(
        sha256="0" * 64, width=1, height=1, size=1, file="x.jpg",
        uploaded_by=city["inspector1"], uploaded_at=NOW,
    )  # fmt: skip
    [receipt] = submit_many([voice("k", attachments=[str(photo.pk)])], by=city["inspector1"])
    assert isinstance(receipt, Receipt)
    photo.refresh_from_db()
    assert photo.case is not None
    assert photo.case.case_no == receipt.body["case_no"]
    assert photo.role == "BEFORE"


def test_a_closed_case_takes_no_more_voices_but_the_batch_goes_on(city: City) -> None:
    first = submit(voice("before")[0], by=None, now=NOW)
    case = make_move(
        case_no=first.body["case_no"], move="transfer_emergency", version=1,
        data={"text": "已转 110"}, by=city["operator1"], now=NOW,
    )  # fmt: skip
    answers = told(
        submit_many(
            [voice("a", attach_to_case=case.case_no), voice("b", seconds=5)], by=city["leader1"]
        )
    )
    assert answers[0]["refused"] == "CASE_ENDED"
    assert answers[1]["created"] is True


def test_numbers_that_ran_round_are_drawn_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    [taken] = numbers.take()
    draw = numbers.take
    monkeypatch.setattr(numbers, "take", lambda many=1: [taken])
    submit_many([voice("a")], by=None)
    lots = iter([[taken]])
    monkeypatch.setattr(numbers, "take", lambda many=1: next(lots, None) or draw(many))
    [receipt] = told(submit_many([voice("b", seconds=1)], by=None))
    assert receipt["created"] is True
    assert Case.objects.count() == 2


def test_a_batch_that_is_always_overtaken_goes_in_one_by_one(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "TRIES", 0)
    answers = told(submit_many([voice("a"), voice("b", category="NONE"), voice("a")], by=None))
    assert [answer.get("refused", answer.get("first")) for answer in answers] == [
        True,
        "UNKNOWN_CATEGORY",
        False,
    ]


def test_the_locks_of_wide_and_many_places_stay_few(city: City) -> None:
    voices = [
        voice(f"k{n}", position=Position(119.596 + n / 1e4, 29.9, "WGS84", 5000.0))
        for n in range(20)
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        submit_many(voices, by=None)
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert 0 < cursor.fetchone()[0] <= radar.LOCK_SLOTS


def test_times_may_lie_apart_from_the_clock_of_the_machine(city: City) -> None:
    long_ago = datetime(2011, 7, 1, 1, 32, tzinfo=timezone.get_fixed_timezone(-240))
    new, _ = voice("old", occurred_at=long_ago)
    [receipt] = told(submit_many([(new, long_ago)], by=None))
    assert receipt["case_no"].startswith(f"{A}20110701H")
    assert Case.objects.get().created_at == long_ago
