"""A server that asks for keys, with a model, a voice and ears that do as they are told, for clients that others wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chatting import Asked, RecordingEmbedder, RecordingLLM, chat_settings
from keyed import key_file, make_key
from scraping import Scrape, asked
from scripted import ScriptedTTS
from scripted_asr import ScriptedASR
from serving import component, serving
from sound_in import raw

from hayakuchi.core.types import Audio
from hayakuchi.gateway.access.key_ring import EAGER_MS
from hayakuchi.orchestrator.gateway_settings import Scope, SessionsSettings

RMS = 8192
"""Of the tone that clients say."""
BAD_KEY = f"hk_00000000_{'a' * 43}"
LIMITS: Any = [
    ("chat", {"text": "Hello"}, {"characters_per_day": 3}),
    ("speak", {"text": "Hello"}, {"characters_per_day": 3}),
    ("listen", {"ms": 1500}, {"audio_seconds_per_day": 1}),
]
"""A command, and a key's limit that it is too much for."""


@dataclass
class House:
    """The server and its parts. ``url`` is what clients are given."""

    url: str
    llm: RecordingLLM
    voice: ScriptedTTS
    ears: ScriptedASR
    file: Path

    async def key(self, **limits: int) -> str:
        """A new key's token, for talking and speaking, when the server knows it."""
        token = make_key(self.file, (Scope.CHAT, Scope.SPEAK), limits=limits)
        await asyncio.sleep(2 * EAGER_MS / 1000)
        return token

    async def refusals(self, reason: str) -> float:
        """How many requests were refused for this."""
        headers = {"Authorization": f"Bearer {make_key(self.file, (Scope.METRICS,))}"}
        await asyncio.sleep(2 * EAGER_MS / 1000)
        _, _, body = await asked(f"{self.url.removesuffix('/v1')}/metrics", **headers)
        return Scrape(body.decode(), "text/plain").value("hayakuchi_refusals_total", reason=reason)

    def asked(self, text: str) -> Asked:
        """The only request to the model that ended with ``text``."""
        [one] = [asked for asked in self.llm.asked if asked.messages[-1].content == text]
        return one

    @property
    def untouched(self) -> bool:
        """Whether nobody was asked anything."""
        return not (self.llm.asked or self.voice.spoken or self.ears.clips)

    def forget(self) -> None:
        """Everything that was asked and heard."""
        self.llm.answers = {}
        self.voice.rtf = 0.01
        for notes in (self.llm.asked, self.llm.scripts, self.voice.spoken, self.ears.clips, self.ears.wishes):
            notes.clear()


def understood(clip: Audio) -> str:
    """Tells whether the sound came whole."""
    sound = raw(clip.pcm, clip.sample_rate)
    return f"A tone of {round(sound.energy / RMS**2 / 100) * 100} ms."


def spoken_ms(*segments: str) -> int:
    """How long the voice speaks."""
    return sum(max(len(text) * 60 // 100, 1) * 100 for text in segments)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    file = await key_file(folder / "keys.sqlite3")
    llm, voice = RecordingLLM(), ScriptedTTS(first_ms=5, rtf=0.01)
    ears = ScriptedASR(understood, takes_ms=5)
    settings = chat_settings(llm, asr=lambda: ears, embedder=RecordingEmbedder(), auth={"enabled": True})
    settings = replace(settings, tts=(component(lambda: voice),), sessions=SessionsSettings(file=file))
    async with serving(settings) as (url, _):
        yield House(url + "/v1", llm, voice, ears, file)
