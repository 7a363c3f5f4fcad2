"""What ``hayakuchi check`` says of the ears: models that are not here, modes without a recogniser, and what a probe tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from canned_whisper import write_canned_whisper

from hayakuchi.agents import PROVIDERS as AGENTS
from hayakuchi.asr.base import Download
from hayakuchi.cli.finding import Status
from hayakuchi.cli.findings import inspected
from hayakuchi.cli.probe import probed
from hayakuchi.core.block import Block
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.registry import ProviderSpec, Registry


class Ear:
    """Has its model, or lacks it, or cannot be opened."""

    name = "plain_asr"

    class Config(Block):
        here: bool = True
        fails: bool = False

    def __init__(self, config: Config) -> None:
        self.config = config

    def wanted(self) -> Download | None:
        return None if self.config.here else Download("Ear small", 12, "uv run hayakuchi model pull ear")

    async def fetch(self, tell: object) -> None:
        raise AssertionError("checking downloads nothing")

    async def open(self) -> None:
        assert self.config.here
        if self.config.fails:
            raise ProviderError("asr", self.name, Category.CRASHED, "broke")

    async def probe(self) -> str:
        return "hears"

    async def aclose(self) -> None: ...


REGISTRY = Registry(
    {
        "llm": [ProviderSpec("demo_llm", "hayakuchi.llm.demo:DemoLLM")],
        "tts": [ProviderSpec("espeak_tts", "hayakuchi.tts.espeak:EspeakTTS")],
        "asr": [
            ProviderSpec("faster_whisper", "hayakuchi.asr.faster_whisper:FasterWhisperASR"),
            ProviderSpec("plain_asr", f"{__name__}:Ear"),
        ],
        "agents": AGENTS,
    },
    plugins=False,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "characters").mkdir()
    return tmp_path


def found(conf: str, language: str = "en") -> list[str]:
    """What is no plain success about the ears, or names a folder."""
    Path("characters/kiyo.yaml").write_text(f"name: Kiyo\npersona: x\nlanguage: {language}\n")
    Path("conf.yaml").write_text(f"server: {{port: 0}}\n{conf}\n")
    told = [finding for finding in inspected(None, None, REGISTRY)[0] if finding.subject in ("ears", "asr", "settings")]
    return [f"{finding.status}: {finding.message}" for finding in told][1:]


def test_a_model_that_is_not_here_is_no_problem():
    assert found("asr: {faster_whisper: {model: tiny}}") == [
        "ok: faster_whisper (model=tiny)",
        "warn: faster_whisper: Whisper tiny is not downloaded yet: 78 MB are fetched when the microphone is first used; "
        "now: `uv run hayakuchi model pull tiny`",
    ]
    told = found("asr: [plain_asr, faster_whisper]")
    assert told[2] == (
        "warn: faster_whisper: Whisper base is not downloaded yet: 148 MB are to be fetched before it can stand in; "
        "now: `uv run hayakuchi model pull base`"
    )


def test_a_model_that_is_here(folder: Path):
    write_canned_whisper(folder / "mine", "Hello.")
    assert found("asr: {faster_whisper: {model: ./mine}}")[1:] == ["ok: faster_whisper: its model is in mine"]


def test_a_folder_that_lacks_a_file_is_a_problem_unless_another_one_hears(folder: Path):
    write_canned_whisper(folder / "mine", "Hello.")
    (folder / "mine" / "tokenizer.json").unlink()
    (told,) = found("asr: {faster_whisper: {model: ./mine}}")[1:]
    assert told.startswith(f"problem: faster_whisper: {folder / 'mine'} lacks tokenizer.json: ")
    told = found("asr: [faster_whisper: {model: ./mine}, plain_asr]")
    assert [line.partition(":")[0] for line in told] == ["ok", "ok", "warn"]


def test_a_model_that_may_not_be_fetched():
    (told,) = found("asr: {faster_whisper: {local_files_only: true}}")[1:]
    assert told.startswith("problem: faster_whisper: Whisper base is not in ")
    assert "local_files_only forbids to fetch it" in told


def test_ears_without_a_recogniser():
    none = "ok: none: the character does not listen to a microphone"
    assert found("") == [none]
    assert found("ears: {mode: typed_only}") == [none]
    for ears in ("{mode: push_to_talk}", "{language: ja}"):
        assert found(f"ears: {ears}") == [
            none,
            "warn: nothing recognises speech, so nobody listens; write asr: {faster_whisper: {model: base}}, or ears: {mode: "
            "typed_only}",
        ]


def test_a_character_that_only_reads_needs_no_model():
    assert len(found("asr: faster_whisper\nears: {mode: typed_only}")) == 1


def test_the_file_of_a_turn_model(folder: Path):
    assert found("asr: plain_asr\nears: {smart_turn: turn.onnx}")[1:] == [
        "problem: conf.yaml:3:20: ears.smart_turn: there is no file turn.onnx"
    ]
    (folder / "turn.onnx").write_bytes(b"x")
    assert found("asr: plain_asr\nears: {smart_turn: turn.onnx}")[1:] == []


@pytest.mark.parametrize(
    ("model", "language", "instead"),
    [
        ("base.en", "ja", "base"),
        ("distil-small.en", "zh-CN", "large-v3-turbo"),
        ("distil-large-v3", "de", "large-v3-turbo"),
        ("base.en", "en-GB", None),
        ("base", "ja", None),
    ],
)
def test_an_english_model_for_another_language(model: str, language: str, instead: str | None):
    told = [line for line in found(f"asr: {{faster_whisper: {{model: {model}}}}}", language) if "English only" in line]
    assert len(told) == (instead is not None)
    assert all(line.endswith(f"take model: {instead}") for line in told)


@pytest.mark.parametrize(
    ("asr", "told"),
    [
        ("plain_asr", ["ok: plain_asr: hears"]),
        ("{plain_asr: {here: false}}", ["warn: plain_asr: not asked, Ear small is not downloaded yet"]),
        ("{plain_asr: {fails: true}}", ["problem: plain_asr: broke"]),
        (
            "[plain_asr: {here: false}, plain_asr: {fails: true}, plain_asr: {}]",
            [
                "warn: plain_asr: not asked, Ear small is not downloaded yet",
                "warn: plain_asr: broke; plain_asr answers in its place",
                "ok: plain_asr: hears",
            ],
        ),
    ],
)
async def test_a_probe_loads_what_is_here_and_downloads_nothing(asr: str, told: list[str]):
    found(f"asr: {asr}")
    settings = inspected(None, None, REGISTRY)[1]
    assert settings
    answers = [finding for finding in await probed(settings) if finding.subject == "asr probe"]
    assert [f"{finding.status}: {finding.message}" for finding in answers] == told


async def test_a_probe_of_whisper_says_what_it_runs_on(folder: Path):
    write_canned_whisper(folder / "mine", "Hello.")
    found("asr: {faster_whisper: {model: ./mine}}")
    settings = inspected(None, None, REGISTRY)[1]
    assert settings
    (answer,) = [finding for finding in await probed(settings) if finding.subject == "asr probe"]
    assert (answer.status, answer.message) == (Status.OK, "faster_whisper: Whisper ./mine, cpu, int8")
