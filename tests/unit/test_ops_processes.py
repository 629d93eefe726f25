"""The supervisor with real processes: restarts, stops in order, leaves nobody behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.processes import Service, Supervisor, read_procfile, run

SLEEPER = "import time; print('started', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER


@pytest.fixture
def said() -> list[str]:
    """What the supervisor told."""
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    """A supervisor that ends its processes whatever the test did."""
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.stop()


def service(folder: Path, name: str, script: str, stop_seconds: float = 5) -> Service:
    """A Python script as a service."""
    command = (sys.executable, "-c", script)
    return Service(name, command, os.environ, folder / f"{name}.log", stop_seconds=stop_seconds)


def log_has(path: Path, words: str, times: int = 1) -> Callable[[], bool]:
    """A condition: the log holds these words so often."""
    return lambda: path.exists() and path.read_text().count(words) >= times


def is_alive(pid: int) -> bool:
    """True while a process of that number runs (a zombie does not)."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_killed_process_is_started_again_at_once(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    supervisor.start(service(tmp_path, "web", SLEEPER))
    assert supervisor.wait(log_has(tmp_path / "web.log", "started"), 10)
    first = supervisor.pids()["web"]

    os.kill(first, signal.SIGKILL)

    assert supervisor.wait(log_has(tmp_path / "web.log", "started", 2), 10)
    assert supervisor.pids()["web"] != first
    assert said[0].startswith("web was killed by signal 9; starting it again at once")


def test_a_process_that_keeps_failing_is_started_ever_more_slowly(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    supervisor.start(service(tmp_path, "worker", "print('no broker', flush=True); exit(3)"))

    assert supervisor.wait(log_has(tmp_path / "worker.log", "no broker", 4), 20)
    assert "worker ended with 3; starting it again at once" in said[0]
    assert "  | no broker" in said
    assert any("starting it again in 1 s" in line for line in said)


def test_only_alarming_lines_reach_the_screen_and_not_too_many(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    script = "for n in range(50): print(f'INFO {n}'); print(f'ERROR {n}', flush=True)\n" + SLEEPER
    supervisor.start(service(tmp_path, "beat", script))

    assert supervisor.wait(log_has(tmp_path / "beat.log", "started"), 10)
    assert said[0] == "beat: ERROR 0"
    assert not any("INFO" in line for line in said)
    assert len(said) == 6


def test_what_does_not_end_in_time_is_killed_with_its_children(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True);"
    )
    supervisor.start(service(tmp_path, "worker", child + STUBBORN, stop_seconds=0.3))
    assert supervisor.wait(log_has(tmp_path / "worker.log", "started"), 10)
    grandchild = int((tmp_path / "worker.log").read_text().split()[0])
    pid = supervisor.pids()["worker"]

    supervisor.stop()

    assert not is_alive(pid)
    wait_until(lambda: not is_alive(grandchild))


def test_services_stop_in_the_opposite_order_of_their_start(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    order = tmp_path / "order"
    for name in ("database", "web"):
        script = (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    open({str(order)!r}, 'a').write('{name} '); sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end); print('started', flush=True); time.sleep(60)"
        )
        supervisor.start(service(tmp_path, name, script))
        assert supervisor.wait(log_has(tmp_path / f"{name}.log", "started"), 10)

    supervisor.stop()

    assert order.read_text() == "web database "


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from ops.processes import Service, Supervisor\n"
        "s = Supervisor(print)\n"
        "s.start(Service('x', ('sleep', '60'), os.environ, Path(sys.argv[1])))\n"
        "print(s.pids()['x'], flush=True); s.wait(lambda: False)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "x.log")], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        pid = int(other.stdout.readline())
        time.sleep(0.3)
        assert is_alive(pid)
        other.kill()

    wait_until(lambda: not is_alive(pid))


def test_a_large_log_is_put_aside_at_the_start(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "web.log").write_bytes(b"x" * 20_000_001)

    supervisor.start(service(tmp_path, "web", SLEEPER))

    assert supervisor.wait(log_has(tmp_path / "web.log", "started"), 10)
    assert (tmp_path / "web.old.log").stat().st_size == 20_000_001


def test_waiting_ends_after_its_seconds(supervisor: Supervisor) -> None:
    assert supervisor.wait(lambda: False, 0.2) is False


def test_a_single_command_gives_its_exit_code_and_its_output(tmp_path: Path) -> None:
    code = run([sys.executable, "-c", "print('done'); exit(4)"], os.environ, tmp_path / "log")

    assert code == 4
    assert (tmp_path / "log").read_text() == "done\n"


def test_a_procfile_is_read_as_names_and_commands(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: python manage.py serve --host '::'\n\nbeat: x\n")

    assert read_procfile(tmp_path / "Procfile") == {
        "web": ("python", "manage.py", "serve", "--host", "::"),
        "beat": ("x",),
    }


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Fail unless the condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
