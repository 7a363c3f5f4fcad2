"""A client's microphone: whole utterances that it cut by itself, or all that is heard, as it likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...asr.base import SAMPLE_RATE
from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError, ProtocolError
from ...core.types import Image
from ..figures.observing import STAGE
from ..stage.mic_rate import MicRate
from . import server_messages as told
from .client_messages import ImageData, MicAudioData, MicAudioEnd, RawAudioData
from .not_heard import Complaints
from .open_mic import OpenMic
from .pictures import images_of
from .sound_in import pcm16
from .utterances import LONGEST_S, Utterances

if TYPE_CHECKING:
    from .client import Client, Handler

DEAF_MS = 10_000.0
"""Whose limit is reached is not heard for so long, and told so no more often."""


class Microphone:
    """One per client; what it begins runs in ``client.tasks``, and ends with the connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._utterances = Utterances(client, client.doors.engine.hearing)
        self._open = OpenMic(client)
        self._rates = {True: MicRate(), False: MicRate(hiccup_s=LONGEST_S)}
        """Of what is heard all the time, and of utterances, which come at once when they are over."""
        self._complaints = Complaints()
        self._deaf_until = 0.0
        for work, name in ((self._utterances.run(), "utterances"), (self._open.run(), "open microphone")):
            client.tasks.create_task(work, name=f"client {client.uid}: {name}")

    @property
    def pending(self) -> bool:
        """Whether something is being said, or was said and is not handed on yet."""
        return self._utterances.pending or self._open.pending

    async def gather(self, samples: Sequence[float]) -> None:
        """More of an utterance. Raises HayakuchiError, once, for what is too much."""
        if pcm := await self._taken(samples, raw=False):
            self._utterances.gather(pcm)

    def end(self, images: Sequence[ImageData] | None) -> None:
        """The utterance is over: it is understood, and answered; what is no picture is left out.

        Clients whose microphone is open say this, too, when they are told that an utterance is over: it is answered by then.
        Raises CapacityError when it is forgotten, ProtocolError for pictures that nothing was said with.
        """
        echo = self._open.on and not self._utterances.gathered
        if echo and images:
            raise ProtocolError("images: pictures do not go with raw-audio-data; send them with the next text")
        if echo:
            return
        pictures: tuple[Image, ...] = ()
        try:
            pictures = images_of(images)
        except ProtocolError as error:
            self._client.complain(error)
        try:
            self._utterances.end(pictures)
        except CapacityError:
            self._client.send(told.control("conversation-chain-end"))
            raise

    async def hear(self, samples: Sequence[float]) -> None:
        """What is heard, whoever speaks. Raises HayakuchiError, once, for what is too much or where nobody listens."""
        if pcm := await self._taken(samples, raw=True):
            self._open.hear(pcm)

    def forget(self) -> None:
        """Somebody interrupts: what is being understood is not answered."""
        self._utterances.forget()

    def close(self) -> None:
        """The session is to be another one: nothing of what was said so far is for that."""
        self._utterances.drop()
        self._utterances.forget()
        self._open.forget()

    async def _taken(self, samples: Sequence[float], *, raw: bool) -> bytes:
        """The sound, put down to the caller; empty when it may not be heard. Raises HayakuchiError, once, for why."""
        now, seconds = loop_ms(), len(samples) / SAMPLE_RATE
        if now < self._deaf_until:
            return b""
        if not self._rates[raw].admits(len(samples), now):
            message = "the microphone sends more sound than time passes; what is too much is not heard"
            if self._complaints.due(message, now):
                raise CapacityError(message)
            return b""
        self._client.doors.figures.audio(STAGE, "in", seconds)
        try:
            await self._client.sound.hear(seconds)
        except HayakuchiError:
            self._deaf_until = now + DEAF_MS
            raise
        return pcm16(samples)


async def _data(client: Client, message: MicAudioData, request: str | None) -> None:
    await client.mic.gather(message.audio)


async def _end(client: Client, message: MicAudioEnd, request: str | None) -> None:
    client.mic.end(message.images)


async def _raw(client: Client, message: RawAudioData, request: str | None) -> None:
    await client.mic.hear(message.audio)


HANDLERS: Mapping[type[Any], Handler] = {MicAudioData: _data, MicAudioEnd: _end, RawAudioData: _raw}
