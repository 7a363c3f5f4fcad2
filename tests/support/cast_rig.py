"""Characters in files, around models and voices that do what their settings say: found by name, as those of conf.yaml are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field

from hayakuchi.core.block import Block
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.registry import ProviderSpec, Registry
from hayakuchi.core.types import Audio, Generation, LLMDelta, Message, SpeechRequest, TextDelta
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.tts.base import TTSConfig

Opens = Literal["at once", "never", "not at all"]


class _Provider:
    def __init__(self, config: Any) -> None:
        self.config = config
        self.deadlines = Deadlines(2.0, 2.0)
        self.opened = self.closed = 0
        self.opens: Opens = config.opens

    async def open(self) -> None:
        self.opened += 1
        if self.opens == "never":
            await asyncio.sleep(3600)
        if self.opens == "not at all":
            raise ProviderError("tts", "rig", Category.UNAVAILABLE, "is not there")

    async def probe(self) -> str:
        return "here"

    async def aclose(self) -> None:
        self.closed += 1


class ToneConfig(TTSConfig):
    """A voice that is one tone."""

    voice: str = Field(default="stage", description="Its first letter's number is the level of the sound")
    opens: Opens = Field(default="at once", description="Whether it opens")


class ToneTTS(_Provider):
    name = "tone_tts"
    Config: ClassVar[type[ToneConfig]] = ToneConfig
    sample_rate = 8000

    def __init__(self, config: ToneConfig) -> None:
        super().__init__(config)
        self.said: list[str] = []

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        self.said.append(request.text)
        yield Audio(sound_of(self.config.voice), self.sample_rate)


def sound_of(voice: str) -> bytes:
    """100 ms that nobody else says."""
    level = 100 * ord(voice[0])
    return b"".join((level if n % 2 else -level).to_bytes(2, "little", signed=True) for n in range(800))


class TaleConfig(Block):
    """A model that answers with what it is told to, by what was said."""

    model: str = Field(default="stage", description="Its name")
    opens: Opens = Field(default="at once", description="Whether it opens")


class TaleLLM(_Provider):
    name = "tale_llm"
    Config: ClassVar[type[TaleConfig]] = TaleConfig

    def __init__(self, config: TaleConfig) -> None:
        super().__init__(config)
        self.asked: list[Sequence[Message]] = []

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        self.asked.append(messages)
        for word in f"You said {messages[-1].content}".split(" "):
            yield TextDelta(f"{word} ")
            await asyncio.sleep(0)


def registry() -> Registry:
    agent = ProviderSpec("basic_memory_agent", "hayakuchi.agents.basic_memory:BasicMemoryAgent")
    voice, model = ProviderSpec("tone_tts", "cast_rig:ToneTTS"), ProviderSpec("tale_llm", "cast_rig:TaleLLM")
    return Registry({"llm": (model,), "tts": (voice,), "agents": (agent,)}, plugins=False)


CONF = """
character: ann
llm: {tale_llm: {}}
tts: {tone_tts: {voice: stage}}
cache: {enabled: false}
sessions: {keep: false}
"""
FILES = {
    "ann": "name: Ann\npersona: You keep bees.\n",
    "bob": "name: Bob\npersona: You mend clocks.\nvoice: {tone_tts: bob}\nopen_llm_vtuber: {model: bob_model}\n",
}


def written(folder: Path, **files: str) -> Path:
    """conf.yaml in the folder, with characters of these names and texts beside it."""
    (folder / "characters").mkdir(exist_ok=True)
    conf = folder / "conf.yaml"
    if not conf.exists():
        conf.write_text(CONF)
    for name, text in files.items():
        (folder / "characters" / f"{name}.yaml").write_text(text)
    return conf


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With Ann, who is on stage, and Bob."""
    monkeypatch.setattr("hayakuchi.orchestrator.cast.default_registry", registry)
    monkeypatch.setattr("hayakuchi.orchestrator.characters.SHIPPED", tmp_path / "nothing")
    written(tmp_path, **FILES)
    return tmp_path


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Engine]:
    """The engine of that conf.yaml."""
    async with Engine(load_settings(folder / "conf.yaml", registry=registry())) as engine:
        yield engine


def voice_of(part: Any) -> Any:
    """The first voice of a character's chain."""
    return part.voice.chain.providers[0]


def model_of(part: Any) -> Any:
    return part.llm.providers[0]
