"""The microphone of a room: whose it is, and the ears that listen to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...asr.settings import EarsSettings, Mode
from ...core.clock import loop_ms
from ...core.errors import CapacityError
from ...core.types import BYTES_PER_SAMPLE
from ...live2d_bridge.stage import Stage, Viewer
from ...live2d_bridge.wire import MicFrame
from ...orchestrator.ears import Ears
from ...orchestrator.engine import Engine
from ...orchestrator.hearing import HearingState
from ...orchestrator.session import Session
from .mic_rate import MicRate

UNFINISHED = 2
"""Microphones that are off and whose last words are still being understood, at most."""


class MicEars(Protocol):
    """What is asked of ``Ears``."""

    def feed(self, pcm: bytes, position: int) -> None: ...
    def talk(self, down: bool) -> None: ...
    def stop(self) -> None: ...
    async def run(self) -> None: ...


@dataclass(slots=True)
class _Open:
    """A microphone that is on."""

    viewer: Viewer
    ears: MicEars
    rate: MicRate = field(default_factory=MicRate)
    complained: bool = False


class Microphone:
    """One per room. The ears run in ``group``; they end with their microphone."""

    def __init__(self, engine: Engine, session: Session, stage: Stage, group: asyncio.TaskGroup) -> None:
        self._hearing, self._stage, self._group = engine.hearing, stage, group
        self._wake_words = engine.wake_words
        self._new_ears: Callable[..., Ears] = engine.new_ears
        self._session = session
        settings: EarsSettings = engine.settings.ears
        self._mode, self._half_duplex = settings.mode, settings.half_duplex
        self._defaults = (settings.mode, settings.half_duplex)
        self._open: _Open | None = None
        self._tasks: deque[asyncio.Task[None]] = deque()

    @property
    def understanding(self) -> bool:
        """Whether something that was said is still being understood, or a microphone is on."""
        return any(not task.done() for task in self._tasks)

    @property
    def ears(self) -> dict[str, Any]:
        """The fields of the ``ears`` message."""
        status = self._hearing.for_microphones
        return {
            "state": status.state.value,
            "mode": self._mode.value,
            "half_duplex": self._half_duplex,
            "wake_words": list(self._wake_words),
            "engine": status.engine,
            "progress": status.progress,
            "message": status.message,
            "command": status.command,
        }

    def start(self, viewer: Viewer, mode: str | None, half_duplex: bool | None) -> None:
        """Listen to this viewer's microphone, and to no other. Where nobody can listen, the viewer is told why."""
        self._close()
        self._make_way()
        if self._hearing.for_microphones.state is HearingState.OFF:
            self._stage.drop_mic(viewer)
            viewer.send_json({"type": "ears", **self.ears})
            return
        self._mode = Mode(mode) if mode is not None else self._defaults[0]
        self._half_duplex = half_duplex if half_duplex is not None else self._defaults[1]
        ears = self._new_ears(self._session, self._mode, half_duplex=self._half_duplex)
        opened = self._open = _Open(viewer, ears)
        self._stage.take_mic(viewer)
        self.tell_ears()
        self._tasks.append(self._group.create_task(self._listen(opened), name=f"session {self._session.name}: ears"))

    def stop(self, viewer: Viewer) -> None:
        """This viewer's microphone is off; what was said so far is still understood."""
        if self._open is not None and self._open.viewer is viewer:
            self._close()
            self._stage.drop_mic(viewer)

    def close(self) -> None:
        """Whosever microphone is on is off; what was said so far is still understood."""
        if self._open is not None:
            self.stop(self._open.viewer)

    def talk(self, viewer: Viewer, down: bool) -> None:
        """The button of push-to-talk."""
        if self._open is not None and self._open.viewer is viewer:
            self._open.ears.talk(down)

    def hear(self, viewer: Viewer, frame: MicFrame) -> None:
        """Sound; that of microphones that are not listened to is dropped. CapacityError, once, when there is too much of it."""
        mic = self._open
        if mic is None or mic.viewer is not viewer:
            return
        if mic.rate.admits(len(frame.pcm) // BYTES_PER_SAMPLE, loop_ms()):
            mic.ears.feed(frame.pcm, frame.position)
        elif not mic.complained:
            mic.complained = True
            raise CapacityError("the microphone sends more sound than time passes; what is too much is not heard")

    def tell_ears(self) -> None:
        """Tell the viewers what became of speech recognition."""
        self._stage.tell({"type": "ears", **self.ears})

    def _make_way(self) -> None:
        """Somebody who turns a microphone on and off all the time gets no more ears than these."""
        self._tasks = deque(task for task in self._tasks if not task.done())
        while len(self._tasks) > UNFINISHED:
            self._tasks.popleft().cancel()

    def _close(self) -> None:
        if self._open is not None:
            self._open.ears.stop()
            self._open = None

    async def _listen(self, opened: _Open) -> None:
        await opened.ears.run()
        if self._open is opened:
            self.stop(opened.viewer)


@dataclass(frozen=True, slots=True)
class OwnMicrophone:
    """The microphone of one viewer, for a viewer that is no page."""

    microphone: Microphone
    viewer: Viewer

    def start(self, mode: Mode | None, half_duplex: bool | None) -> None:
        """It is on."""
        self.microphone.start(self.viewer, mode.value if mode else None, half_duplex)

    def hear(self, position: int, pcm: bytes) -> None:
        """Its sound, 16 kHz; see ``Ears.feed``. Raises CapacityError once when more comes than time passes."""
        self.microphone.hear(self.viewer, MicFrame(position, pcm))

    def stop(self) -> None:
        """It is off."""
        self.microphone.stop(self.viewer)
