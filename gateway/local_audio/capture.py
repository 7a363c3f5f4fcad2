"""The microphone of this machine: PortAudio's thread hands over what it hears, the loop gets frames of 20 ms at 16 kHz."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from ...asr.base import SAMPLE_RATE
from ...core.errors import HayakuchiError
from ...core.types import BYTES_PER_SAMPLE
from .devices import Device

FRAME_BYTES = SAMPLE_RATE // 50 * BYTES_PER_SAMPLE
KEPT_FRAMES = 250
"""What waits for a loop that is busy, 5 s; older sound is dropped."""
SILENT_S = 5.0
"""A microphone that gives nothing but zeros for so long is off."""

log = logging.getLogger(__name__)


class Capture:
    """``hear`` is given the position (samples since :meth:`open`) and the PCM of each frame, in order, and ``ended`` is called
    when the device has gone; both in the loop. What was dropped is missing in the positions."""

    sample_type = "int16"

    def __init__(self, sd: Any, device: Device, hear: Callable[[int, bytes], None], ended: Callable[[], None]) -> None:
        self.device = device
        self._sd, self._hear, self._ended = sd, hear, ended
        self._resampled = _resampler(device.rate)
        self._rest = b""
        self._position = 0
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=KEPT_FRAMES)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stream: Any = None
        self._silent_s = 0.0

    def open(self) -> None:
        """Begin to listen. On Windows it must be called where the sound system was loaded. Raises HayakuchiError."""
        self._loop = asyncio.get_running_loop()
        try:
            self._stream = self._sd.RawInputStream(
                device=self.device.index,
                samplerate=self.device.rate,
                channels=self.device.channels,
                dtype=self.sample_type,
                blocksize=self.device.rate // 50,
                latency="low",
                callback=self._take,
                finished_callback=partial(self._in_loop, self._on_finished),
            )
            self._stream.start()
        except self._sd.PortAudioError as error:
            self.close()
            raise HayakuchiError(f"the microphone {self.device.name} cannot be opened: {error}") from error

    def close(self) -> None:
        """Stop listening at once; idempotent."""
        stream, self._stream, self._loop = self._stream, None, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)

    def _take(self, data: Any, frames: int, times: Any, status: Any) -> None:
        sound = np.frombuffer(data, np.int16).reshape(frames, -1)
        mono = sound[:, 0] if sound.shape[1] == 1 else sound.mean(axis=1).astype(np.int16)
        pcm = self._rest + self._resampled(mono).astype("<i2", copy=False).tobytes()
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._rest = pcm[whole:]
        for start in range(0, whole, FRAME_BYTES):
            self._frames.append((self._position, pcm[start : start + FRAME_BYTES]))
            self._position += FRAME_BYTES // BYTES_PER_SAMPLE
        if whole:
            self._in_loop(self._hand_over)

    def _hand_over(self) -> None:
        while self._frames and self._stream is not None:
            position, pcm = self._frames.popleft()
            self._watch(pcm)
            self._hear(position, pcm)

    def _watch(self, pcm: bytes) -> None:
        """Say once that there is no sound at all: a real microphone is never perfectly silent."""
        if self._silent_s >= SILENT_S:
            return
        if any(pcm):
            self._silent_s = float("inf")
            return
        self._silent_s += len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE
        if self._silent_s >= SILENT_S:
            log.warning(
                "the microphone %s gives no sound at all: is it muted, or may this program not use it? "
                "(macOS: System Settings > Privacy & Security > Microphone; Windows: Settings > Privacy > Microphone)",
                self.device.name,
            )

    def _in_loop(self, call: Callable[[], None]) -> None:
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(call)

    def _on_finished(self) -> None:
        if self._stream is not None:
            self._ended()


def _resampler(rate: int) -> Callable[[Any], Any]:
    if rate == SAMPLE_RATE:
        return lambda samples: samples
    import soxr

    return soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16", quality="LQ").resample_chunk
