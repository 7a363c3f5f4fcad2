"""The microphone of this machine in a room: listened to until a page's is, and again when that one is off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ...asr.settings import Mode
from ...core.errors import CapacityError
from ...live2d_bridge.wire import AudioFrame
from .capture import Capture
from .devices import Device

log = logging.getLogger(__name__)


class Microphone(Protocol):
    """What a room does with a viewer's microphone. Nothing here waits."""

    def start(self, mode: Mode | None, half_duplex: bool | None) -> None:
        """It is on: listen to it, and to no other one. None: as the settings say."""
        ...

    def hear(self, position: int, pcm: bytes) -> None:
        """16 kHz PCM, ``position`` samples from the start; a gap is heard as silence. CapacityError when it is too much."""
        ...

    def stop(self) -> None:
        """It is off; what was said so far is taken as said."""
        ...


class LocalHearing:
    """``waits``: a page's microphone is listened to; this one begins when that is off."""

    def __init__(
        self, sd: Any, device: Device, microphone: Microphone, *, half_duplex: bool, waits: bool = False
    ) -> None:
        self._capture = Capture(sd, device, self._hear, self._ended)
        self._microphone, self._half_duplex = microphone, half_duplex
        self._listened, self._replaced = False, waits
        self._started_at: int | None = None
        """Position of the first frame since the start."""
        self._told = ""

    def open(self) -> None:
        """Raises HayakuchiError."""
        self._capture.open()
        if not self._replaced:
            self._start()

    async def run(self) -> None:
        """The device's thread does the work; this never ends."""
        await asyncio.Event().wait()

    def close(self) -> None:
        """Idempotent."""
        self._capture.close()
        self._stop()

    def receive(self, message: Mapping[str, Any] | AudioFrame) -> None:
        """What the stage tells its viewers."""
        if isinstance(message, AudioFrame):
            return
        if message["type"] == "ears":
            self._tell_ears(message)
        elif message["type"] == "mic" and message["viewer"] is None and self._replaced:
            self._start()
        elif message["type"] == "mic" and message["viewer"] is not None and not message["holder"]:
            self._listened, self._replaced = False, True

    def _start(self) -> None:
        self._listened, self._replaced, self._started_at = True, False, None
        self._microphone.start(None, self._half_duplex)

    def _stop(self) -> None:
        if self._listened:
            self._listened = False
            self._microphone.stop()

    def _hear(self, position: int, pcm: bytes) -> None:
        if not self._listened:
            return
        if self._started_at is None:
            self._started_at = position
        try:
            self._microphone.hear(position - self._started_at, pcm)
        except CapacityError as error:
            log.warning("%s", error)

    def _tell_ears(self, ears: Mapping[str, Any]) -> None:
        """There may be no page in which somebody sees that speech recognition has to be downloaded, or cannot be had."""
        state, before = ears["state"], self._told
        self._told = state
        if state == before or not self._listened:
            return
        if state == "fetching":
            log.warning("what is said is understood when this is done: %s", ears["message"])
        elif state == "failed":
            remedy = f"; type: {ears['command']}" if ears["command"] else ""
            log.warning("what is said is not understood: %s%s", ears["message"], remedy)

    def _ended(self) -> None:
        name = self._capture.device.name
        log.warning("the microphone %s has gone; plug it in and start Hayakuchi again, or use the page's", name)
        self._capture.close()
        self._stop()
