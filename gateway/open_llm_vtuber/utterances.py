"""What a client that finds the ends of utterances by itself sends: gathered, understood one after the other, and said."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...asr.base import SAMPLE_RATE
from ...asr.clip import SHORTEST_MS
from ...asr.hallucinations import believed
from ...core.clock import loop_ms
from ...core.errors import AllProvidersFailed, CapacityError, Category, HayakuchiError, ProviderError
from ...core.types import BYTES_PER_SAMPLE, Audio, Image, SpeechTimes, UserInput
from ...orchestrator.hearing import Hearing
from ..audio.file_hearing import ready
from . import server_messages as told
from .not_heard import why_deaf, with_remedy
from .sound_in import quiet_end_ms

if TYPE_CHECKING:
    from .client import Client

LONGEST_S = 60
"""Of one utterance; what comes after that is not heard."""
MOST_BYTES = LONGEST_S * SAMPLE_RATE * BYTES_PER_SAMPLE
WAITING = 4
"""Utterances that wait to be understood, at most."""
UNDERSTAND_S = 30.0
"""How long understanding one of them may take."""
STILL_MS = 5_000.0
"""An utterance of which nothing came for so long is not waited for: its end may be lost."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """``ended``: when the client said that it was over (ms of the loop's clock)."""

    pcm: bytes
    images: tuple[Image, ...]
    ended: float


class Utterances:
    """Of one client. What waits while an earlier one is being understood is said together with it: there is one answer."""

    def __init__(self, client: Client, hearing: Hearing) -> None:
        self._client, self._hearing = client, hearing
        self._gathered = bytearray()
        self._full = False
        self._came_at = 0.0
        """When sound came last (ms of the loop's clock)."""
        self._waiting: deque[Utterance] = deque()
        self._came = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    @property
    def gathered(self) -> bool:
        """Whether anything of an utterance has come that is not over."""
        return bool(self._gathered)

    @property
    def pending(self) -> bool:
        """Whether somebody speaks, or is being understood."""
        speaks = self.gathered and loop_ms() - self._came_at < STILL_MS
        return speaks or bool(self._waiting) or (self._working is not None and not self._working.done())

    def gather(self, pcm: bytes) -> None:
        """More of the utterance. Raises CapacityError, once, when it gets too long."""
        self._came_at = loop_ms()
        if self._full:
            return
        self._hearing.wake()  # it may take a while
        self._full = len(self._gathered) + len(pcm) > MOST_BYTES
        self._gathered += pcm[: MOST_BYTES - len(self._gathered)]
        if self._full:
            raise CapacityError(f"an utterance is longer than {LONGEST_S} s; only so much of it is heard")

    def end(self, images: tuple[Image, ...]) -> None:
        """The utterance is over. Raises CapacityError when too many wait; then it is forgotten."""
        pcm, self._full = bytes(self._gathered), False
        self._gathered.clear()
        if len(self._waiting) >= WAITING:
            raise CapacityError(f"{WAITING} utterances wait to be understood; this one is not heard", retry_after_s=1.0)
        self._waiting.append(Utterance(pcm, images, loop_ms()))
        self._came.set()

    def drop(self) -> None:
        """What was gathered so far is forgotten."""
        self._gathered.clear()
        self._full = False

    def forget(self) -> None:
        """What is over and not answered yet is forgotten; what is being gathered is not: it may be why."""
        self._waiting.clear()
        if self._working is not None and self._working is not asyncio.current_task():
            self._working.cancel()

    async def run(self) -> None:
        """Understand and say them, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._came.wait()
                self._came.clear()
                if self._waiting:
                    self._working = group.create_task(self._answer(), name=f"client {self._client.uid}: understand")
                    await asyncio.wait([self._working])

    async def _answer(self) -> None:
        """Say what was understood of all that waits. A client that gets no answer is told that this is all."""
        try:
            if not await self._said():
                self._end_chain()
        except HayakuchiError as error:
            self._client.complain(error)
            self._end_chain()

    async def _said(self) -> bool:
        """Whether there was anything to say."""
        words: list[str] = []
        images: tuple[Image, ...] = ()
        quiet_since = ended = 0.0
        while self._waiting:
            utterance = self._waiting.popleft()
            try:
                text = await self._understood(utterance.pcm)
            except (ProviderError, AllProvidersFailed) as error:
                self._client.complain(with_remedy(error, self._hearing))
                continue
            if text:
                words.append(text)
                images += utterance.images
                quiet_since, ended = utterance.ended - quiet_end_ms(utterance.pcm), utterance.ended
        if words:
            times = SpeechTimes(quiet_since, ended, loop_ms())
            await self._client.say(UserInput(" ".join(words), images=images, speech=times))
        return bool(words)

    async def _understood(self, pcm: bytes) -> str:
        """What is said in it; empty: nothing. Raises ProviderError and AllProvidersFailed."""
        clip = Audio(pcm, SAMPLE_RATE)
        if clip.duration_ms < SHORTEST_MS:
            return ""
        if (why := why_deaf(self._hearing)) is not None:
            raise why
        await ready(self._hearing)
        try:
            async with asyncio.timeout(UNDERSTAND_S):
                transcript = await self._hearing.transcribe(clip, language=self._hearing.language)
        except TimeoutError:
            engine = self._hearing.status.engine or "ears"
            message = f"what was said was not understood within {UNDERSTAND_S:g} s"
            raise ProviderError("asr", engine, Category.TIMEOUT, message) from None
        return believed(transcript, clip.duration_ms).text.strip()

    def _end_chain(self) -> None:
        """Their clients think until they are told that the chain is over; one that runs ends by itself."""
        if self._client.session.turn is None:
            self._client.send(told.control("conversation-chain-end"))
