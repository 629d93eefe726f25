"""Categories from texts: scores by hand, folds, reasons, and that nothing is left to chance."""

import io
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.categories.classifying import (
    Model,
    TooFewRowsError,
    cross_validate,
    fit,
    folds_of,
    label_scores,
    macro_f1,
    predict,
    probabilities,
)

LAMPS = ("路灯不亮了", "巷子里路灯坏了", "路灯一闪一闪", "整条街路灯不亮", "路灯杆歪了")
DOGS = ("邻居的狗半夜叫", "遛狗不牵绳", "狗追着人咬", "狗屎没人清理", "流浪狗很多")
WATER = ("家里停水两天", "整栋楼停水", "停水没有通知", "自来水停了", "停水什么时候来水")
TEXTS = (*LAMPS, *DOGS, *WATER)
LABELS = ("lamp",) * 5 + ("dog",) * 5 + ("water",) * 5


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(TEXTS, LABELS, sharpness=4.0)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert fit(TEXTS, LABELS).dumps() == fit(TEXTS, LABELS).dumps()


def test_a_model_says_the_same_after_it_was_written_and_read(model: Model) -> None:
    again = Model.loads(model.dumps())

    for text in TEXTS:
        assert predict(again, text) == predict(model, text)


def test_a_model_holds_no_text(model: Model) -> None:
    with np.load(io.BytesIO(model.dumps()), allow_pickle=False) as file:
        words = [name for name in file.files if file[name].dtype.kind in "USO"]
        assert words == ["labels"]


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises((ValueError, KeyError, OSError, EOFError)):
        Model.loads(b"no model")


def test_new_words_about_a_known_thing_find_its_label(model: Model) -> None:
    assert predict(model, "门口的路灯又坏了")[0].label == "lamp"
    assert predict(model, "楼上养的狗一直叫")[0].label == "dog"
    assert predict(model, "今天又停水")[0].label == "water"


def test_the_top_three_are_sorted_and_are_shares_of_one(model: Model) -> None:
    guesses = predict(model, "路灯下有狗")

    shares = [guess.probability for guess in guesses]
    assert len(guesses) == 3
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-9
    assert sum(probabilities(model, "路灯下有狗").values()) == pytest.approx(1)


def test_only_wanted_labels_are_offered(model: Model) -> None:
    guesses = predict(model, "路灯下有狗", among={"dog"})

    assert [guess.label for guess in guesses] == ["dog"]
    assert guesses[0].probability < 1


def test_the_reason_for_a_label_is_the_word_that_says_it(model: Model) -> None:
    assert "路灯" in predict(model, "门口路灯，请派人来看")[0].because[0]


@pytest.mark.parametrize("text", ["", "  \n", "13800138000", "？！", "\ud800", "xyz"])
def test_a_text_without_a_known_word_gets_no_guess(model: Model, text: str) -> None:
    assert predict(model, text) == []
    assert probabilities(model, text) == {}


@given(st.text(alphabet=st.sampled_from("路灯狗停水不亮了 \n，。1aß\U00020000"), max_size=60))
def test_reasons_are_pieces_of_the_text(text: str) -> None:
    found = predict(SHARED, text)

    assert all(word and word in text for guess in found for word in guess.because)
    assert sum(guess.probability for guess in found) <= 1 + 1e-9


SHARED = fit(TEXTS, LABELS)


def test_digits_never_enter_a_model() -> None:
    marked = [f"{text}，电话13800138000" for text in TEXTS]

    with_digits, without = fit(marked, LABELS), fit([f"{t}，电话" for t in TEXTS], LABELS)

    assert with_digits.buckets.tolist() == without.buckets.tolist()


def test_words_of_one_row_alone_are_dropped() -> None:
    secret = ("张三丰家的路灯不亮", *TEXTS[1:])

    assert predict(fit(secret, LABELS), "张三丰") == []


def test_f1_of_a_confusion_made_by_hand() -> None:
    truth = ["a"] * 6 + ["b"] * 3 + ["c"]
    guess = ["a", "a", "a", "a", "b", "b", "b", "b", "a", "a"]

    a, b, c = label_scores(truth, guess)

    assert (a.rows, a.precision, a.recall, a.f1) == (6, 4 / 6, 4 / 6, 8 / 12)
    assert (b.rows, b.precision, b.recall, b.f1) == (3, 2 / 4, 2 / 3, 4 / 7)
    assert (c.rows, c.precision, c.recall, c.f1) == (1, 0, 0, 0)
    assert macro_f1(truth, guess) == pytest.approx((8 / 12 + 4 / 7 + 0) / 3)


def test_folds_spread_every_label_evenly_and_by_the_seed() -> None:
    fold = folds_of(LABELS, 5, seed=7)

    for label in set(LABELS):
        rows = [n for n, name in enumerate(LABELS) if name == label]
        assert Counter(fold[rows].tolist()) == dict.fromkeys(range(5), 1)
    assert folds_of(LABELS, 5, seed=7).tolist() == fold.tolist()
    assert folds_of(LABELS, 5, seed=8).tolist() != fold.tolist()


def test_cross_validation_beats_the_majority_guess_and_repeats_itself() -> None:
    labels = (*LABELS[:10], *LABELS[10:])

    scores = cross_validate(TEXTS, labels, folds=5, seed=1)

    assert scores == cross_validate(TEXTS, labels, folds=5, seed=1)
    assert scores.majority_accuracy == pytest.approx(1 / 3)
    assert scores.majority_f1 == pytest.approx((2 * 5 / 20) / 3)
    assert scores.macro_f1 > 0.9
    assert scores.in_top == 1
    assert [row.rows for row in scores.by_label] == [5, 5, 5]


def test_one_label_or_a_label_with_one_row_teaches_nothing() -> None:
    with pytest.raises(TooFewRowsError):
        fit(LAMPS, ["lamp"] * 5)
    with pytest.raises(TooFewRowsError):
        cross_validate(LAMPS, ["lamp"] * 4 + ["dog"], folds=5, seed=1)
