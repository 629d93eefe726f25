"""`make demo`: a city at work on this machine, with everything it needs in one folder.

Environment: PORT, HOST, DEMO_DIR, DEMO_PASSWORD, SIMULATE, DATABASE_URL, REDIS_URL
(docs/settings.md).
"""

import base64
import http.client
import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.instance import (
    CANNOT_START,
    StartError,
    base_environment,
    manage,
    shown,
    start_servers,
    stop_calmly,
    stop_on_signals,
)
from ops.place import Place, PlaceTakenError, port_is_free, write_private
from ops.processes import ROOT, Service, Supervisor, read_procfile
from ops.steps import Steps, say

STEPS_OF_UP_SH = 2
STEPS = 9
READY_SECONDS = 90
NAMES_TO_KEEP = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PII_KEY", "DATA_DIR", "STATIC_ROOT")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ACCOUNTS = """\
      operator1    12345 坐席 (hot line)            callback1    回访员 (call-backs)
      inspector1   网格员, district A (/m/)         commander1   指挥中心, all districts (/screen/)
      inspector2   网格员, district B               evaluator1   考评员
      receiver1    受理员                           steward1     数据管理员
      leader1      值班长                           auditor1     审计员
      dispatcher1  派遣员                           handler1     处置员, a unit in district A
      approver1    unit approver, district A        handler2     处置员, a unit in district B
      supervisor1  督办员 (/alarms/)                sysadmin1    系统管理员 (/screen/displays/)"""


def main() -> int:
    """Run the demo until Ctrl-C; return the exit code."""
    stop_on_signals()
    place = Place(Path(os.environ.get("DEMO_DIR") or "var/demo").resolve())
    try:
        place.open()
        with place.locked():
            return _run(place)
    except PlaceTakenError as taken:
        note = json.loads(str(taken) or "{}")
        say(f"The demo already runs in {shown(place.folder)}: http://localhost:{note.get('port')}/")
        say(f"Stop it there with Ctrl-C, or with: kill {note.get('pid')}")
    except CANNOT_START as error:
        say(f"\nThe demo could not start. {error}")
    except KeyboardInterrupt:
        say("\nStopped.")
        return 0
    return 1


def _run(place: Place) -> int:
    port, host = int(os.environ.get("PORT") or 8000), os.environ.get("HOST") or "127.0.0.1"
    if not port_is_free(port, host):
        raise StartError(f"Port {port} is taken. Choose another: make demo PORT={port + 1}")
    supervisor = Supervisor(say)
    steps = Steps(STEPS, STEPS_OF_UP_SH)
    try:
        environment = demo_environment(place, host, port)
        environment |= start_servers(place, supervisor, steps, durable=True)
        _keep_for_manage(place, environment)
        _fill(place, environment, steps)
        with steps.step("Starting the processes"):
            for service in city_processes(place, environment):
                supervisor.start(service)
        with steps.step("Waiting until they are ready"):
            ready = supervisor.wait(lambda: _is_ready(host, port), READY_SECONDS)
        _welcome(place, environment, ready=ready)
        supervisor.wait(lambda: False)
    finally:
        say("\nStopping (a few seconds) ...")
        stop_calmly(supervisor)
    return 0


def demo_environment(place: Place, host: str, port: int) -> dict[str, str]:
    """The settings of the demo. Its password and keys are made once and kept."""
    hosts = ",".join(LOOPBACK) if host in LOOPBACK else "*"
    password = os.environ.get("DEMO_PASSWORD") or place.secret("demo-password", _easy_password)
    return {
        "ALLOWED_HOSTS": hosts,
        **base_environment(place),
        "DEMO": "1",
        "DEMO_PASSWORD": password,
        "DEMO_WEBHOOK_SECRET": place.secret("hall-webhook-secret", _webhook_secret),
        "HOST": host,
        "PORT": str(port),
    }


def city_processes(place: Place, environment: Mapping[str, str]) -> list[Service]:
    """The processes of the Procfile, and unless SIMULATE=0 a gentle stream of reports."""
    commands = read_procfile(ROOT / "Procfile")
    if environment.get("SIMULATE", "1") != "0":
        simulate = f"python manage.py simulate --rate {environment.get('SIMULATE_RATE') or 6}"
        commands["simulate"] = (*simulate.split(), "--minutes", "1440")
    return [
        Service(name, command, environment, place.folder / "log" / f"{name}.log")
        for name, command in commands.items()
    ]


def _fill(place: Place, environment: Mapping[str, str], steps: Steps) -> None:
    log = place.folder / "log" / "setup.log"
    log.unlink(missing_ok=True)
    with steps.step("Database tables"):
        manage(environment, "migrate", "--noinput", log=log)
    with steps.step("Static files"):
        manage(environment, "collectstatic", "--noinput", log=log)
    with steps.step("The demo city"):
        manage(environment, "load_demo")


def _is_ready(host: str, port: int) -> bool:
    address = host if host in LOOPBACK else "127.0.0.1"
    connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(place: Place, environment: Mapping[str, str], *, ready: bool) -> None:
    folder = shown(place.folder)
    if ready:
        say(f"\n  The city is open:  http://localhost:{environment['PORT']}/\n")
    else:
        say(f"\n  Not ready yet: GET /readyz does not answer 200. See {folder}/log/\n")
    say(f"  Password of every account:  {environment['DEMO_PASSWORD']}")
    say(ACCOUNTS)
    say(f"  Upstream system hall, webhook secret:  {environment['DEMO_WEBHOOK_SECRET']}\n")
    say(f"  Logs: {folder}/log/   manage.py in this city: . {folder}/environment.sh   End: Ctrl-C")


def _keep_for_manage(place: Place, environment: Mapping[str, str]) -> None:
    names = [n for n in (*NAMES_TO_KEEP, "DEMO", "PATH", "LD_LIBRARY_PATH") if n in environment]
    lines = [f"export {name}={shlex.quote(environment[name])}\n" for name in names]
    write_private(place.folder / "environment.sh", "".join(lines))


def _easy_password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(3))


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


if __name__ == "__main__":
    sys.exit(main())
