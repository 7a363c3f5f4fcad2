"""The microphone of this machine in a room: listened to until a page's is, and again when that one is off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ..asr.settings import Mode
from ..live2d_bridge.wire import AudioFrame
from .local_audio_capture import Capture
from .local_audio_devices import Device

log = logging.getLogger(__name__)


class Microphone(Protocol):
    """What a room does with a viewer's microphone. Nothing here waits or raises."""

    def start(self, mode: Mode | None, half_duplex: bool | None) -> None:
        """It is on: listen to it, and to no other one. None: as the settings say."""
        ...

    def hear(self, position: int, pcm: bytes) -> None:
        """16 kHz PCM, ``position`` samples from the start; a gap is heard as silence."""
        ...

    def stop(self) -> None:
        """It is off; what was said so far is taken as said."""
        ...


class LocalHearing:
    def __init__(self, sd: Any, device: Device, microphone: Microphone, *, half_duplex: bool) -> None:
        self._capture = Capture(sd, device, self._hear, self._ended)
        self._microphone, self._half_duplex = microphone, half_duplex
        self._listened = self._replaced = False
        self._started_at: int | None = None
        """Position of the first frame since the start."""

    def open(self) -> None:
        """Raises HayakuchiError."""
        self._capture.open()
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
        if isinstance(message, AudioFrame) or message["type"] != "mic":
            return
        if message["viewer"] is None and self._replaced:
            self._start()
        elif message["viewer"] is not None and not message["holder"]:
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
        self._microphone.hear(position - self._started_at, pcm)

    def _ended(self) -> None:
        name = self._capture.device.name
        log.warning("the microphone %s has gone; plug it in and start Hayakuchi again, or use the page's", name)
        self._capture.close()
        self._stop()
