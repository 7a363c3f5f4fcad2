"""The scripts that are double clicked: readable by their shells, and started from folders of any name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from requirements import program

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
SHELL = [DEPLOY / "start.sh", DEPLOY / "start-mac.command"]
NAMES = ["with space", "Häyä 早口 [1] & 'it' $HOME `x`", "-dash"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def mistakes(language: Any, file: Path) -> list[str]:
    """Where a grammar cannot read a file."""
    from tree_sitter import Language, Node, Parser

    def walk(node: Node) -> list[str]:
        own = [f"{file.name}:{node.start_point[0] + 1}"] if node.is_error or node.is_missing else []
        return [*own, *(found for child in node.children for found in walk(child))]

    return walk(Parser(Language(language)).parse(file.read_bytes()).root_node)


def test_windows_can_read_its_scripts() -> None:
    import tree_sitter_batch
    import tree_sitter_powershell

    batch, powershell = DEPLOY / "start-windows.bat", DEPLOY / "start-windows.ps1"
    assert mistakes(tree_sitter_batch.language(), batch) == []
    assert mistakes(tree_sitter_powershell.language(), powershell) == []
    for file in (batch, powershell):
        data = file.read_bytes()
        assert data.isascii(), "without a mark, Windows takes it for the machine's code page"
        assert data.count(b"\n") == data.count(b"\r\n"), "cmd.exe misses labels in files with other line ends"


def test_the_batch_file_quotes_where_it_is() -> None:
    lines = (DEPLOY / "start-windows.bat").read_text("ascii").splitlines()
    assert [line for line in lines if "%~dp0" in line and '"%~dp0' not in line] == []
    assert "DisableDelayedExpansion" in lines[2], "else a ! in a folder's name is lost"
    assert [line for line in lines if line.strip() == "pause" or line.startswith("pause ")] == []


def test_powershell_takes_paths_as_they_are() -> None:
    """``-Path`` would take [1] in a folder's name for a pattern."""
    text = (DEPLOY / "start-windows.ps1").read_text("ascii")
    for word in ("Test-Path", "Set-Location", "Remove-Item"):
        uses = text.split(word)[1:]
        assert uses
        assert all(rest.startswith(" -LiteralPath") for rest in uses), word


def test_shellcheck_finds_nothing() -> None:
    shellcheck = program("shellcheck", "PyPI has it for Linux on x86-64")
    result = subprocess.run([shellcheck, *map(str, SHELL)], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def started(
    folder: Path, *words: str, script: str = "start.sh", uv: str | None = "exit 0"
) -> subprocess.CompletedProcess[str]:
    """A start script in a copy of the folder, with this for uv; None: there is none, nor a way to fetch it."""
    (folder / "deploy").mkdir(parents=True)
    for file in SHELL:
        shutil.copy2(file, folder / "deploy")
    (folder / "pyproject.toml").touch()
    tools = folder.parent / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "mktemp", "rm", "pwd"):
        (tools / name).symlink_to(shutil.which(name) or "/bin/sh")
    if uv is not None:
        (tools / "uv").write_text(f'#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n{uv}\n', "utf-8")
        (tools / "uv").chmod(0o755)
    environment = {"PATH": str(tools), "HOME": str(folder.parent), "TMPDIR": str(folder.parent)}
    command = [str(folder / "deploy" / script), *words]
    return subprocess.run(
        command,
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@posix
@pytest.mark.parametrize("script", [file.name for file in SHELL])
@pytest.mark.parametrize("name", NAMES)
def test_starts_from_folders_of_any_name(tmp_path: Path, name: str, script: str) -> None:
    result = started(tmp_path / name, "--port", "0", "--character", "sun wukong", script=script)
    assert result.returncode == 0, result.stderr
    told, folder, *words = result.stdout.splitlines()
    assert told.startswith("Starting.")
    assert os.path.samefile(folder, tmp_path / name)
    assert words == ["run", "--no-dev", "hayakuchi", "run", "--port", "0", "--character", "sun wukong"]


@posix
def test_an_error_is_told_and_ctrl_c_is_none(tmp_path: Path) -> None:
    failed = started(tmp_path / "a" / "x", uv="exit 2")
    assert (failed.returncode, "code 2" in failed.stderr) == (2, True)
    assert started(tmp_path / "b" / "x", uv="exit 130").returncode == 0


@posix
def test_says_what_to_do_without_uv(tmp_path: Path) -> None:
    if any(Path(place, "uv").exists() for place in ("/opt/homebrew/bin", "/usr/local/bin")):
        pytest.skip("this machine's uv lies where the script looks for it")
    result = started(tmp_path / "x", uv=None)
    assert result.returncode == 1
    assert "https://docs.astral.sh/uv/" in result.stderr


@posix
def test_says_so_when_the_archive_was_not_unpacked(tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(DEPLOY, alone, ignore=lambda folder, names: [name for name in names if name != "start.sh"])
    result = subprocess.run([str(alone / "start.sh")], capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, "Unpack" in result.stderr) == (1, True)
