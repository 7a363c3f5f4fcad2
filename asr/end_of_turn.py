"""When an utterance is over. Three rules, whichever holds first:

    punctuation  a short silence after what sounds like a whole sentence
    silence      a long silence, whatever was said; longer still after "and …" or "the …"
    stable       the text has not changed for long, though noise keeps the silence away

and a fourth where there is an end-of-turn model. How short a silence may be is learned: see :class:`EndOfTurn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .hearing import EndReason
from .sentence_end import Ending, judge, marked
from .settings import EarsSettings

HOLD = 1.0
"""A text that is not over is waited for so much longer than the long silence, as a share of it ..."""
LONGEST_HOLD_MS = 1000.0
"""... but not longer than this."""
COMPLETE, INCOMPLETE = 0.8, 0.2
"""From here on, and up to here, the end-of-turn model is believed."""
DISBELIEF = 0.84
"""What is doubted more than that is no sign."""
HONEST = 0.7
"""From here down, marks are where they belong, so that the lack of one says that more is to come."""
LEARN = 0.2
"""How much one pause changes a doubt."""
LEAST_PAUSE_MS = 150.0
"""What is shorter belongs to the words: nobody takes it for an end."""
RISE, FALL = 0.6, 0.03
"""How far one pause moves the reach, towards a longer and a shorter one: it settles near the longest of the usual pauses."""
FIRST, FURTHEST = 1.3, 1.5
"""The reach of a speaker nobody knows, and of one who pauses long, in long silences."""
PATIENCE = 1.25
"""So many long silences the words of what was said are waited for while they are being transcribed."""


class Sign(StrEnum):
    """What a silence follows."""

    MORE = "more"
    """Something that is not over."""
    NONE = "none"
    """Something that may be over."""
    MARK = "mark"
    """A whole sentence, as its mark or its last word says."""
    MODEL = "model"
    """A melody that ends, as the end-of-turn model says."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What is known of an utterance at one moment."""

    silence_ms: float
    """Since the last speech; 0 while somebody speaks."""
    speech_ms: float
    """From its first speech to its last."""
    text: str
    whole: bool
    """Whether ``text`` covers all speech so far."""
    unchanged_ms: float
    """How long the text has been the same."""
    completeness: float | None
    """What the end-of-turn model says of it, from 0 to 1; None: nothing yet, or there is no model."""
    language: str | None
    """ISO 639-1 code."""
    pending: bool = False
    """Where it is not ``whole``: whether the rest is being transcribed."""


DOUBTS = {Sign.MARK: 0.85, Sign.MODEL: 0.5}
"""How far each sign is doubted at first, from 0 to 1, by who is to learn better: a mark counts once one pause had none."""


class EndOfTurn:
    """The rules for one speaker. For growing silence, :meth:`reason` never takes an end back.

    The *reach* is the pause that this speaker hardly exceeds within an utterance: ``FIRST`` times ``end_silence_ms`` for who
    has not been heard yet, and up to ``FURTHEST`` times. Who pauses less than ``end_silence_ms`` waits no longer than that in
    the end. After a sentence, ``short_pause_ms`` will do as far as its mark is believed, and the reach, or ``end_silence_ms``,
    as far as it is not. Marks earn doubt when the speaker goes on after them: some recognisers put a full stop at the end of
    whatever they are given, and then it says nothing. So does the model where it was sure. With ``adaptive: false`` nothing is
    doubted or learned, and the settings hold as they stand.
    """

    def __init__(self, settings: EarsSettings) -> None:
        self._settings = settings
        self._short = min(settings.short_pause_ms, settings.end_silence_ms)
        self._long = settings.end_silence_ms
        self._hold = min(self._long * HOLD, LONGEST_HOLD_MS)
        self._reach = self._long * (FIRST if settings.adaptive else 1.0)
        self._doubts = dict(DOUBTS) if settings.adaptive else dict.fromkeys(DOUBTS, 0.0)
        self._punctuates = False
        """Whether the recogniser has ever put a mark."""
        self._seen: tuple[bool, float | None] | None = None
        """Of the silence judged last: whether the text had a mark, and what the model said. None: neither was known."""

    def reason(self, stand: Stand) -> EndReason | None:
        """Why the utterance is over; None: it is not. It remembers what it saw, for when the speaker goes on."""
        text = stand.text.strip()
        sign = self._sign(text, stand)
        if stand.silence_ms and (reason := self._in_silence(stand, text, sign)):
            return reason
        stable = self._settings.stable_nochange_ms + (self._hold if sign is Sign.MORE else 0.0)
        return EndReason.STABLE if stand.unchanged_ms >= (stable if text else 2 * stable) else None

    def went_on(self, pause_ms: float) -> None:
        """The speaker went on after a pause within an utterance."""
        if self._settings.adaptive and pause_ms >= LEAST_PAUSE_MS:
            self._learn(pause_ms, LEARN)
        self._seen = None

    def cut_off(self, pause_ms: float) -> None:
        """The speaker went on right after the utterance had been taken to be over."""
        if self._settings.adaptive:
            self._learn(max(pause_ms, self._reach), 2 * LEARN)
        self._seen = None

    def _sign(self, text: str, stand: Stand) -> Sign:
        """Words that ask for more go before any melody; where words and melody contradict each other, nothing is known."""
        ending, sure = judge(text, stand.language), stand.completeness
        if ending is Ending.OPEN:
            return Sign.MORE
        if sure is not None and sure >= COMPLETE:
            return Sign.MODEL
        if sure is not None and sure <= INCOMPLETE:
            return Sign.MORE if ending is Ending.BARE else Sign.NONE
        if ending is not Ending.BARE:
            return Sign.MARK
        honest = self._settings.adaptive and self._punctuates and self._doubts[Sign.MARK] <= HONEST
        return Sign.MORE if honest else Sign.NONE

    def _in_silence(self, stand: Stand, text: str, sign: Sign) -> EndReason | None:
        silence = stand.silence_ms
        if not stand.whole:
            longest = self._long * (PATIENCE if stand.pending and self._settings.adaptive else 1.0)
            return EndReason.SILENCE if silence >= longest else None
        if not text:
            # A cough: nothing is lost if it was none, and what it held up goes on.
            return EndReason.SILENCE if silence >= self._short else None
        mark = marked(text)
        self._punctuates |= mark
        self._seen = mark, stand.completeness
        doubt = self._doubts.get(sign, 1.0)
        if doubt <= DISBELIEF and silence >= self._short + doubt * (min(self._reach, self._long) - self._short):
            return EndReason.MODEL if sign is Sign.MODEL else EndReason.PUNCTUATION
        longest = self._long + self._hold if sign is Sign.MORE else max(self._long, self._reach)
        return EndReason.SILENCE if silence >= longest else None

    def _learn(self, pause_ms: float, by: float) -> None:
        far = RISE if pause_ms > self._reach else FALL
        self._reach = min(max(self._reach + far * (pause_ms - self._reach), self._short), self._long * FURTHEST)
        if self._seen is None:
            return
        mark, sure = self._seen
        self._doubts[Sign.MARK] += by * (mark - self._doubts[Sign.MARK])
        if sure is not None:
            self._doubts[Sign.MODEL] += by * ((sure >= COMPLETE) - self._doubts[Sign.MODEL])
