"""Procfile, docker-compose.yml, the commands and the settings speak of the same processes."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.healthy import PARTS
from ops.processes import read_procfile

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCESSES = read_procfile(ROOT / "Procfile")
SERVERS = {"database", "broker"}
ONE_SHOT = {"migrate"}


def test_compose_runs_the_processes_of_the_procfile_by_the_same_commands() -> None:
    of_compose = {
        name: tuple(service["command"].split())
        for name, service in SERVICES.items()
        if name not in SERVERS | ONE_SHOT
    }

    assert of_compose == PROCESSES


@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_every_process_is_a_command_that_exists(process: str) -> None:
    words = PROCESSES[process]

    assert words[:2] == ("python", "manage.py")
    found = [
        path
        for path in ROOT.glob(f"*/management/commands/{words[2]}.py")
        if hasattr(import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)), "Command")
    ]
    assert len(found) == 1


@pytest.mark.parametrize("service", sorted(set(SERVICES) - ONE_SHOT))
def test_every_service_has_a_health_check_and_starts_again(service: str) -> None:
    check = SERVICES[service]["healthcheck"]["test"]

    assert SERVICES[service]["restart"] == "unless-stopped"
    if service in PROCESSES:
        assert check == ["CMD", "python", "-m", "ops.healthy", service]
        assert service in PARTS


@pytest.mark.parametrize("service", sorted(PROCESSES))
def test_every_process_waits_for_the_database_the_broker_and_the_migrations(service: str) -> None:
    assert SERVICES[service]["depends_on"] == {
        "database": {"condition": "service_healthy"},
        "broker": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_every_secret_comes_from_a_file_and_is_made_by_make_secrets() -> None:
    made = (ROOT / "ops" / "make_secrets.sh").read_text("utf-8")
    wanted = {name for service in SERVICES.values() for name in service.get("secrets", [])}

    assert wanted == set(COMPOSE["secrets"])
    for name in wanted:
        assert COMPOSE["secrets"][name] == {"file": f"var/secrets/{name}"}
        assert re.search(rf"^keep {name} ", made, re.MULTILINE)


@pytest.mark.parametrize("service", sorted(PROCESSES))
def test_a_secret_is_never_written_into_the_environment(service: str) -> None:
    secret = {"SECRET_KEY", "PII_KEY", "DATABASE_URL", "REDIS_URL"}
    environment = SERVICES[service]["environment"]

    assert not secret & set(environment)
    assert {f"{name}_FILE" for name in secret} <= set(environment)


def test_several_web_processes_can_share_one_machine() -> None:
    (ports,) = SERVICES["web"]["ports"]

    assert re.fullmatch(r"\$\{WEB_PORTS:-\d+-\d+\}:8000", ports)
    assert not any("container_name" in service for service in SERVICES.values())


def test_containers_run_without_privileges() -> None:
    assert re.search(r"^USER (?!root)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    for name in PROCESSES:
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_no_part_of_the_image_comes_from_an_unhashed_list() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")

    assert "--require-hashes -r /requirements.txt" in dockerfile
    assert "apt-get" not in dockerfile


def test_the_tests_run_on_the_versions_that_production_runs_on() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / name).read_text("utf-8")
        return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))

    production, tests = pins("requirements.txt"), pins("requirements-dev.txt")

    assert {name: tests.get(name) for name in production} == production
