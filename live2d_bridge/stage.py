"""The stage of one session: its viewers, which of them plays the sound, whose microphone is listened to, and what each is sent.

Exactly one viewer holds the sound; it gets the PCM and its reports are the session's play clock. The others get the same
events and the lips alone. When the holder goes, what it had not played yet goes to the next one.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ..core.channel import Channel
from ..core.events import AudioSent, SessionEvent, SpeechStarted, TurnEnded, TurnStarted
from ..core.types import BYTES_PER_SAMPLE
from .lipsync import LIP_RATE, LipTrack, VoiceLevel
from .wire import AudioFrame, encode_event

OUTBOX = 256
"""Messages a viewer may be behind; at most 20 a second are sent, so this is more than ten seconds."""


class PlayClockOwner(Protocol):
    """Whose clock the holder of the sound keeps."""

    def listener_joined(self) -> None: ...
    def listener_left(self) -> None: ...
    def played_ms(self) -> float: ...
    def reported(self, turn: int, played_ms: float) -> None: ...


class Viewer:
    """One connection. ``outbox`` is what waits to be sent; ``lost`` is set when the viewer is too slow to follow."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.can_play = False
        self.outbox: Channel[str | bytes] = Channel(OUTBOX)
        self.lost = asyncio.Event()

    def send(self, message: str | bytes) -> None:
        if not self.lost.is_set() and not self.outbox.put_nowait(message):
            self.lost.set()

    def send_json(self, message: Mapping[str, Any]) -> None:
        self.send(to_json(message))


class Stage:
    """Give :meth:`observe` to the session; nothing here waits."""

    def __init__(self, clock: PlayClockOwner, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.holder: Viewer | None = None
        self.mic: Viewer | None = None
        """Whose microphone is listened to."""
        self.spoken: SpeechStarted | None = None
        """The segment that was begun last in the running turn."""
        self._clock = clock
        self._viewers: list[Viewer] = []
        self._level = VoiceLevel()
        self._lips = LipTrack(sample_rate, self._level)
        self._unplayed: deque[AudioFrame] = deque()
        self._turn = 0

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def observe(self, event: SessionEvent) -> None:
        if isinstance(event, TurnStarted):
            self._turn, self.spoken = event.turn, None
            self._lips = LipTrack(self.sample_rate, self._level)
            self._unplayed.clear()
        elif isinstance(event, SpeechStarted):
            self.spoken = event
            self._lips.segment_started(round(event.at_ms * self.sample_rate / 1000))
        elif isinstance(event, AudioSent):
            self._send_audio(event)
            return
        elif isinstance(event, TurnEnded):
            self.spoken = None
            self._unplayed.clear()
        message = encode_event(event)
        if message is not None:
            self.tell(message)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message to every viewer."""
        if self._viewers:
            text = to_json(message)
            for viewer in self._viewers:
                viewer.send(text)

    def join(self, viewer: Viewer) -> None:
        self._viewers.append(viewer)

    def leave(self, viewer: Viewer) -> None:
        self._viewers.remove(viewer)
        self.release(viewer)
        self.drop_mic(viewer)

    def claim(self, viewer: Viewer) -> None:
        """The viewer can play sound and wants to: it becomes the holder, and is sent what nobody has played yet."""
        viewer.can_play = True
        if self.holder is viewer:
            self._tell_holder()
            return
        self.holder = viewer
        self._clock.listener_joined()
        self._forget_played()
        self._tell_holder()
        for frame in self._unplayed:
            viewer.send(frame.encode())

    def claim_if_free(self, viewer: Viewer) -> None:
        """The viewer can play sound: it becomes the holder when nobody is, and may become it later."""
        viewer.can_play = True
        if self.holder is None:
            self.claim(viewer)

    def release(self, viewer: Viewer) -> None:
        """The viewer cannot play sound any longer; the next one that can takes over."""
        viewer.can_play = False
        if self.holder is viewer:
            self._drop_holder()

    def holder_stalled(self) -> None:
        """The holder makes no progress, though there is sound left to play."""
        if self.holder is not None:
            self.release(self.holder)

    def played(self, viewer: Viewer, turn: int, played_ms: float) -> None:
        """What a viewer reports to have played; only the holder's word counts."""
        if viewer is not self.holder or turn != self._turn:
            return
        self._clock.reported(turn, played_ms)
        self._forget_played()

    def take_mic(self, viewer: Viewer) -> None:
        """It is the viewer's microphone that is listened to, whosever it was."""
        self.mic = viewer
        self._tell_mic()

    def drop_mic(self, viewer: Viewer) -> None:
        """The viewer's microphone is not listened to any longer."""
        if self.mic is viewer:
            self.mic = None
            self._tell_mic()

    def _forget_played(self) -> None:
        position = int(self._clock.played_ms() * self.sample_rate / 1000)
        while self._unplayed and self._unplayed[0].position + self._unplayed[0].samples <= position:
            self._unplayed.popleft()
        if self._unplayed and self._unplayed[0].position < position:
            self._unplayed[0] = _from_position(self._unplayed[0], position)

    def _drop_holder(self) -> None:
        self.holder = None
        self._clock.listener_left()
        heir = next((viewer for viewer in self._viewers if viewer.can_play), None)
        if heir is not None:
            self.claim(heir)
        else:
            self._tell_holder()

    def _tell_holder(self) -> None:
        name = self.holder.name if self.holder else None
        for viewer in self._viewers:
            viewer.send_json({"type": "sound", "holder": viewer is self.holder, "viewer": name})

    def _tell_mic(self) -> None:
        name = self.mic.name if self.mic else None
        for viewer in self._viewers:
            viewer.send_json({"type": "mic", "holder": viewer is self.mic, "viewer": name})

    def _send_audio(self, event: AudioSent) -> None:
        lip_start, lips = self._lips.add(event.position, event.audio)
        frame = AudioFrame(
            turn=event.turn,
            segment=event.segment,
            position=event.position,
            samples=len(event.audio.pcm) // BYTES_PER_SAMPLE,
            lip_start=lip_start,
            lips=lips,
            pcm=event.audio.pcm,
        )
        self._forget_played()
        self._unplayed.append(frame)
        silent = frame.encode(sound=False) if len(self._viewers) > (self.holder is not None) else b""
        for viewer in self._viewers:
            viewer.send(frame.encode() if viewer is self.holder else silent)


def _from_position(frame: AudioFrame, position: int) -> AudioFrame:
    """The part of a frame from ``position`` on; its lip frames stay whole, a receiver goes by their index."""
    skipped = position - frame.position
    return replace(
        frame, position=position, samples=frame.samples - skipped, pcm=frame.pcm[skipped * BYTES_PER_SAMPLE :]
    )


_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_json(message: Mapping[str, Any]) -> str:
    return _TEXT.encode(message)


__all__ = ["LIP_RATE", "PlayClockOwner", "Stage", "Viewer", "to_json"]
