"""``hayakuchi model``: the list, and downloading from a hub of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from canned_whisper import write_canned_whisper
from fake_hub import FakeHub

from hayakuchi.agents import PROVIDERS
from hayakuchi.asr.base import Download
from hayakuchi.cli import model, options
from hayakuchi.cli.main import main
from hayakuchi.core.registry import Kind, ProviderSpec, Registry

CONF = "llm: demo_llm\ntts: espeak_tts\nserver: {port: 0}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    Path("conf.yaml").write_text(CONF)
    return tmp_path


@contextmanager
def hub(repository: str, **breaks: Any) -> Iterator[FakeHub]:
    """A hub in a thread of its own, since a command runs a loop of its own."""
    files = {file.name: file.read_bytes() for file in write_canned_whisper(Path("canned"), "Hello.").iterdir()}
    fake = FakeHub(repository, files, **breaks)
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with fake:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def command(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main(["model", *arguments])
    return caught.value.code


def test_the_list(capsys: pytest.CaptureFixture[str], folder: Path):
    Path("conf.yaml").write_text(CONF + "asr: [faster_whisper: {model: tiny}, faster_whisper: {model: ./mine}]\n")
    write_canned_whisper(folder / "mine", "Hello.")
    assert command("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "* tiny                   78 MB           -" in lines
    assert "  base.en               148 MB  English  -" in lines
    assert any(line.startswith("* ./mine ") and line.endswith(" MB           mine") for line in lines)
    assert command("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert rows["tiny"] == {"name": "tiny", "size_mb": 78, "english_only": False, "folder": None, "used": True}
    assert rows["./mine"]["folder"] == str(folder / "mine")
    assert 1 < rows["./mine"]["size_mb"] < 4


def test_a_model_is_pulled_by_its_name(capsys: pytest.CaptureFixture[str], folder: Path):
    with hub("Systran/faster-whisper-tiny") as fake:
        assert command("pull", "tiny", "--mirror", fake.url) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Whisper tiny is here: ")
    assert captured.out.rstrip().endswith("Systran--faster-whisper-tiny")
    lines = captured.err.splitlines()
    assert lines[-1] == "Whisper tiny (about 78 MB): 100 %"
    assert len(lines) <= 11
    assert command("pull", "tiny", "--json") == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["fetched"] is False
    assert command("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert rows["tiny"]["folder"]


def test_without_a_name_it_pulls_what_the_settings_use(capsys: pytest.CaptureFixture[str], folder: Path):
    with hub("me/my-whisper") as fake:
        conf = f"asr: [faster_whisper: {{model: me/my-whisper, folder: kept, mirror: '{fake.url}'}}]\n"
        Path("conf.yaml").write_text(CONF + conf)
        assert command("pull", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "models": [
            {"name": "Whisper me/my-whisper", "folder": str(folder / "kept" / "me--my-whisper"), "fetched": True}
        ]
    }
    Path("conf.yaml").write_text(CONF)
    assert command("pull") == 0
    assert "the settings name no model" in capsys.readouterr().out


def test_another_model_is_kept_where_the_settings_say(capsys: pytest.CaptureFixture[str], folder: Path):
    with hub("Systran/faster-whisper-tiny") as fake:
        Path("conf.yaml").write_text(CONF + f"asr: {{faster_whisper: {{folder: kept, mirror: '{fake.url}'}}}}\n")
        assert command("pull", "tiny") == 0
    assert (folder / "kept" / "Systran--faster-whisper-tiny" / "model.bin").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["pull", "bse"], 2, "(did you mean 'base'?)"),
        (["pull", "base", "--mirror", "ftp://x"], 2, "--mirror: must be an address"),
        (["pull", "base", "--mirror", "http://127.0.0.1:9"], 1, "nothing answers at http://127.0.0.1:9; "),
        (["pull", "./nowhere"], 1, "nowhere is no folder"),
        (["pull", "base", "-c", "none.yaml"], 2, "none.yaml: cannot read the file"),
        (["list", "-c", "none.yaml"], 2, "none.yaml: cannot read the file"),
        (["pool"], 2, "No such command"),
    ],
)
def test_mistakes(arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]):
    assert command(*arguments) == code
    captured = capsys.readouterr()
    assert told in " ".join(captured.err.replace("│", " ").split())
    assert "Traceback" not in captured.err + captured.out


def test_any_provider_that_can_fetch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    built_in: dict[Kind, Any] = {
        "llm": [ProviderSpec("demo_llm", "hayakuchi.llm.demo:DemoLLM")],
        "tts": [ProviderSpec("espeak_tts", f"{__name__}:Voice")],
        "agents": PROVIDERS,
    }
    monkeypatch.setattr(options, "default_registry", lambda: Registry(built_in, plugins=False))
    Voice.here = False
    assert command("pull") == 0
    captured = capsys.readouterr()
    assert captured.out == "espeak_tts is here\n"
    assert captured.err == "A voice (about 5 MB): 50 %\nA voice (about 5 MB): 100 %\n"


class Voice:
    from hayakuchi.tts.base import TTSConfig as Config

    name = "espeak_tts"
    here = False

    def __init__(self, config: object) -> None: ...

    def wanted(self) -> Download | None:
        return None if Voice.here else Download("A voice", 5, "hayakuchi model pull")

    async def fetch(self, tell: object) -> None:
        assert callable(tell)
        for share in (0.5, 0.55, 1.0):
            tell(share)
        Voice.here = True


def test_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    with model.telling(Download("Whisper tiny", 78, "x"), quiet=False) as tell:
        tell(0.5)
        tell(1.0)
    err = capsys.readouterr().err
    assert "Whisper tiny" in err
    assert "78.0/78.0 MB" in err


INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("hayakuchi", run_name="__main__", alter_sys=True)
"""
"""``hayakuchi`` where whoever runs the tests had Ctrl+C ignored, which a program inherits."""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent another way there")
def test_ctrl_c_keeps_what_came_and_says_so(folder: Path):
    with hub(
        "Systran/faster-whisper-tiny", stall=True, cut=lambda name, nth: 500_000 if name == "model.bin" else None
    ) as fake:
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, "model", "pull", "tiny", "--mirror", fake.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        )
        assert process.stderr
        told = ""
        while "20 %" not in told:
            line = process.stderr.readline()
            assert line, told
            told += line
        process.send_signal(signal.SIGINT)
        try:
            _, rest = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "stopped; what came is kept" in rest
    assert "Traceback" not in rest
    assert list(folder.rglob("model.bin.*.part")) or list(Path(os.environ["XDG_CACHE_HOME"]).rglob("model.bin.*.part"))
