"""compose.yaml and the systemd unit: readable by their programs, closed where they can be, and of one mind with the rest."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile import stages
from requirements import program
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?")

each_service = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(DEPLOY / "conf.docker.yaml", registry=default_registry())


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text)[1])  # type: ignore[index]


def test_compose_is_what_the_specification_says() -> None:
    files = [str(file) for file in sorted(DEPLOY.glob("compose*.yaml"))]
    result = command(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *files)
    assert result.returncode == 0, result.stdout


@each_service
def test_services_are_closed_where_they_can_be(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "network_mode", "pid", "cap_add"} & service.keys()
    assert service["mem_limit"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")] == []


@each_service
def test_images_are_pinned(name: str) -> None:
    service = SERVICES[name]
    assert "build" in service or PINNED.fullmatch(service["image"])


@each_service
def test_what_is_mounted_is_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]
        assert target.startswith("/")
    for secret in SERVICES[name].get("secrets", []):
        assert COMPOSE["secrets"][secret]["file"].startswith("./secrets/")


def test_secrets_stay_out_of_the_repository() -> None:
    for path in ("deploy/secrets/metrics_key", "deploy/secrets/grafana_password", "deploy/.env"):
        assert subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0, path


def test_the_server_is_where_the_others_look(settings: Settings) -> None:
    port, grpc = settings.server.port, settings.gateway.grpc.port
    own = SERVICES["hayakuchi"]
    assert [each.rpartition(":")[2] for each in own["ports"]] == [str(port), str(grpc)]
    [stage] = stages((DEPLOY / "Dockerfile").read_text("utf-8"))[-1:]
    assert [each.words for each in stage.of("EXPOSE")] == [[str(port), str(grpc)]]
    assert f'"{port}"' in (DEPLOY / "healthcheck.py").read_text("utf-8").replace("'", '"')
    assert own["healthcheck"]["test"][1:] == ["python", "/opt/healthcheck.py"]
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    [job] = [job for job in prometheus["scrape_configs"] if job["job_name"] == "hayakuchi"]
    assert job["static_configs"][0]["targets"] == [f"hayakuchi:{port}"]
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_key"
    assert "hayakuchi" in settings.gateway.hosts


async def test_the_health_check_tells_who_answers_and_who_does_not() -> None:
    settings = settings_for(lambda: ScriptedLLM([]), ScriptedTTS)
    async with serving(settings) as (url, _):
        assert (await asyncio.to_thread(health, url.rpartition(":")[2])).returncode == 0
    gone = await asyncio.to_thread(health, url.rpartition(":")[2])
    assert gone.returncode == 1
    assert gone.stderr.startswith(f"{url}/health: ")
    assert "Traceback" not in gone.stderr


def health(port: str) -> subprocess.CompletedProcess[str]:
    """The health check as Docker runs it, with a proxy for the world outside."""
    environment = {**os.environ, "HAYAKUCHI_PORT": port, "http_proxy": "http://127.0.0.1:9"}
    check = [sys.executable, str(DEPLOY / "healthcheck.py")]
    return subprocess.run(check, capture_output=True, text=True, timeout=30, check=False, env=environment)


def test_the_server_in_a_container_is_guarded(settings: Settings) -> None:
    assert settings.gateway.auth.enabled
    assert settings.gateway.auth.anonymous == ()
    assert str(settings.sessions.file).startswith("/data/")


def test_variables_reach_the_settings() -> None:
    given = set(SERVICES["hayakuchi"]["environment"])
    asked = set(
        re.findall(r"\$\{(\w+)", re.sub(r"^\s*#.*", "", (DEPLOY / "conf.docker.yaml").read_text("utf-8"), flags=re.M))
    )
    assert given == asked


def test_there_is_time_to_end(settings: Settings) -> None:
    unit = (DEPLOY / "hayakuchi.service").read_text("utf-8")
    unit_s = int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)[0])
    assert min(seconds(SERVICES["hayakuchi"]["stop_grace_period"]), unit_s) >= settings.gateway.drain_seconds + 5


def test_the_card_is_laid_over_services_that_there_are() -> None:
    over = yaml.safe_load((DEPLOY / "compose.cuda.yaml").read_text("utf-8"))["services"]
    assert over.keys() <= SERVICES.keys()
    assert (ROOT / over["hayakuchi"]["build"]["dockerfile"]).is_file()


def test_grafana_finds_its_dashboard_and_its_source() -> None:
    provisioned = DEPLOY / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioned / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = yaml.safe_load((provisioned / "dashboards" / "hayakuchi.yml").read_text("utf-8"))["providers"]
    targets = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/hayakuchi.json" in targets


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = program("systemd-analyze", "Debian: systemd")
    text = (DEPLOY / "hayakuchi.service").read_text("utf-8")
    unit = tmp_path / "hayakuchi.service"
    unit.write_text(text.replace("/opt/hayakuchi/bin/hayakuchi", "/bin/true"), "utf-8")
    verified = command(analyze, "verify", "--man=no", str(unit))
    assert (verified.returncode, [line for line in verified.stderr.splitlines() if unit.name in line]) == (0, [])
    rated = command(analyze, "security", "--offline=yes", "--threshold=20", str(unit))
    assert rated.returncode == 0, rated.stdout[-500:]


def test_the_unit_starts_what_there_is() -> None:
    unit = (DEPLOY / "hayakuchi.service").read_text("utf-8")
    [line] = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    _, *words = line.split()
    helped = command(sys.executable, "-m", "hayakuchi", words[0], "--help")
    assert helped.returncode == 0
    assert [word for word in words[1:] if word.startswith("--") and word not in helped.stdout] == []
