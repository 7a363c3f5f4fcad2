"""Tells the rules what a speaker's pauses turned out to be, once there are words on both sides of them."""

from __future__ import annotations

from dataclasses import dataclass

from .base import SAMPLE_RATE
from .end_of_turn import EndOfTurn
from .hearing import EndReason

AT_ONCE = SAMPLE_RATE // 2
"""Who goes on so soon after an utterance was taken to be over had not come to its end."""
JUDGED = (EndReason.PUNCTUATION, EndReason.SILENCE, EndReason.MODEL)


@dataclass(frozen=True, slots=True)
class _Pause:
    until: int
    ms: float
    over: bool
    """Whether it was taken for the end."""
    text: str
    """What had been understood before it."""


class Learning:
    def __init__(self, end_of_turn: EndOfTurn) -> None:
        self._end_of_turn = end_of_turn
        self._pause: _Pause | None = None
        self._last: tuple[int, int] | None = None
        """Where the speech of the last utterance ended, and where that was decided."""

    def begins(self, began: int) -> None:
        """Somebody begins to speak at this sample."""
        last, self._last, self._pause = self._last, None, None
        if last is not None and began - last[1] <= AT_ONCE:
            self._pause = _Pause(began, (began - last[0]) * 1000 / SAMPLE_RATE, True, "")

    def resumes(self, began: int, speech_end: int, text: str, *, over: bool) -> None:
        """The speaker goes on in the same utterance; ``over``: it had been taken to be over."""
        self._pause = _Pause(began, (began - speech_end) * 1000 / SAMPLE_RATE, over, text)

    def understood(self, text: str, until: int) -> None:
        """This is what was said up to the sample ``until``: where it grew, it was a speaker who went on and no noise."""
        pause = self._pause
        if pause is None or until <= pause.until or not text or text == pause.text:
            return
        self._pause = None
        if pause.over:
            self._end_of_turn.cut_off(pause.ms)
        else:
            self._end_of_turn.went_on(pause.ms)

    def over(self, speech_end: int, decided: int, reason: EndReason | None) -> None:
        """An utterance is over, as was decided at the sample ``decided``; ``reason`` is None where it came to nothing."""
        self._last = (speech_end, decided) if reason in JUDGED else None
