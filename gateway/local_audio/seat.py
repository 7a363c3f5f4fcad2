"""``hayakuchi run --local-audio``: a viewer without a page, whose sound is this machine's loudspeaker and microphone.

It takes part in the room as a page does: it is sent the same messages, reports what was heard, and a page that claims the
sound or the microphone takes it over until it goes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...asr.base import SAMPLE_RATE
from ...asr.settings import EarsSettings, Mode
from ...core.errors import ConfigError, HayakuchiError
from ...live2d_bridge.stage import Viewer
from ...live2d_bridge.wire import AudioFrame
from ..stage.rooms import Room
from .capture import Capture
from .devices import NONE, Device, find, sound_system
from .hearing import LocalHearing, Microphone
from .sound import LocalSound
from .speaker import Speaker

log = logging.getLogger(__name__)


MicrophoneOf = Callable[[Room, Viewer], Microphone]


@dataclass(frozen=True, slots=True)
class LocalDevices:
    """None: do without it."""

    sd: Any
    speaker: Device | None
    microphone: Device | None


def local_devices(rate: int, ears: EarsSettings, *, speaker: str | None, microphone: str | None) -> LocalDevices:
    """The devices that are meant; the sound to be played has ``rate`` (Hz). Raises ConfigError."""
    listens = microphone != NONE and ears.mode is not Mode.TYPED_ONLY
    if speaker == NONE and not listens:
        raise ConfigError("with neither a speaker nor a microphone there is no local audio", path="--local-audio")
    if listens and ears.mode is Mode.PUSH_TO_TALK:
        raise ConfigError(
            "there is no button for push_to_talk here: set ears.mode to open_mic or wake_word, or speak to her in the page "
            f"and say --microphone {NONE}",
            path="--local-audio",
        )
    sd = sound_system()
    return LocalDevices(
        sd,
        None if speaker == NONE else find(sd, "output", speaker, rate, Speaker.sample_type),
        find(sd, "input", microphone, SAMPLE_RATE, Capture.sample_type) if listens else None,
    )


class LocalAudio:
    """``half_duplex``: do not listen while the avatar speaks."""

    def __init__(
        self,
        devices: LocalDevices,
        microphone_of: MicrophoneOf | None,
        *,
        half_duplex: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._devices, self._microphone_of, self._half_duplex = devices, microphone_of, half_duplex
        self._clock = clock
        self._sounded = True
        """The sound was this viewer's when it had to begin anew."""

    async def run(self, room: Room) -> None:
        """Play and listen until cancelled. Raises HayakuchiError when a device cannot be opened at the start; one that has gone
        since then is done without."""
        await self._visit(room, again=False)
        while True:
            log.warning("local audio could not follow what happens, and begins anew")
            await self._visit(room, again=True)

    async def _visit(self, room: Room, *, again: bool) -> None:
        """Returns when more happened than the viewer could be told."""
        viewer = room.enter()
        parts = self._parts(room, viewer, again=again)
        try:
            for part in tuple(parts):
                try:
                    part.open()
                except HayakuchiError as error:
                    if not again:
                        raise
                    log.warning("%s", error)
                    parts.remove(part)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(part.run(), name="local audio") for part in parts]
                tasks.append(group.create_task(_close_when_lost(viewer), name="local audio: watch"))
                async for message in viewer.outbox:
                    decoded = AudioFrame.decode(message) if isinstance(message, bytes) else json.loads(message)
                    for part in parts:
                        part.receive(decoded)
                for task in tasks:
                    task.cancel()
        finally:
            for part in parts:
                part.close()
            self._sounded = room.stage.holder is viewer
            room.leave(viewer)

    def _parts(self, room: Room, viewer: Viewer, *, again: bool) -> list[LocalSound | LocalHearing]:
        """Beginning anew takes nothing from a page that had taken it over."""
        parts: list[LocalSound | LocalHearing] = []
        sd, devices = self._devices.sd, self._devices
        if devices.speaker:
            sound = LocalSound(sd, devices.speaker, room.stage, viewer, self._clock, takes=self._sounded)
            parts.append(sound)
        if devices.microphone and self._microphone_of:
            microphone = self._microphone_of(room, viewer)
            waits = again and room.stage.mic is not None
            parts.append(LocalHearing(sd, devices.microphone, microphone, half_duplex=self._half_duplex, waits=waits))
        return parts


async def _close_when_lost(viewer: Viewer) -> None:
    await viewer.lost.wait()
    viewer.outbox.close()
