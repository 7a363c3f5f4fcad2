"""A turn's sound as ``audio-stream-*``, for clients that asked for it: a stream per segment, sent as it is made."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from uuid import uuid4

from ...core.events import AudioSent, SpeechEnded, SpeechStarted
from . import server_messages as told
from .server_messages import Message

Shown = Callable[[str], Message]
Doing = Callable[[tuple[str, ...]], Message | None]


class AudioStream:
    """One per turn. A segment without sound is an ``audio`` item of words alone, as everywhere."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._id: str | None = None

    def observe(self, event: AudioSent | SpeechStarted | SpeechEnded, shown: Shown, doing: Doing) -> Iterator[Message]:
        match event:
            case SpeechStarted(segment=segment, silent=True):
                yield told.audio(None, (), shown(segment.display), doing(segment.expressions))
            case SpeechStarted(segment=segment):
                self._id = uuid4().hex
                showing, done = shown(segment.display), doing(segment.expressions)
                yield told.audio_stream_start(self._id, self._sample_rate, showing, done)
            case AudioSent(audio=audio) if self._id is not None:
                yield told.audio_stream_chunk(self._id, base64.b64encode(audio.pcm).decode())
            case SpeechEnded() if self._id is not None:
                yield told.audio_stream_end(self._id)
                self._id = None
            case _:
                pass
