"""A place keeps its secrets, its ports and its lock through every kind of ending."""

import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ops.place import Place, PlaceClosedError, PlaceTakenError, port_is_free, write_private


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An opened place in a folder with a space in its name."""
    place = Place(tmp_path / "a demo 三线")
    place.open()
    return place


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(place: Place) -> None:
    first = place.secret("key")

    assert place.secret("key") == first
    assert place.secret("other") != first
    assert stat.S_IMODE((place.folder / "secrets" / "key").stat().st_mode) == 0o600


def test_an_empty_secret_left_by_a_full_disk_is_made_anew(place: Place) -> None:
    place.secret("key")
    (place.folder / "secrets" / "key").write_text("")

    assert place.secret("key")


def test_a_private_file_replaces_the_draft_of_an_interrupted_run(tmp_path: Path) -> None:
    (tmp_path / "file.new").write_text("half")

    write_private(tmp_path / "file", "whole")

    assert (tmp_path / "file").read_text() == "whole"
    assert not (tmp_path / "file.new").exists()


def test_a_port_is_kept_while_it_is_free_and_changed_when_another_took_it(place: Place) -> None:
    first = place.port("postgresql")

    assert place.port("postgresql") == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        assert not port_is_free(first)
        assert place.port("postgresql") != first


def test_a_damaged_port_file_is_no_obstacle(place: Place) -> None:
    (place.folder / "valkey.port").write_text("no number")

    assert place.port("valkey") > 0


def test_a_second_run_is_refused_and_told_who_is_there(place: Place) -> None:
    with (
        place.locked(),
        pytest.raises(PlaceTakenError, match=r'"pid"'),
        Place(place.folder).locked(),
    ):
        pass


def test_the_lock_of_a_killed_run_is_free_again(place: Place) -> None:
    script = (
        "import sys, time; from pathlib import Path; from ops.place import Place\n"
        "with Place(Path(sys.argv[1])).locked(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(place.folder)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(PlaceTakenError), place.locked():
            pass
        other.kill()

    with place.locked():
        assert (place.folder / "lock").read_text()


def test_a_folder_that_cannot_be_made_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PlaceClosedError, match="cannot be used"):
        Place(tmp_path / "file" / "demo").open()
