"""Runs processes side by side: keeps their logs, restarts what dies, stops all in order."""

import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOG_BYTES = 20_000_000
PRINTED_LINES_PER_MINUTE = 6
STEADY_SECONDS = 30.0
LONGEST_PAUSE = 15.0
TOLD_FAILURES = 4


@dataclass(frozen=True)
class Service:
    """What to run. `alarming`: log lines that a person should see; `run_as`: options of setpriv."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    alarming: str = r"\b(ERROR|CRITICAL)\b|^\w*Error\b"
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    run_as: tuple[str, ...] = ()


@dataclass
class Running:
    """One service with its present process; `failures` in a row make the pauses longer."""

    service: Service
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    resume_at: float | None = None
    last_lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None


class Supervisor:
    """Holds running services. Use from the main thread only: children die with that thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: list[Running] = []
        self._stopping = False

    def start(self, service: Service) -> None:
        """Start a service and keep it running until `stop`."""
        _rotate(service.log)
        running = Running(service, _spawn(service), time.monotonic())
        self._running.append(running)
        self._follow(running)

    def wait(self, ready: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Keep everything running until `ready()` (True) or until the seconds are over (False)."""
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                return False
            for running in self._running:
                self._look_after(running)
            time.sleep(0.1)
        return True

    def pids(self) -> dict[str, int]:
        """The process id of each running service, for those who want to kill one."""
        return {r.service.name: r.process.pid for r in self._running if r.process.poll() is None}

    def stop(self) -> None:
        """Stop everything, the last started first; kill what does not end in time."""
        self._stopping = True
        for running in reversed(self._running):
            end_process(running.process, running.service)
            if running.reader:
                running.reader.join(timeout=5)
        self._running.clear()

    def _look_after(self, running: Running) -> None:
        now = time.monotonic()
        if running.resume_at is None and running.process.poll() is not None:
            _kill_group(running.process.pid)
            if now - running.started > STEADY_SECONDS:
                running.failures = 0
            pause = min(0.25 * 2**running.failures, LONGEST_PAUSE)
            running.failures += 1
            running.resume_at = now + pause
            self._tell_death(running, pause)
        elif running.resume_at is not None and now >= running.resume_at:
            running.resume_at, running.started = None, now
            running.process = _spawn(running.service)
            self._follow(running)

    def _tell_death(self, running: Running, pause: float) -> None:
        service, code = running.service, running.process.returncode
        if running.failures > TOLD_FAILURES:
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        when = f"in {pause:.0f} s" if pause >= 1 else "at once"
        self._say(f"{service.name} {how}; starting it again {when}. Its log: {service.log}")
        for line in running.last_lines[-3:] if code > 0 else []:
            self._say(f"  | {line}")

    def _follow(self, running: Running) -> None:
        running.reader = threading.Thread(target=self._copy_output, args=[running], daemon=True)
        running.reader.start()

    def _copy_output(self, running: Running) -> None:
        alarming = re.compile(running.service.alarming)
        window, printed = 0.0, 0
        output = running.process.stdout
        running.last_lines = []
        if output is None:
            return
        with output, running.service.log.open("ab", buffering=0) as log:
            for raw in output:
                log.write(raw)
                line = raw.decode("utf-8", "replace").rstrip()
                running.last_lines = [*running.last_lines[-9:], line]
                if self._stopping or not alarming.search(line):
                    continue
                if time.monotonic() - window > 60:  # noqa: PLR2004
                    window, printed = time.monotonic(), 0
                printed += 1
                if printed <= PRINTED_LINES_PER_MINUTE:
                    self._say(f"{running.service.name}: {line[:300]}")


def read_procfile(path: Path) -> dict[str, tuple[str, ...]]:
    """The processes of a Procfile: name -> command."""
    lines = [line.partition(":") for line in path.read_text("utf-8").splitlines() if ":" in line]
    return {name.strip(): tuple(shlex.split(command)) for name, _, command in lines}


def run(command: list[str], environment: Mapping[str, str], log: Path | None = None) -> int:
    """Run one command to its end and return its exit code; it does not outlive this process."""
    output = log.open("ab") if log else None
    try:
        return subprocess.run(
            [*bound_to_us(signal.SIGKILL), *command],
            cwd=ROOT,
            env=dict(environment),
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
    finally:
        if output:
            output.close()


def end_process(process: subprocess.Popen[bytes], service: Service) -> None:
    """Ask a process to end, wait, then kill it with what it has started."""
    if process.poll() is None:
        process.send_signal(service.stop_signal)
        try:
            process.wait(service.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    _kill_group(process.pid)


def _spawn(service: Service) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*bound_to_us(service.stop_signal, service.run_as), *service.command],
        cwd=ROOT,
        env=dict(service.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def bound_to_us(at_our_death: signal.Signals, run_as: tuple[str, ...] = ()) -> list[str]:
    """The start of a command that the kernel sends this signal when we die, even by kill -9."""
    return ["setpriv", *run_as, "--pdeathsig", at_our_death.name.removeprefix("SIG"), "--"]


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
