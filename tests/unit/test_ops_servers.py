"""The private PostgreSQL and Valkey: made, found again, recovered after a crash."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from ops.binaries import PostgresMissingError, find
from ops.broker import Broker
from ops.cluster import Cluster
from ops.place import Place
from ops.processes import Supervisor


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place so deep that a unix socket's path would overflow."""
    place = Place(tmp_path / ("deep " * 12) / ("folder " * 8) / "demo")
    place.open()
    return place


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor that ends its processes whatever the test did."""
    supervisor = Supervisor(print)
    yield supervisor
    supervisor.stop()


def start(place: Place, supervisor: Supervisor) -> Cluster:
    """Make or find the cluster of the place, and start it."""
    try:
        cluster = Cluster(place, durable=True)
    except PostgresMissingError:
        pytest.skip("no PostgreSQL server with PostGIS on this machine")
    cluster.prepare()
    supervisor.start(cluster.service())
    assert supervisor.wait(cluster.answers, 30)
    return cluster


def ask(url: str, query: str) -> object:
    """The first value of a query."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_a_cluster_is_made_closed_to_others_and_survives_a_crash(
    place: Place, supervisor: Supervisor
) -> None:
    cluster = start(place, supervisor)
    cluster.create_database()
    cluster.create_database()
    url = cluster.url()

    assert "POSTGIS" in str(ask(url, "CREATE EXTENSION postgis; SELECT postgis_full_version()"))
    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(url, "SHOW unix_socket_directories") == ""
    assert ask(url, "SHOW fsync") == "on"
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace(place.secret("postgresql-password"), "guess"))

    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(supervisor.pids()["postgresql"], signal.SIGKILL)
    assert supervisor.wait(lambda: "postgresql" not in supervisor.pids(), 5)
    assert supervisor.wait(cluster.answers, 30)
    assert ask(url, "SELECT answer FROM kept") == 42


def test_a_server_left_behind_is_ended_and_its_data_found_again(
    place: Place, supervisor: Supervisor
) -> None:
    first = start(place, supervisor)
    first.create_database()
    ask(first.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
    left_behind = supervisor.pids()["postgresql"]

    second_supervisor = Supervisor(print)
    try:
        second = start(place, second_supervisor)
        assert ask(second.url(), "SELECT answer FROM kept") == 42
        assert second_supervisor.pids()["postgresql"] != left_behind
    finally:
        second_supervisor.stop()


def test_a_process_that_only_got_the_old_servers_number_is_left_alone(
    place: Place, supervisor: Supervisor
) -> None:
    cluster = start(place, supervisor)
    supervisor.stop()
    with subprocess.Popen(["sleep", "60"]) as innocent:
        (cluster.data / "postmaster.pid").write_text(f"{innocent.pid}\n{cluster.data}\n")

        start(place, supervisor)

        assert innocent.poll() is None
        innocent.kill()


def test_an_interrupted_making_is_begun_anew(place: Place, supervisor: Supervisor) -> None:
    draft = place.folder / "postgresql" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("15")

    cluster = start(place, supervisor)

    assert not draft.exists()
    assert cluster.data.exists()


def test_a_version_that_is_not_there_is_told_in_plain_words() -> None:
    with pytest.raises(PostgresMissingError, match="PostgreSQL 99 with PostGIS is not installed"):
        find(99)


def test_the_broker_answers_only_those_who_know_its_password(
    place: Place, supervisor: Supervisor
) -> None:
    broker = Broker(place)
    assert not broker.answers()

    supervisor.start(broker.service())

    assert supervisor.wait(broker.answers, 10)
    assert place.secret("valkey-password") not in " ".join(broker.service().command)
    place.secret("valkey-password")
    (place.folder / "secrets" / "valkey-password").write_text("another")
    assert not Broker(place).answers()
