"""The loudspeaker of this machine in a room: it plays what the viewer that holds the sound is sent, and says how far."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...live2d_bridge.stage import Stage, Viewer
from ...live2d_bridge.wire import AudioFrame
from .clock import HeardClock, Reporter
from .devices import Device
from .playout import Mark
from .speaker import Speaker

TICK_S = 0.02
CLAIM_EVERY_S = 2.0

log = logging.getLogger(__name__)


class LocalSound:
    """``takes``: it plays from the beginning, whoever played; else when nobody does."""

    def __init__(
        self, sd: Any, device: Device, stage: Stage, viewer: Viewer, clock: Callable[[], float], *, takes: bool
    ) -> None:
        self._stage, self._viewer, self._takes = stage, viewer, takes
        self._speaker = Speaker(sd, device, stage.sample_rate, self._on_mark, self._ended, clock)
        self._playout = self._speaker.playout
        self._clock = HeardClock(stage.sample_rate)
        self._reporter = Reporter(lambda turn, ms: stage.played(viewer, turn, ms))
        self._moved = asyncio.Event()
        self._turn = self._over = -1
        """The last turn that began, and the last one that was cut."""

    def open(self) -> None:
        """Raises HayakuchiError."""
        self._speaker.open()
        if self._takes:
            self._stage.claim(self._viewer)
        else:
            self._stage.claim_if_free(self._viewer)

    async def run(self) -> None:
        """Report what was heard, and take the sound when nobody else does; never ends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._report(), name="local audio: report")
            group.create_task(self._claim_when_free(), name="local audio: claim")

    def close(self) -> None:
        """Idempotent."""
        self._speaker.close()

    def receive(self, message: Mapping[str, Any] | AudioFrame) -> None:
        """What the stage tells its viewers, in order."""
        if isinstance(message, AudioFrame):
            self._play(message)
            return
        playout, soon = self._playout, self._speaker.soon
        match message["type"]:
            case "turn.started":
                self._begin(message["turn"])
            case "segment.ended" if message["turn"] == self._turn:
                soon(playout.edge, round(message["at_ms"] * self._stage.sample_rate / 1000))
            case "turn.ended" if message["status"] == "completed":
                soon(playout.finish)
            case "turn.ended":
                self._over = message["turn"]
                soon(playout.drop)
            case "speech.paused":
                soon(playout.hold)
            case "speech.resumed":
                soon(playout.go_on)
            case "sound" if not message["holder"]:
                soon(playout.drop)

    def _begin(self, turn: int) -> None:
        self._turn = turn
        self._speaker.soon(self._playout.begin, turn)

    def _play(self, frame: AudioFrame) -> None:
        if not frame.pcm or frame.turn <= self._over or frame.turn < self._turn:
            return
        if frame.turn > self._turn:
            self._begin(frame.turn)
        samples = np.frombuffer(frame.pcm, "<i2").astype(np.float32) / np.float32(32768)
        self._speaker.soon(self._playout.push, frame.turn, frame.position, samples)

    def _on_mark(self, mark: Mark) -> None:
        self._clock.mark(mark)
        self._moved.set()

    async def _report(self) -> None:
        while True:
            if self._tick():
                self._moved.clear()
                await self._moved.wait()
            else:
                await asyncio.sleep(TICK_S)

    def _tick(self) -> bool:
        """Whether the sound is at rest."""
        now = self._speaker.now()
        self._reporter.tick(self._clock.at(now), now)
        return self._clock.at_rest(now)

    async def _claim_when_free(self) -> None:
        while True:
            await asyncio.sleep(CLAIM_EVERY_S)
            if self._stage.holder is None and self._speaker.alive:
                self._stage.claim(self._viewer)

    def _ended(self) -> None:
        name = self._speaker.device.name
        log.warning(
            "the loudspeaker %s has gone; plug it in and start Hayakuchi again, or play the sound in a page", name
        )
        self._speaker.close()
        self._stage.release(self._viewer)
