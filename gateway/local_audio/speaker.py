"""The loudspeaker: what the loop wants to be heard goes in, PortAudio's thread takes it from there and never waits."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from ...core.errors import HayakuchiError
from .devices import Device
from .playout import Mark, Playout, Samples

LATENCY_S = 0.05
"""Sound that the device is asked to hold: enough for a moment in which Python is busy, too little for a listener to notice."""
LONGEST_LATENCY_S = 2.0
ALIVE_S = 1.0
KEPT_COMMANDS = 4096
"""What waits for a device that has stopped without a word."""
BLOCK_S = 0.005
"""How much is resampled at a time."""

Render = Callable[[Samples, float], None]


class Speaker:
    """Plays one turn after the other. ``moved`` is told of marks and ``ended`` that the device has gone, both in the loop; the
    marks' times (s) are those of ``now``."""

    sample_type = "float32"

    def __init__(
        self,
        sd: Any,
        device: Device,
        rate: int,
        moved: Callable[[Mark], None],
        ended: Callable[[], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.device = device
        self._sd, self._moved, self._ended = sd, moved, ended
        self.now = clock
        self.playout = Playout(rate, self._tell)
        render = self.playout.render
        self._render: Render = render if device.rate == rate else Resampled(render, rate, device.rate).render
        self._commands: deque[Callable[[], None]] = deque(maxlen=KEPT_COMMANDS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stream: Any = None
        self._filled_at = -math.inf

    @property
    def alive(self) -> bool:
        """Whether the device has asked for sound lately."""
        return self.now() - self._filled_at < ALIVE_S

    def open(self) -> None:
        """Begin to play. On Windows it must be called where the sound system was loaded. Raises HayakuchiError."""
        self._loop = asyncio.get_running_loop()
        try:
            self._stream = self._sd.RawOutputStream(
                device=self.device.index,
                samplerate=self.device.rate,
                channels=self.device.channels,
                dtype=self.sample_type,
                latency=LATENCY_S,
                callback=self._fill,
                finished_callback=partial(self._in_loop, self._on_finished),
            )
            self._stream.start()
        except self._sd.PortAudioError as error:
            self.close()
            raise HayakuchiError(f"the loudspeaker {self.device.name} cannot be opened: {error}") from error

    def close(self) -> None:
        """Silence at once; idempotent."""
        stream, self._stream, self._loop = self._stream, None, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)

    def soon(self, call: Callable[..., None], *args: Any) -> None:
        """Have a method of ``playout`` called where it plays, before it plays on."""
        self._commands.append(partial(call, *args))

    def _fill(self, out: Any, frames: int, times: Any, status: Any) -> None:
        while self._commands:
            self._commands.popleft()()
        self._filled_at = self.now()
        mono = np.empty(frames, np.float32)
        self._render(mono, self._filled_at + self._latency(times))
        np.frombuffer(out, np.float32).reshape(frames, -1)[:] = mono[:, None]

    def _latency(self, times: Any) -> float:
        """Until what is rendered is heard; some systems tell nonsense."""
        latency = times.outputBufferDacTime - times.currentTime
        if 0 < latency <= LONGEST_LATENCY_S:
            return latency
        return min(getattr(self._stream, "latency", 0.0), LONGEST_LATENCY_S)

    def _tell(self, mark: Mark) -> None:
        self._in_loop(self._moved, mark)

    def _in_loop(self, call: Callable[..., None], *args: Any) -> None:
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(call, *args)

    def _on_finished(self) -> None:
        if self._stream is not None:
            self._ended()


class Resampled:
    """Renders at the rate of a device what is made at another one."""

    def __init__(self, render: Render, rate: int, device_rate: int) -> None:
        import soxr

        self._source, self._rate, self._device_rate = render, rate, device_rate
        # The filter of the better grades holds back twice as much, and would blunt an interruption.
        self._filter = soxr.ResampleStream(rate, device_rate, 1, dtype="float32", quality="LQ")
        self._ready: deque[Samples] = deque()
        self._block = np.zeros(round(rate * BLOCK_S), np.float32)
        self._made = self._given = 0

    def render(self, out: Samples, now: float) -> None:
        """As :meth:`Playout.render`; the sound is later by what the filter holds back, and its times with it."""
        filled = 0
        while filled < len(out):
            if not self._ready:
                self._make(now - self._given / self._device_rate)
                continue
            part = self._ready.popleft()
            taken = part[: len(out) - filled]
            if taken.size < part.size:
                self._ready.appendleft(part[taken.size :])
            out[filled : filled + taken.size] = taken
            filled += taken.size
        self._given += len(out)

    def _make(self, began: float) -> None:
        self._source(self._block, began + self._made / self._rate)
        self._made += self._block.size
        if (made := self._filter.resample_chunk(self._block)).size:
            self._ready.append(made)
