"""docs/api.md: what is made from the OpenAPI document is up to date, and every example in it runs against a server."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest
from requirements import require
from whole_api import WholeApi, whole_api

from hayakuchi.gateway.api.openapi import plain_path
from hayakuchi.gateway.api.table import ALL

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "api.md"
TEXT = FILE.read_text(encoding="utf-8")
FENCED = re.compile(r"^```(bash|python|javascript)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== example of line "

PYTHON = """
import sys
from pathlib import Path
from examples import BLOCKS

common = {}
for line, code in BLOCKS:
    print("=== example of line", line, flush=True)
    places = common if not common else dict(common)
    exec(compile("\\n" * line + code, "docs/api.md", "exec"), places)
"""


def examples(language: str) -> list[tuple[int, str]]:
    """Each with the line before its first; what is before the others belongs to all of them."""
    return [(TEXT[: found.start(2)].count("\n"), found[2]) for found in FENCED.finditer(TEXT) if found[1] == language]


async def run(*command: str, folder: Path, server: WholeApi, **environment: str) -> str:
    """What a program prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **server.environment, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(120):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    text = told.decode(errors="replace")
    assert process.returncode == 0, text
    return text


async def seeded(server: WholeApi) -> None:
    """The conversation and the messages that the examples name."""
    await server.seed("main", ["Hello!", "Who are you?", "Sing!", "Thank you."])


def all_ran(told: str, language: str, silent: int = 0) -> None:
    """Each example was begun, and printed something, but for those that write a file."""
    parts = told.split(MARK)[1:]
    assert [int(part.split("\n", 1)[0]) for part in parts] == [line for line, _ in examples(language)]
    assert sum(not part.split("\n", 1)[1].strip() for part in parts) == silent, told
    assert "Oh, hello you! It is a fine day." in told
    assert "Hello there!" in told


def test_the_endpoints_are_those_of_the_server() -> None:
    spec = importlib.util.spec_from_file_location("make_api", ROOT / "docs" / "make_api.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.written(TEXT) == TEXT, "docs/api.md is not up to date: uv run python docs/make_api.py"


@pytest.mark.parametrize("endpoint", ALL, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_every_endpoint_has_an_example_in_each_language(endpoint) -> None:
    path = plain_path(endpoint.path)
    section = TEXT.split(f"### `{endpoint.method} {path}`\n")[1].split("\n### ")[0]
    only_refuses = endpoint.summary.startswith("Refused:")
    expected = set() if only_refuses else {"bash", "python", "javascript"}
    assert {found[1] for found in FENCED.finditer(section)} == expected


async def test_curl(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    require(bash and shutil.which("curl"), "bash and curl")
    lines = ["set -euo pipefail", 'curl() { command curl -sS --fail-with-body --max-time 60 "$@"; }']
    for line, code in examples("bash"):
        lines += [f"echo; echo '{MARK}{line}'", code]
    (tmp_path / "examples.sh").write_text("\n".join(lines))
    async with whole_api(tmp_path) as server:
        await seeded(server)
        told = await run(str(bash), "examples.sh", folder=tmp_path, server=server)
    all_ran(told, "bash", silent=1)
    assert (tmp_path / "hello.mp3").stat().st_size > 10_000
    assert "hayakuchi_http_requests_total" in told


async def test_python(tmp_path: Path) -> None:
    pytest.importorskip("grpc")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "run.py").write_text(PYTHON)
    (tmp_path / "examples.py").write_text(f"BLOCKS = {examples('python')!r}")
    async with whole_api(tmp_path, grpc={"enabled": True, "host": "127.0.0.1", "port": port}) as server:
        await seeded(server)
        told = await run(sys.executable, "run.py", folder=tmp_path, server=server)
    all_ran(told, "python", silent=2)
    assert "final Hello there!" in told
    assert (tmp_path / "hello.wav").stat().st_size > 10_000


async def test_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    require(node and (ROOT / "node_modules" / "openai").is_dir(), "Node.js and `npm ci`")
    (first, common), *others = examples("javascript")
    lines = [common, f'console.log("{MARK}{first}");']
    for line, code in others:
        lines.append(f'console.log("\\n{MARK}{line}");\n{{\n{code}\n}}')
    (tmp_path / "examples.mjs").write_text("\n".join(lines))
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    async with whole_api(tmp_path) as server:
        await seeded(server)
        flags = "--experimental-websocket --no-warnings"  # of Node.js 20; later ones have it, and take the flag
        told = await run(str(node), "examples.mjs", folder=tmp_path, server=server, NODE_OPTIONS=flags)
    all_ran(told, "javascript", silent=2)
    assert (tmp_path / "hello.mp3").stat().st_size > 5_000
