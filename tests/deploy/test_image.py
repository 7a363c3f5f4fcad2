"""The Dockerfile, carried out for real over this machine's own files, and the image that comes of it, run as it is meant to be:
read-only, without privileges, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from dockerfile import stages
from image_rig import ROOT, Builder, Container, Layers, can_build, container
from requirements import require

pytestmark = [pytest.mark.packaging, pytest.mark.xdist_group("image")]

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
READY_S = 60.0
ASK = """
import sys, urllib.error, urllib.request
path, body, token = sys.argv[1:]
headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + token} if token else {})}
request = urllib.request.Request("http://127.0.0.1:12393" + path, body.encode() or None, headers)
try:
    with urllib.request.urlopen(request, timeout=20) as answer:
        print(answer.status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
CALL = """
import sys, grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hayakuchi.gateway.rpc.v1 import hayakuchi_pb2 as pb, hayakuchi_pb2_grpc
with grpc.insecure_channel("127.0.0.1:50051") as channel:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    request = pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, content="Hello!")])
    metadata = (("authorization", "Bearer " + sys.argv[1]),)
    events = list(hayakuchi_pb2_grpc.HayakuchiStub(channel).Chat(request, metadata=metadata, timeout=20))
    print("serving=%d" % answer.status, "demo=%s" % bool(events[-1].done.model and events[0].text))
"""


def base_python() -> Path | None:
    """A Python of the version that the images are based on, with a folder of its own."""
    version = re.match(r"python:(3\.\d+)", stages(DOCKERFILE.read_text("utf-8"))[0].image)
    assert version
    home = Path.home()
    found = sorted((home / ".pyenv" / "versions").glob(f"{version[1]}.*"))
    found += sorted((home / ".local" / "share" / "uv" / "python").glob(f"cpython-{version[1]}.*-linux-*"))
    return found[-1] if found else None


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layers]:
    python = base_python()
    require(can_build() and python, "overlays and namespaces (Linux, root), and the images' version of Python")
    assert python
    folder = tmp_path_factory.mktemp("image")
    yield Builder(folder, python).build(DOCKERFILE)
    subprocess.run(["rm", "-rf", str(folder)], timeout=300, check=True)  # in a third of the time that Python takes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A volume: it has the owner that the image gave the folder."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.chown(folder, 10001, 10001)
    return folder


def once(image: Layers, data: Path, *command: str) -> tuple[int, str]:
    """``docker compose run --rm hayakuchi COMMAND``: its exit code and all that it printed."""
    with container(image, data, command) as running:
        out, err = running.process.communicate(timeout=60)
        return running.process.returncode, out + err


def wait_until_ready(running: Container) -> None:
    assert running.process.stdout is not None
    line = running.process.stdout.readline()
    assert line.startswith("ready "), running.process.communicate(timeout=10)


def test_the_pins_hold(image: Layers) -> None:
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]["constraint-dependencies"]
    versions = dict(pin.split("==") for pin in pinned)
    [packages] = (image.folder / "u/opt/hayakuchi/lib").glob("python3*/site-packages")
    found = dict(folder.name.removesuffix(".dist-info").rsplit("-", 1) for folder in packages.glob("*.dist-info"))
    loose = {
        name: version for name, version in found.items() if versions.get(name.replace("_", "-").lower()) != version
    }
    assert loose == {"hayakuchi": loose.get("hayakuchi")}


def test_holds_what_it_runs_and_nothing_else(image: Layers) -> None:
    upper = image.folder / "u"
    files = {file.relative_to(upper).as_posix() for file in upper.rglob("*") if file.is_file()}
    own = {file for file in files if not file.startswith("opt/hayakuchi/lib/")}
    assert {"opt/healthcheck.py", "etc/hayakuchi/conf.yaml", "opt/hayakuchi/bin/hayakuchi"} <= own
    secret = re.compile(r"(^|/)(\.env|\.git|tests|benchmarks|secrets)(/|$)|\.(key|pem|sqlite3)$")
    packages = re.compile(r"^opt/hayakuchi/lib/python3\.\d+/site-packages/(?!hayakuchi/)")
    assert [file for file in files if secret.search(file) and not packages.match(file)] == []


def test_the_settings_that_come_along_are_right(image: Layers, data: Path) -> None:
    code, printed = once(image, data, "check")
    assert code == 0, printed
    assert "no problems" in printed


def test_without_a_key_it_says_what_to_type(image: Layers, data: Path) -> None:
    code, printed = once(image, data, "run", "--no-browser")
    assert code == 2
    assert "hayakuchi key new" in printed
    assert "Traceback" not in printed


def test_serves_and_ends(image: Layers, data: Path) -> None:
    code, printed = once(image, data, "key", "new", "laptop")
    assert code == 0, printed
    [token] = re.findall(r"^hk_\S+$", printed, re.M)
    for _ in range(2):  # the second time with what the first one has left
        with container(image, data) as running:
            wait_until_ready(running)
            assert running.run(image, image.healthcheck).returncode == 0
            assert [asked(running, image, "/health"), asked(running, image, "/readiness")] == [200, 200]
            reply = {"model": "", "messages": [{"role": "user", "content": "Hello!"}]}
            assert asked(running, image, "/v1/chat/completions", reply) == 401
            assert asked(running, image, "/v1/chat/completions", reply, token) == 200
            calls = running.run(image, ["python", "-c", CALL, token])
            assert calls.stdout.split() == ["serving=1", "demo=True"], calls.stderr
            looks_closed(running, image)
            running.first.terminate()
            _, err = running.process.communicate(timeout=25)
            assert running.process.returncode == 0, err
            assert "Traceback" not in err
            assert token not in err


def asked(running: Container, image: Layers, path: str, body: object = None, token: str = "") -> int:
    """The status of an answer, as a program in the container sees it."""
    result = running.run(image, ["python", "-c", ASK, path, "" if body is None else json.dumps(body), token])
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


def looks_closed(running: Container, image: Layers) -> None:
    first = running.first
    assert set(first.uids()) == {10001}
    status = Path(f"/proc/{first.pid}/status").read_text("utf-8")
    assert int(re.findall(r"CapEff:\s*(\w+)", status)[0], 16) == 0
    assert re.findall(r"NoNewPrivs:\s*(\d)", status) == ["1"]
    looked = running.run(image, ["python", "-c", "import os; print(os.statvfs('/').f_flag & os.ST_RDONLY)"])
    assert looked.stdout.strip() == str(os.ST_RDONLY)
