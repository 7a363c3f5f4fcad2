"""What a client needs of the engine: who is on stage, a session with that one, and how that one looks."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.character import Character
from ...core.events import AudioSent, SessionEvent, SpeechEnded, SpeechStarted
from ...core.types import BYTES_PER_SAMPLE
from ...orchestrator.conversation import Conversation
from ...orchestrator.engine import Engine
from ...orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from ...orchestrator.session import Session
from . import server_messages as told
from .server_messages import Message

AHEAD_MS = 30_000.0
"""Their clients keep a queue of items, so much of a reply is sent as soon as it is there."""


@dataclass(frozen=True, slots=True)
class Part:
    """Who is on stage for a client."""

    id: str
    """Never empty; their web client files its histories under it."""
    character: Character
    look: OpenLlmVtuberSettings


def part_on_stage(engine: Engine) -> Part:
    """The character that conf.yaml names."""
    settings = engine.settings
    file = settings.character_file
    return Part(file.stem if file else "character", settings.character, settings.open_llm_vtuber)


def new_session(engine: Engine, name: str, history: Conversation, part: Part) -> Session:
    session = engine.new_session(name, history)
    session.playback.max_ahead_ms = AHEAD_MS
    return session


def model_info(part: Part) -> Mapping[str, Any]:
    """The Live2D model, in the words of model_dict.json; empty: none."""
    return {}


def expressions_of(part: Part, names: Sequence[str]) -> Sequence[int | str]:
    """What the model calls these expressions."""
    return tuple(names)


def avatar_of(part: Part) -> str:
    """The name of a file below /avatars, or empty."""
    return ""


@dataclass(frozen=True, slots=True)
class Item:
    """What a client plays at one go; ``pcm`` None: words alone. Its place in the turn's sound is in ms."""

    text: str
    expressions: tuple[str, ...]
    pcm: bytes | None
    start_ms: float
    end_ms: float

    def message(self, sample_rate: int, shown: Message, doing: Message | None) -> Message:
        if self.pcm is None:
            return told.audio(None, (), shown, doing)
        return told.audio(base64.b64encode(_wav(self.pcm, sample_rate)).decode(), (), shown, doing)


class ItemMaker:
    """A segment is an item."""

    next_poll: float | None = None

    def __init__(self, sample_rate: int, split: str, first_audio_ms: float) -> None:
        self._started: SpeechStarted | None = None
        self._pcm = bytearray()

    def begin(self, heard_at: float) -> None:
        self._started = None

    def observe(self, event: SessionEvent, now: float) -> list[Item]:
        match event:
            case SpeechStarted():
                self._started = event
                self._pcm.clear()
            case AudioSent(audio=audio):
                self._pcm += audio.pcm
            case SpeechEnded(at_ms=end_ms) if self._started is not None:
                started, pcm = self._started, bytes(self._pcm) or None
                segment = started.segment
                return [Item(segment.display, segment.expressions, pcm, started.at_ms, end_ms)]
            case _:
                pass
        return []

    def poll(self, now: float) -> list[Item]:
        return []


def _wav(pcm: bytes, sample_rate: int) -> bytes:
    to = io.BytesIO()
    with wave.open(to, "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(BYTES_PER_SAMPLE)
        clip.setframerate(sample_rate)
        clip.writeframes(pcm)
    return to.getvalue()
