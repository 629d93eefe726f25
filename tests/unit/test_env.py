"""Settings come from the environment or from files, and say what is wrong with them."""

from pathlib import Path

import pytest

from config import env


def test_a_value_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SX_WORD", "value")

    assert env.text("SX_WORD") == "value"


def test_a_file_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n", "utf-8")
    monkeypatch.setenv("SX_WORD", "value")
    monkeypatch.setenv("SX_WORD_FILE", str(secret))

    assert env.text("SX_WORD") == "from the file"


def test_a_missing_setting_names_itself_and_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SX_WORD", raising=False)

    with pytest.raises(env.SettingError, match=r"SX_WORD is not set.*SX_WORD_FILE"):
        env.text("SX_WORD")
    assert env.text("SX_WORD", "default") == "default"


def test_an_unreadable_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SX_WORD_FILE", str(tmp_path / "none"))

    with pytest.raises(env.SettingError, match=r"SX_WORD_FILE=.*none cannot be read"):
        env.text("SX_WORD")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("TRUE", True), ("yes", True), ("on", True),
     ("0", False), ("False", False), ("no", False), ("off", False), ("", False)],
)  # fmt: skip
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("SX_FLAG", value)

    assert env.flag("SX_FLAG", default=not expected) is expected


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SX_FLAG", "maybe")

    with pytest.raises(env.SettingError, match="neither true nor false"):
        env.flag("SX_FLAG", default=True)


def test_numbers_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SX_NUMBER", "12")
    monkeypatch.setenv("SX_WORDS", " a, b ,,c ")

    assert env.number("SX_NUMBER", 1) == 12
    assert env.number("SX_NO_NUMBER", 1) == 1
    assert env.words("SX_WORDS") == ["a", "b", "c"]
    monkeypatch.setenv("SX_NUMBER", "twelve")
    with pytest.raises(env.SettingError, match="not a whole number"):
        env.number("SX_NUMBER", 1)


def test_a_database_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SX_DB", "postgres://me:p%40ss@db.example:6000/city")

    found = env.database("SX_DB")

    assert found["ENGINE"] == "django.contrib.gis.db.backends.postgis"
    assert (found["USER"], found["PASSWORD"]) == ("me", "p@ss")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "6000", "city")


@pytest.mark.parametrize("address", ["mysql://a/b", "postgres://host", "", "city"])
def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("SX_DB", address)

    with pytest.raises(env.SettingError, match="postgres://"):
        env.database("SX_DB")
