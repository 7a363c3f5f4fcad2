"""The wheel, installed in a fresh environment beside packages whose names are those of our folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from requirements import require

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path) -> str:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment's Python, with the built wheel, ``llm`` and ``openai-agents``."""
    uv = shutil.which("uv")
    require(uv is not None, "uv is not on PATH")
    assert uv is not None
    folder = tmp_path_factory.mktemp("wheel")
    run(uv, "build", "--wheel", "-q", "-o", str(folder / "dist"), str(ROOT), cwd=folder)
    run(uv, "venv", "-q", "--python", sys.executable, str(folder / "venv"), cwd=folder)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    [wheel] = (folder / "dist").glob("*.whl")
    run(uv, "pip", "install", "-q", "--python", str(python), str(wheel), "llm", "openai-agents", cwd=folder)
    return python


def test_lives_beside_packages_of_similar_names(installed: Path, tmp_path: Path) -> None:
    code = (
        "import hayakuchi.llm, hayakuchi.agents, llm, agents; print(hayakuchi.__file__, llm.__file__, agents.__file__)"
    )
    places = run(str(installed), "-c", code, cwd=tmp_path).split()
    assert len({Path(place).parent for place in places}) == 3


def test_holds_one_name_and_no_tests(installed: Path, tmp_path: Path) -> None:
    code = "import importlib.metadata as m; print(*m.files('hayakuchi'), sep=chr(10))"
    files = [Path(line) for line in run(str(installed), "-c", code, cwd=tmp_path).splitlines()]
    names = {file.parts[0] for file in files if ".." not in file.parts and not file.parts[0].endswith(".dist-info")}
    assert names == {"hayakuchi"}
    rooms = {file.parts[1] for file in files if file.parts[0] == "hayakuchi"}
    assert not {"tests", "benchmarks", "docs", "deploy", "build", "node_modules"} & rooms


def test_the_command_serves(installed: Path, tmp_path: Path) -> None:
    command = [str(installed.parent / "hayakuchi"), "run", "--no-browser", "--port", "0"]
    environment = {**os.environ, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            word, url = server.stdout.readline().split()
            assert word == "ready"
            with urllib.request.urlopen(f"{url}/readiness", timeout=10) as answer:
                assert json.load(answer)["tts"] in ("edge_tts", "espeak_tts")  # as the network is
            for path in ("/", "/stage", "/static/avatar/driver.js"):
                with urllib.request.urlopen(f"{url}{path}", timeout=10) as answer:
                    assert answer.status == 200
        finally:
            server.terminate()
        assert server.wait(20) == 0
