"""Categories are learnt by a command, offered with reasons, never forced; choices are kept."""

import csv
import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from dispatch.actions.suggesting import NotBetterError, put_to_use
from dispatch.categories import suggestions, training
from dispatch.models import Case, CategoryChoice, CategoryModel, Intake
from tests.city import NOW, City
from tests.client import Api, call

MESSAGES = (
    Path(__file__).resolve().parents[3]
    / "shared" / "data" / "cn_messages" / "messages_labelled_289.csv.gz"
)  # fmt: skip
RUBBISH = "墙角有人乱倒垃圾，苍蝇很多"


@pytest.fixture(autouse=True)
def _nothing_in_memory() -> None:
    suggestions.refresh()


def train(*words: str) -> str:
    """The command's words."""
    out = StringIO()
    call_command("train_categories", *words, stdout=out)
    return out.getvalue()


def table(path: Path, rows: list[tuple[str, ...]], encoding: str = "utf-8-sig") -> Path:
    """A CSV file."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def labelled(path: Path, lamp: str = "C0118", dog: str = "L9070", **how: str) -> Path:
    """Ten labelled rows of two labels."""
    rows = [(f"{where}路灯不亮", lamp) for where in ("门口", "巷子", "桥头", "学校", "路边")]
    rows += [(f"{where}狗叫扰民", dog) for where in ("楼上", "隔壁", "院里", "对门", "楼下")]
    return table(path, [("text", "label"), *rows], **how)


def kept(**changes: Any) -> CategoryModel:
    """A version in the database."""
    values = {"trained_at": NOW, "source": "x", "rows": 9, "classes": 2, "folds": 5,
              "macro_f1": 0.8, "majority_f1": 0.1, "accuracy": 0.8, "in_top": 1.0,
              "blob": b"", **changes}  # fmt: skip
    return CategoryModel.objects.create(**values)


def test_a_file_is_scored_and_kept_but_not_used_until_told(city: City, tmp_path: Path) -> None:
    out = train(str(labelled(tmp_path / "rows.csv")))

    version = CategoryModel.objects.get()
    assert (version.rows, version.classes, version.source) == (10, 2, "rows.csv")
    assert version.majority_f1 < version.macro_f1
    assert not version.is_active
    assert "majority guess" in out
    assert "C0118 路灯" in out


def test_a_new_version_takes_over_and_an_old_one_can_come_back(city: City, tmp_path: Path) -> None:
    path = str(labelled(tmp_path / "rows.csv"))
    train(path, "--activate")
    train(path, "--activate")
    first, second = CategoryModel.objects.order_by("version")
    assert (first.is_active, second.is_active) == (False, True)

    train("--use", str(first.version))

    assert CategoryModel.objects.get(is_active=True) == first


def test_a_dry_run_keeps_nothing_and_takes_any_labels(city: City, tmp_path: Path) -> None:
    out = train(str(labelled(tmp_path / "rows.csv", lamp="城乡建设")), "--dry-run")

    assert "城乡建设" in out
    assert not CategoryModel.objects.exists()


def test_packed_files_in_gb18030_are_read_through_a_map(city: City, tmp_path: Path) -> None:
    plain = labelled(tmp_path / "rows.csv", lamp="照明", dog="宠物", encoding="gb18030")
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    meaning = table(tmp_path / "map.csv", [("label", "code"), ("照明", "C0118"), ("宠物", "L9070")])

    out = train(str(packed), "--map", str(meaning))

    assert "C0118" in out
    assert CategoryModel.objects.get().classes == 2


def test_rows_whose_label_means_nothing_are_left_out(city: City, tmp_path: Path) -> None:
    rows = training.read_file(
        labelled(tmp_path / "rows.csv"), text_columns=["text"], label_column="label"
    )

    assert training.mapped(rows, {"C0118": "C0118", "L9070": ""}).labels == ("C0118",) * 5
    with pytest.raises(training.TrainingDataError, match="L9070"):
        training.mapped(rows, {"C0118": "C0118"})


def test_what_cannot_be_learnt_from_is_said_plainly(city: City, tmp_path: Path) -> None:
    good = str(labelled(tmp_path / "good.csv"))
    few = str(table(tmp_path / "few.csv", [("text", "label"), ("路灯", "C0118")]))
    one = str(labelled(tmp_path / "one.csv", dog="C0118"))
    foreign = str(labelled(tmp_path / "foreign.csv", dog="宠物"))
    empty = str(table(tmp_path / "empty.csv", [("text", "label")]))
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"no gzip")
    for words, problem in (
        ((good, "--text-column", "正文"), "no column 正文; it has: text, label"),
        ((few,), "Too little to learn from"),
        ((one,), "Too little to learn from"),
        ((foreign,), "no categories of the catalogue: 宠物"),
        ((empty,), "no rows"),
        ((str(broken),), "cannot be read"),
        ((str(tmp_path / "absent.csv"),), "cannot be read"),
        ((), "Name a FILE"),
        (("--use", "999"), "no version 999"),
    ):
        with pytest.raises(CommandError, match=problem):
            train(*words)
    assert not CategoryModel.objects.exists()


def test_a_version_that_guesses_no_better_than_the_majority_is_not_used(city: City) -> None:
    version = kept(macro_f1=0.1).version

    with pytest.raises(NotBetterError):
        put_to_use(version=version)
    with pytest.raises(CommandError, match="majority guess"):
        train("--use", str(version))


def test_the_database_keeps_one_active_version_and_no_bad_one(city: City) -> None:
    kept(is_active=True)
    for changes, name in (
        ({}, "dispatch_categorymodel_one_is_active"),
        ({"macro_f1": 0.1}, "dispatch_categorymodel_active_beats_the_majority_guess"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            kept(is_active=True, **changes)


def test_our_phrases_give_a_first_model_once(city: City) -> None:
    assert "55 categories from 440 phrases" in training.train_from_phrases(now=NOW)
    assert training.train_from_phrases(now=NOW) == "A model suggests categories already."
    assert CategoryModel.objects.get(is_active=True).trained_at == NOW


def test_closed_calls_teach_the_category_that_people_settled_on(city: City) -> None:
    api = Api(city, "operator1")
    for n, secret in enumerate((False, True, False)):
        body = call(title=f"来电{n}", caller={"phone": "13800138000", "confidential": secret})
        assert api.post("hotline/tickets", body)[0] == 201
    Intake.objects.filter(title="来电2").update(title="", content="")
    Case.objects.update(state="CLOSED", is_open=False, category_code="E0102")

    rows = training.read_cases()

    assert rows.labels == ("E0102",)
    assert rows.texts[0].startswith("来电0\n")


def test_the_desk_gets_three_categories_with_reasons_from_the_text(city: City) -> None:
    training.train_from_phrases(now=NOW)
    suggestions.refresh()

    status, body = Api(city, "operator1").get("categories/suggest", text=RUBBISH)

    assert status == 200
    assert body["model"] == CategoryModel.objects.get().version
    assert body["items"][0]["code"] == "E0102"
    assert body["items"][0]["name"] == "暴露垃圾"
    assert len(body["items"]) == 3
    shares = [item["probability"] for item in body["items"]]
    assert shares == sorted(shares, reverse=True)
    assert all(word in RUBBISH for item in body["items"] for word in item["because"])


def test_without_a_model_or_with_a_broken_one_nothing_is_suggested(city: City) -> None:
    api = Api(city, "operator1")
    nothing: dict[str, Any] = {"items": [], "model": None}
    assert api.get("categories/suggest", text=RUBBISH) == (200, nothing)
    kept(is_active=True, blob=b"broken")
    suggestions.refresh()

    assert api.get("categories/suggest", text=RUBBISH) == (200, nothing)
    assert api.post("hotline/tickets", call(suggested=["E0102"]))[0] == 201
    assert not CategoryChoice.objects.exists()


def test_what_was_offered_and_what_was_chosen_is_kept_once(city: City) -> None:
    training.train_from_phrases(now=NOW)
    suggestions.refresh()
    api = Api(city, "operator1")
    body = call(suggested=["E0102", "C0305", "UNKNOWN"], category="E0104", call_id="c1")

    receipt = api.post("hotline/tickets", body)[1]
    again = api.post("hotline/tickets", body)

    choice = CategoryChoice.objects.get()
    assert again[0] == 200
    assert choice.intake_no == receipt["intake_no"]
    assert [item["code"] for item in choice.offered] == ["E0102", "C0305"]
    assert all(0 <= item["probability"] <= 1 for item in choice.offered)
    assert choice.chosen == "E0104"
    assert suggestions.followed(choice.model_version) == (1, 0, 0)


def test_a_call_without_suggestions_keeps_no_choice(city: City) -> None:
    training.train_from_phrases(now=NOW)
    suggestions.refresh()

    assert Api(city, "operator1").post("hotline/tickets", call())[0] == 201

    assert not CategoryChoice.objects.exists()


@pytest.mark.skipif(not MESSAGES.exists(), reason="the developers' data pack is not there")
def test_real_messages_are_told_apart_far_better_than_by_the_majority_guess(city: City) -> None:
    rows = training.read_file(
        MESSAGES, text_columns=["留言主题", "留言详情"], label_column="一级分类"
    )

    scores = training.evaluate(rows)

    assert scores.rows == 289
    assert scores.majority_f1 < 0.06
    assert scores.macro_f1 > 0.7
