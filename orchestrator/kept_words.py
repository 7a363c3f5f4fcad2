"""Words that are meant for the avatar and wait until they may be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..core.events import Ignored, WordsHeard
from ..core.types import SpeechTimes
from .floor import Action, Show
from .spoken_words import joined

LONGEST: Final = 4_000
"""Characters that are kept; of more the beginning goes."""
ANSWER_MS: Final = 2_000.0
"""How long after a short answer a question may take to end."""
ENDING: Final = 30
"""Characters by which it is told that she has gone on."""


@dataclass(frozen=True, slots=True)
class _Perhaps:
    """An answer, if she has ended with her question; else ``ignored``."""

    text: str
    times: SpeechTimes
    ending: str
    ignored: Ignored
    until: float


class KeptWords:
    """Joined as one message, with the times of the last."""

    def __init__(self) -> None:
        self._text = ""
        self._times: SpeechTimes | None = None
        self._perhaps: _Perhaps | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something that time will decide on."""
        return self._times is not None or self._perhaps is not None

    def add(self, text: str, times: SpeechTimes) -> None:
        self._text, self._times = self.with_words(text), times

    def with_words(self, text: str) -> str:
        """What is kept and ``text``."""
        return joined([self._text, text])[-LONGEST:]

    def perhaps(self, text: str, times: SpeechTimes, said: str, ignored: Ignored, now: float) -> list[Action]:
        """A short answer over the end of a question: keep it in case nothing follows."""
        given_up = self._given_up()
        self._perhaps = _Perhaps(text, times, said.rstrip()[-ENDING:], ignored, now + ANSWER_MS)
        return given_up

    def settle(self, said: str, speaking: bool, now: float) -> list[Action]:
        """Whether the short answer was one, as far as it can be told by now."""
        perhaps = self._perhaps
        if perhaps is None:
            return []
        if not speaking:
            self._perhaps = None
            self.add(perhaps.text, perhaps.times)
            return [Show(WordsHeard(perhaps.text, True))]
        if now >= perhaps.until or said.rstrip()[-ENDING:] != perhaps.ending:
            return self._given_up()
        return []

    def taken(self) -> tuple[str, SpeechTimes] | None:
        """What is kept, which is not kept any longer."""
        text, times, self._text, self._times = self._text, self._times, "", None
        return None if times is None else (text, times)

    def _given_up(self) -> list[Action]:
        perhaps, self._perhaps = self._perhaps, None
        return [] if perhaps is None else [Show(WordsHeard(perhaps.text, True, perhaps.ignored))]
