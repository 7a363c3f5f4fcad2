"""``POST /v1/audio/speech``, as OpenAI's is asked: a text in, sound out while it is made."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from ...core.errors import HayakuchiError
from ...core.types import Audio
from ...orchestrator.gateway_settings import Scope
from ..caller import caller_of
from ..doors import doors_of
from ..encoders import CONTENT_TYPES, SoundFormat, encoder
from ..speech_service import DEFAULT_VOICE, OPENAI_VOICES, SpeechService
from ..tempo import FASTEST, SLOWEST
from .endpoint import Answer, Endpoint
from .serving import problem_of, read_body
from .streamed import Streamed

MAX_CHARS = 4096
"""OpenAI's limit."""


class VoiceById(BaseModel):
    """A voice as an object, as OpenAI's clients may send it."""

    id: str = Field(max_length=200, description="Name of the voice")


class SpeechBody(BaseModel):
    """What is to be said, and how."""

    model: str = Field(
        min_length=1,
        max_length=200,
        description="A provider of `tts` in conf.yaml; any other name means the first that can speak",
    )
    input: str = Field(min_length=1, max_length=MAX_CHARS, description="The text")
    voice: str | VoiceById = Field(
        default=DEFAULT_VOICE,
        description="A provider of `tts` in conf.yaml, or the voice that one is set to; OpenAI's names mean the default voice",
    )
    response_format: SoundFormat = Field(
        default=SoundFormat.MP3, description="pcm is 16-bit little-endian, mono, 24 kHz; opus comes in Ogg, aac in ADTS"
    )
    speed: float = Field(default=1.0, ge=SLOWEST, le=FASTEST, description="1 is the voice's own")
    stream_format: Literal["audio", "sse"] = Field(
        default="audio", description="sse: events `speech.audio.delta` with the file in base64, then `speech.audio.done`"
    )
    instructions: str | None = Field(default=None, max_length=MAX_CHARS, description="Not used")

    @property
    def voice_name(self) -> str:
        """The voice; the model where it is left to that."""
        name = self.voice if isinstance(self.voice, str) else self.voice.id
        return self.model if name == DEFAULT_VOICE or name in OPENAI_VOICES else name


async def speak(request: Request) -> Response:
    """The sound, from the first of it on."""
    doors = doors_of(request)
    body = await read_body(request, SpeechBody, doors.settings.max_body_kb * 1000)
    service = SpeechService(doors)
    name = body.voice_name
    sound = service.speak(
        body.input,
        caller_of(request.scope),
        voice=None if name == body.model and name not in service.voices else name,
        speed=body.speed,
    )
    file = _encoded(sound, body.response_format)
    if body.stream_format == "sse":
        return Streamed(_events(file), "text/event-stream")
    return Streamed(file, CONTENT_TYPES[body.response_format])


async def _encoded(sound: AsyncGenerator[Audio, None], form: SoundFormat) -> AsyncGenerator[bytes, None]:
    """The file, as much of it at a time as a piece of sound makes certain."""
    async with aclosing(sound) as pieces:
        coding = await asyncio.to_thread(encoder, form)
        async for audio in pieces:
            if part := await asyncio.to_thread(coding.encode, audio):
                yield part
    if rest := await asyncio.to_thread(coding.finish):
        yield rest


async def _events(file: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The file as server-sent events; what goes wrong on the way is one, too, and the last."""
    begun = False
    try:
        async with aclosing(file) as parts:
            async for part in parts:
                yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()})
                begun = True
    except HayakuchiError as error:
        if not begun:
            raise
        yield _event(problem_of(error).body)
        return
    # Voices count no tokens, but OpenAI's clients expect the figures.
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/v1/audio/speech",
        Scope.SPEAK,
        "Speak a text",
        speak,
        description="The sound is sent while it is made, sentence by sentence. When a voice fails on the way and no other one "
        "can go on, the body breaks off in the middle.",
        tag="Audio",
        body=SpeechBody,
        examples={
            "mp3": {"model": "tts-1", "input": "Hello there! It is nice to see you.", "voice": "alloy"},
            "pcm for playing at once": {
                "model": "tts-1",
                "input": "Hello there!",
                "voice": "default",
                "response_format": "pcm",
                "speed": 1.2,
            },
            "events": {
                "model": "tts-1",
                "input": "Hello there!",
                "voice": "alloy",
                "response_format": "opus",
                "stream_format": "sse",
            },
        },
        answers={
            200: Answer("The sound, in the format that was asked for; with `sse` its events", content_type="audio/mpeg")
        },
        aliases=("/audio/speech",),
    ),
)
