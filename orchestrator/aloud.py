"""A text that is known whole, read aloud: cut as a reply is, its clips made while earlier ones are given out."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from ..core.background import Background
from ..core.channel import Channel
from ..core.character import Character
from ..core.errors import AllProvidersFailed, ProviderError
from ..core.types import Audio, Boundary, ProviderFailure, SpeechRequest
from .clip import CHUNKS
from .cutter import cutter_for
from .speakable import pronounced
from .speaking import speech_request
from .streaming import Streaming

Speak = Callable[[SpeechRequest], AsyncIterator[Audio | ProviderFailure]]
"""A voice's ``synthesize``."""


def requests_for(
    text: str, character: Character, streaming: Streaming, pauses: Mapping[Boundary, float]
) -> list[SpeechRequest]:
    """What a voice is asked for, in order; nothing where nothing can be spoken. The first piece is as short as in a turn.

    Takes some milliseconds for a long text.
    """
    cutter = cutter_for(character, streaming)
    segments = [*cutter.feed(text, 0.0), *cutter.flush()]
    return [
        speech_request(segment, pronounced(segment.speech, character.lexicon), pauses.get(segment.boundary))
        for segment in segments
        if segment.speech
    ]


async def aloud(speak: Speak, requests: Sequence[SpeechRequest], prefetch: int) -> AsyncGenerator[Audio, None]:
    """The clips of ``requests``, one after another. As soon as one can be heard, the ``prefetch`` that follow are begun.

    Raises ProviderError or AllProvidersFailed in place of what cannot be said. Closing it stops all that is being made.
    """
    waiting, clips = deque(requests), deque[_Clip]()
    background = Background()
    await background.open()

    def begin(most: int) -> None:
        while waiting and len(clips) < most:
            clip = _Clip()
            clips.append(clip)
            background.start(clip.fill(speak, waiting.popleft()), "read aloud")

    try:
        begin(1)
        while clips:
            async for audio in clips[0].audio:
                begin(1 + prefetch)
                yield audio
            if (error := clips.popleft().error) is not None:
                raise error
            begin(1)
    finally:
        await background.aclose()


@dataclass(slots=True)
class _Clip:
    """What came of a request so far, and what went wrong after that."""

    audio: Channel[Audio] = field(default_factory=lambda: Channel(CHUNKS))
    error: ProviderError | AllProvidersFailed | None = None

    async def fill(self, speak: Speak, request: SpeechRequest) -> None:
        stream: Any = speak(request)
        try:
            async with aclosing(stream) as items:
                async for item in items:
                    if isinstance(item, Audio) and item.pcm:
                        await self.audio.put(item)
        except (ProviderError, AllProvidersFailed) as error:
            self.error = error
        finally:
            self.audio.close()
