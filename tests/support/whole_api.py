"""A server behind whose every endpoint something answers, and a key that may do all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chatting import RecordingEmbedder, RecordingLLM, chat_settings, words
from keyed import key_file, make_key
from listening import EARS
from microphone import LoudIsSpeech
from scripted import ScriptedTTS
from scripted_asr import ScriptedASR
from serving import component, serving

from hayakuchi.core.transcript import Transcript, TranscriptSegment
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import LimitSettings, Scope, SessionsSettings

UNLIMITED = LimitSettings(requests_per_minute=0, concurrent_turns=0)
HEARD = Transcript("Hello there!", "en", (TranscriptSegment(0, 900, "Hello there!"),))
OWNER = "docs"


@dataclass(frozen=True, slots=True)
class WholeApi:
    """A running server."""

    url: str
    key: str
    engine: Engine
    grpc: str = ""

    async def seed(self, session: str, said: Sequence[str]) -> None:
        """A conversation of the key's owner: each of ``said``, and a reply to it."""
        async with self.engine.conversations.hold(OWNER, session, "Test") as conversation:
            for text in said:
                await conversation.add(UserInput(text), "I see.")

    @property
    def environment(self) -> dict[str, str]:
        """As the documentation's examples expect it."""
        return {"HAYAKUCHI_URL": self.url, "HAYAKUCHI_KEY": self.key, "HAYAKUCHI_GRPC": self.grpc}


@asynccontextmanager
async def whole_api(folder: Path, **gateway: Any) -> AsyncIterator[WholeApi]:
    """The server; its conversations and its key are in ``folder``."""
    file = await key_file(folder / "hayakuchi.sqlite3")
    llm = RecordingLLM(*words("Oh, hello you! It is a fine day."))
    raw = {"tiny/model-1": RecordingLLM(*words("raw words"))}
    # A machine that is busy with other tests is no reason to refuse anybody.
    gateway = {"auth": {"enabled": True}, "limits": UNLIMITED, "shed_lag_ms": 60_000} | gateway
    settings = replace(
        chat_settings(llm, raw=raw, embedder=RecordingEmbedder(), **gateway),
        tts=(component(lambda: ScriptedTTS(first_ms=1, rtf=0.0)),),
        ears=EARS,
        asr=(component(lambda: ScriptedASR(lambda clip: HEARD, takes_ms=1)),),
        sessions=SessionsSettings(file=file),
    )
    async with serving(settings) as (url, engine):

        async def loud() -> type[LoudIsSpeech]:
            return LoudIsSpeech

        engine.hearing.detectors.activity = loud
        port = gateway.get("grpc", {}).get("port")
        key = make_key(file, tuple(Scope), owner=OWNER)
        yield WholeApi(url, key, engine, f"127.0.0.1:{port}" if port else "")
