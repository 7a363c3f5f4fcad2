"""``POST /v1/audio/speech``, as OpenAI's is asked: a text in, sound out while it is made."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from ...core.errors import HayakuchiError
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..audio.encoders import CONTENT_TYPES, SoundFormat, encoded
from ..audio.speech_service import DEFAULT_VOICE, OPENAI_VOICES, SpeechService
from ..audio.tempo import FASTEST, SLOWEST
from ..doors import doors_of
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
        default="audio",
        description="sse: events `speech.audio.delta` with the file in base64, then `speech.audio.done`",
    )
    instructions: str | None = Field(default=None, max_length=MAX_CHARS, description="Not used")

    def voice_of(self, voices: Collection[str]) -> str | None:
        """What to ask for, where there are these ``voices``; the model may be one where the voice says nothing."""
        name = self.voice if isinstance(self.voice, str) else self.voice.id
        if name in voices or not (name == DEFAULT_VOICE or name in OPENAI_VOICES):
            return name
        return self.model if self.model in voices else None


async def speak(request: Request) -> Response:
    """The sound, from the first of it on."""
    doors = doors_of(request)
    body = await read_body(request, SpeechBody, doors.settings.max_body_kb * 1000)
    service = SpeechService(doors)
    voice = body.voice_of(service.voices)
    sound = service.speak(body.input, caller_of(request.scope), voice=voice, speed=body.speed)
    file = encoded(sound, body.response_format)
    if body.stream_format == "sse":
        return Streamed(_events(file), "text/event-stream")
    return Streamed(file, CONTENT_TYPES[body.response_format])


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
            200: Answer(
                "The sound, in the format that was asked for, while it is made",
                content_type=CONTENT_TYPES[SoundFormat.MP3],
                further={
                    **{kind: f"`{name}`" for name, kind in CONTENT_TYPES.items() if name != SoundFormat.MP3},
                    "text/event-stream": "With `sse`: events `speech.audio.delta` with base64, then `speech.audio.done`",
                },
            ),
            400: Answer("The voice refuses the text"),
        },
        aliases=("/audio/speech",),
    ),
)
