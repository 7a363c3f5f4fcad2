"""Tells of utterances in the order that ``asr/hearing.py`` promises."""

from __future__ import annotations

from collections.abc import Callable

from ..core.clock import loop_ms
from ..core.types import SpeechTimes
from .decoding import Failure
from .ending import Ending
from .hearing import Final, HearingEvent, Nothing, Onset, Partial, Resumed, Settled
from .utterance import Utterance

REPEATED_MS = 200.0
"""Speech that is too short for the words of the last utterance to have been said again."""


class Report:
    def __init__(self, tell: Callable[[HearingEvent], None], failed: Callable[[Failure], None]) -> None:
        self._tell, self._failed = tell, failed
        self._last_final_text = ""

    def onset(self, utterance: Utterance) -> None:
        """It begins, unless that was told."""
        if not utterance.told:
            utterance.told = True
            self._tell(Onset(utterance.at))

    def partial(self, utterance: Utterance) -> None:
        """What was understood so far, if that changed."""
        if utterance.text and utterance.text != utterance.shown:
            utterance.shown = utterance.text
            self.onset(utterance)
            self._tell(Partial(utterance.text, utterance.language))

    def settled(self, utterance: Utterance) -> None:
        """All that was said before the pause was understood."""
        utterance.settle()
        utterance.shown = utterance.text
        self.onset(utterance)
        self._tell(Settled(utterance.text, utterance.language))

    def resumed(self, utterance: Utterance) -> None:
        """The speaker goes on, if it was told that all was said."""
        settled, utterance.settled = utterance.settled, False
        if settled:
            self._tell(Resumed())

    def over(self, utterance: Utterance, ending: Ending) -> None:
        """What came of it. The text of the last one is not told again where there was no new speech to hear it in."""
        if utterance.failure is not None:
            self._failed(utterance.failure)
        text, now = utterance.text, loop_ms()
        again = text == self._last_final_text and (utterance.continues or utterance.speech_ms() < REPEATED_MS)
        if text and not again:
            self._last_final_text = text
            self.onset(utterance)
            times = SpeechTimes(min(utterance.ended_at, ending.confirmed), ending.confirmed, now)
            self._tell(Final(text, utterance.language, utterance.segments, times, ending.reason))
        else:
            self.nothing(utterance)

    def nothing(self, utterance: Utterance) -> None:
        """It came to nothing; of one that was not told nothing is told either."""
        if utterance.told:
            self._tell(Nothing(loop_ms()))
