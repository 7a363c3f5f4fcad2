"""Judges words that were heard: whether they are meant for the avatar, and whether they may interrupt it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..asr.settings import EarsSettings, Mode
from ..core.events import Ignored
from .back_channels import BackChannels
from .own_voice import SHORT, OwnVoice, size_of
from .spoken_words import count, words_of
from .wake_word import WakeWords

SLACK: Final = 0.25
"""Share of the letters that may differ besides, in what may be the beginning of an echo."""
LEAST_ECHO: Final = 8
"""Letters from which on an echo can be told for sure."""
ECHOES: Final = 2
ECHOES_WITHIN_MS: Final = 60_000.0
LOUDSPEAKERS_MS: Final = 180_000.0
"""How long loudspeakers are reckoned with after an echo."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How the words came to be said."""

    over_voice: bool
    """The avatar speaks at this moment."""
    late: bool
    """They began over its voice, which has ended by itself since."""
    exposed: bool
    """It spoke, or had just spoken, while the microphone listened."""
    attentive: bool
    """With a wake word: it is listening without one."""
    asked: bool
    """The last it said was a question."""
    loudspeakers: bool
    """Its voice is known to come back."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``text`` is what is meant for the avatar; with ``ignored`` nothing is."""

    text: str
    ignored: Ignored | None = None
    echo: bool = False
    """The avatar has said just that."""


class Addressed:
    """Judges by the words alone; ``own`` is to be told what is heard of the avatar."""

    def __init__(self, settings: EarsSettings, mode: Mode, language: str | None, names: Sequence[str]) -> None:
        self.own = OwnVoice()
        self._signs = BackChannels(language, settings.back_channels)
        self._names = WakeWords(names)
        self._least = settings.interrupt_min_words
        self._mode = mode

    def judge(self, text: str, now: Circumstances, *, whole: bool = True) -> Judgement:
        """What is to be answered of ``text``. Not ``whole``: more may come, and then it will be clearer what it is."""
        text = text.strip()
        words = words_of(text)
        if self._mode is Mode.PUSH_TO_TALK:
            return Judgement(text, None if words else Ignored.TOO_SHORT)
        if now.exposed and words and not self._called_out(text):
            if not whole and size_of(words) < LEAST_ECHO:
                return Judgement("", Ignored.TOO_SHORT)
            theirs = self.own.theirs(words, 0.0 if whole else SLACK)
            if not theirs:
                return self._own_words(text, now)
            text = text if len(theirs) == len(words) else text[theirs[0].start :]
        if self._mode is Mode.WAKE_WORD:
            return self._woken(text, now)
        if not words:
            return Judgement("", Ignored.TOO_SHORT)
        return Judgement(text, self._too_little(text, now, whole))

    def _own_words(self, text: str, now: Circumstances) -> Judgement:
        """An echo; but a word or two of a question may be the answer to it: ``Tea or coffee?`` ``Coffee.``"""
        size = size_of(words_of(text))
        if size >= SHORT or now.loudspeakers or not now.asked or self._mode is not Mode.OPEN_MIC:
            return Judgement("", Ignored.ECHO, echo=size >= LEAST_ECHO)
        return Judgement(text, Ignored.TOO_SHORT if now.over_voice else None, echo=True)

    def _woken(self, text: str, now: Circumstances) -> Judgement:
        if called := self._names.called(text):
            return Judgement(called.rest or text)
        stop = now.over_voice and self._called_out(text)
        if stop or (words_of(text) and now.attentive and not (now.over_voice or now.late)):
            return Judgement(text)
        return Judgement("", Ignored.NO_WAKE_WORD)

    def _too_little(self, text: str, now: Circumstances, whole: bool) -> Ignored | None:
        words = words_of(text)
        real = self._signs.real(words, whole=whole)
        if not now.over_voice:
            return Ignored.BACK_CHANNEL if now.late and not real and not now.asked else None
        if self._called_out(text):
            return None
        if count(real) >= self._least + (1 if now.loudspeakers else 0):
            return None
        return Ignored.TOO_SHORT if real else Ignored.BACK_CHANNEL

    def _called_out(self, text: str) -> bool:
        """Whether somebody says the name, or to stop, in words that the avatar has not said just before."""
        words = words_of(text)
        called = self._names.called(text)
        if called is not None and not self.own.has(words[: called.by]):
            return True
        stop = self._signs.stops(words)
        return stop is not None and not self.own.has(words[stop.start : stop.stop])


class Echoes:
    """Reckons with loudspeakers once the avatar's voice came back twice within a minute, until it has not for long."""

    def __init__(self) -> None:
        self._at: list[float] = []
        self._until = float("-inf")

    def heard(self, now: float) -> None:
        self._at = [at for at in self._at if now - at < ECHOES_WITHIN_MS] + [now]
        if len(self._at) >= ECHOES or self.loudspeakers(now):
            self._until = now + LOUDSPEAKERS_MS

    def loudspeakers(self, now: float) -> bool:
        return now < self._until
