"""A turn's sound as the ``audio`` items of Open-LLM-VTuber's wire. Pure: the clock is given.

Their clients play item after item and are silent for about 40 ms between two of them, so a segment is one item. It is split

- where the voice itself pauses: the silence between the items falls into the pause, which is made shorter by as much;
- with ``auto``, where it is quietest, if there is no pause and the clip is not complete in time: by the threshold for the
  first audio, later before the client has played what it has. A small seam is then less than a hole.

Nothing is lost or doubled: the texts of the items are those of the segments, character by character, and their sound is that of
the turn but for silence by which a pause was made shorter; ``start_ms`` and ``end_ms`` count it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...core.events import AudioSent, SessionEvent, SpeechEnded, SpeechStarted, TurnEnded
from ...core.types import BYTES_PER_SAMPLE, Mark, MarkKind, Segment
from .cut_points import Samples, loudest, pauses, quiet_end, quietest
from .delivery import Delivery
from .item import Item
from .shares import text_end

Split = Literal["auto", "pauses", "never"]
BETWEEN_MS = 40.0
"""Silence that their web client leaves between two items."""
LONGEST_MS = 20_000.0
"""More of a clip is never held, however it is to be split: so much may be sent before any of it was heard, and no more."""
OPENING_MS = 90.0
"""The shortest part that is sent when it is late; a voice that is slow needs more, to go on without a hole."""
LEAST_MS = 180.0
"""The same while the client still plays what it has."""
GOOD_MS = 250.0
"""The same while the first audio is in time."""
MOST_MS = 1000.0
"""So much of a slow voice is waited for at most."""
WAIT_MS = 20.0
"""So much of it is a timer of theirs: the client has so long more until the next item is missed."""
EARLY_MS = 50.0
"""How long before it is missed the next item is sent: for the way, and for a machine that is busy."""
HOLD_MS = 60.0
"""How long the end of a clip is waited for that seems about to come."""
_TICK_MS = 1.0
"""A timer may be early by so much."""
_SEARCHED = 0.9
"""A cut at the quietest point leaves at least so much of what has to be sent."""
_SEARCH_MS = 300.0
"""It is looked for in so much sound at most."""


@dataclass(slots=True)
class _Clip:
    """The segment that is being spoken. ``begin``: its place in the turn's audio, in samples."""

    segment: Segment
    begin: int
    expressions: tuple[str, ...]
    pcm: bytearray = field(default_factory=bytearray)
    """What has come and was not sent."""
    words: list[Mark] = field(default_factory=list)
    sent: int = 0
    told: int = 0
    """Characters of its text that were sent."""
    loudest: float = 0.0
    """Of what was sent."""
    held_until: float | None = None
    """Its end is waited for, although a part of it is due."""

    @property
    def samples(self) -> Samples:
        return np.frombuffer(bytes(self.pcm), np.int16)


class ItemMaker:
    """One per client. ``begin`` each turn, tell it all that the session tells, and ``poll`` when ``next_poll`` has come.

    Times are ms of one clock.
    """

    def __init__(self, sample_rate: int, split: Split, first_audio_ms: float) -> None:
        self._rate, self._split, self._first_audio_ms = sample_rate, split, first_audio_ms
        self._delivery = Delivery()
        self.begin(0.0)

    def begin(self, heard_at: float) -> None:
        """A turn begins that was asked for at this time. What is left of the last one is dropped."""
        self._clip: _Clip | None = None
        self._expressions: tuple[str, ...] = ()
        """Of segments without sound: their clients take on none without it."""
        self._heard_at = heard_at
        self._dry_at: float | None = None
        """When the client will have played all it was sent, and miss what follows; None: it was sent no sound."""
        self.next_poll: float | None = None

    def observe(self, event: SessionEvent, now: float) -> list[Item]:
        """The items that are to be sent at once."""
        match event:
            case SpeechStarted():
                return self._started(event)
            case AudioSent(audio=audio) if self._clip is not None:
                self._clip.pcm += audio.pcm
                self._clip.words += [mark for mark in audio.marks if mark.kind is MarkKind.WORD]
                self._delivery.came(audio.duration_ms, now)
                return self.poll(now)
            case SpeechEnded():
                return self._ended(now)
            case TurnEnded():
                self._clip = self.next_poll = None
        return []

    def poll(self, now: float) -> list[Item]:
        """The same when time has passed."""
        self.next_poll = None
        if self._clip is None:
            return []
        if self._milliseconds(self._clip) >= LONGEST_MS:
            end = self._quietest(self._clip, self._lead_ms(now))
            return [self._part(self._clip, end, end, now)]
        if self._split == "never":
            return []
        cut = self._cut(self._clip, now)
        return [self._part(self._clip, *cut, now)] if cut else []

    def _started(self, event: SpeechStarted) -> list[Item]:
        segment = event.segment
        self._expressions = segment.expressions or self._expressions
        if event.silent:
            return [Item(segment.display, segment.expressions, None, event.at_ms, event.at_ms)]
        self._clip = _Clip(segment, round(event.at_ms * self._rate / 1000), self._expressions)
        self._expressions = ()
        self._delivery.begin(segment.speech)
        return []

    def _ended(self, now: float) -> list[Item]:
        clip, self._clip, self.next_poll = self._clip, None, None
        if clip is None:
            return []
        self._delivery.end()
        count = len(clip.pcm) // BYTES_PER_SAMPLE
        spare = quiet_end(clip.samples, self._rate, clip.loudest)
        end = count - min(spare, self._in(BETWEEN_MS))
        if not end and clip.told == len(clip.segment.display):
            return []
        return [self._part(clip, end, count, now, last=True)]

    def _cut(self, clip: _Clip, now: float) -> tuple[int, int] | None:
        """Where the part ends that is to be sent, and where the next one begins; else ``next_poll`` is set."""
        due = self._heard_at + self._first_audio_ms if self._dry_at is None else self._dry_at - EARLY_MS
        early = now < due - _TICK_MS
        if early and (self._dry_at is not None or self._delivery.complete_at(now) <= due):
            self.next_poll = due
            return None
        lead_ms = self._lead_ms(now)
        if cut := self._pause(clip, max(lead_ms, GOOD_MS if early else 0.0)):
            return cut
        if early:
            self.next_poll = due
        elif self._split == "auto" and self._milliseconds(clip) >= lead_ms:
            if not self._held(clip, now):
                end = self._quietest(clip, lead_ms)
                return end, end
        elif not self._late(now):
            self.next_poll = self._dry_at
        return None

    def _held(self, clip: _Clip, now: float) -> bool:
        """Whether the clip's end is waited for: little of it is missing."""
        if clip.held_until is None:
            until = now + HOLD_MS if self._dry_at is None else min(now + HOLD_MS, max(self._dry_at, now))
            clip.held_until = until if self._delivery.complete_at(now) <= until else now
        if now < clip.held_until - _TICK_MS:
            self.next_poll = clip.held_until
            return True
        return False

    def _pause(self, clip: _Clip, least_ms: float) -> tuple[int, int] | None:
        """The last pause with at least so much before it; what is sent on either side of it is shorter by the clients' own."""
        less = self._in(BETWEEN_MS)
        for pause in reversed(pauses(clip.samples, self._rate, clip.loudest)):
            end = pause.middle - less // 2
            if end >= self._in(least_ms):
                return end, end + less
        return None

    def _quietest(self, clip: _Clip, lead_ms: float) -> int:
        end = len(clip.pcm) // BYTES_PER_SAMPLE
        start = max(self._in(lead_ms * _SEARCHED), end - self._in(_SEARCH_MS))
        return quietest(clip.samples, self._rate, start, end)

    def _late(self, now: float) -> bool:
        """Whether the client has nothing to play: nothing yet, or nothing more."""
        return self._dry_at is None or now >= self._dry_at - _TICK_MS

    def _lead_ms(self, now: float) -> float:
        """What has to be sent so that the voice will have as much again, in time, when it has been played."""
        spare = 1 - self._delivery.rtf
        least = OPENING_MS if self._late(now) else LEAST_MS
        return min(max((EARLY_MS - WAIT_MS) / spare, least), MOST_MS) if spare > 0 else MOST_MS

    def _part(self, clip: _Clip, end: int, following: int, now: float, *, last: bool = False) -> Item:
        """The clip's next samples up to ``end`` as an item; those up to ``following`` are silence, and left out."""
        pcm = bytes(clip.pcm[: end * BYTES_PER_SAMPLE])
        start, clip.sent = clip.sent, clip.sent + following
        display = clip.segment.display
        place = len(display) if last else self._place(clip)
        item = Item(
            display[clip.told : place],
            () if start else clip.expressions,
            pcm or None,
            (clip.begin + start) * 1000 / self._rate,
            (clip.begin + clip.sent) * 1000 / self._rate,
        )
        clip.loudest = max(clip.loudest, loudest(np.frombuffer(pcm, np.int16), self._rate))
        clip.told, clip.held_until = place, None
        del clip.pcm[: following * BYTES_PER_SAMPLE]
        if pcm:
            self._dry_at = max(now, self._dry_at or now) + end * 1000 / self._rate + WAIT_MS
        return item

    def _place(self, clip: _Clip) -> int:
        """Up to where its text was spoken with what was sent of it."""
        sent_ms = clip.sent * 1000 / self._rate
        return max(clip.told, text_end(clip.segment, clip.words, sent_ms, self._delivery.length_ms))

    def _milliseconds(self, clip: _Clip) -> float:
        return len(clip.pcm) // BYTES_PER_SAMPLE * 1000 / self._rate

    def _in(self, ms: float) -> int:
        return round(ms * self._rate / 1000)
