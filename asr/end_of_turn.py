"""When an utterance is over. Three rules, whichever holds first:

    punctuation  a short silence after what sounds like a whole sentence
    silence      a long silence, whatever was said; longer still after "and …" or "the …"
    stable       the text has not changed for long, though noise keeps the silence away

and a fourth where there is an end-of-turn model. How short a silence may be is learned from the speaker: see :class:`EndOfTurn`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .hearing import EndReason
from .sentence_end import Ending, judge
from .settings import EarsSettings

HOLD = 0.5
"""A text that is not over is waited for so much longer than the long silence, as a share of it ..."""
LONGEST_HOLD_MS = 1000.0
"""... but not longer than this."""
COMPLETE, INCOMPLETE = 0.8, 0.2
"""From here on, and up to here, the end-of-turn model is believed."""
MODEL = EndReason.MODEL
Sign = Ending | EndReason
"""What an early end is based on: how the text ends, or the model."""
DOUBTS: dict[Sign, float] = {Ending.STOP: 0.6, Ending.QUESTION: 0.3, MODEL: 0.0}
"""How far each sign is doubted at first, from 0 to 1."""
LEARN = 0.15
"""How much one pause changes a doubt."""
LEAST_PAUSE_MS = 150.0
"""What is shorter belongs to the words: nobody takes it for an end."""
RISE, FALL = 0.5, 0.08
"""How far one pause moves the reach, towards a longer and a shorter one: it settles near the longest of the usual pauses."""


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


class EndOfTurn:
    """The rules for one speaker. For growing silence, :meth:`reason` never takes an end back.

    After a sentence it waits for ``short_pause_ms`` and, as far as the sign of its end is doubted, up to the speaker's reach: the
    pause that this speaker hardly exceeds within an utterance, between ``short_pause_ms`` and ``end_silence_ms``. A recogniser
    that puts full stops into the middle of what is said earns doubt for them, and one that does not loses it.
    """

    def __init__(self, settings: EarsSettings) -> None:
        self._settings = settings
        self._short = min(settings.short_pause_ms, settings.end_silence_ms)
        self._long = settings.end_silence_ms
        self._hold = min(self._long * HOLD, LONGEST_HOLD_MS)
        self._reach = self._long
        self._doubts = dict(DOUBTS)
        self._sign: Sign | None = None
        """What was seen in the silence that was judged last; None: nothing that could be judged."""

    def reason(self, stand: Stand) -> EndReason | None:
        """Why the utterance is over; None: it is not. It remembers what it saw, for when the speaker goes on."""
        text = stand.text.strip()
        ending = judge(text, stand.language)
        if stand.silence_ms and (reason := self._in_silence(stand, text, ending)):
            return reason
        stable = self._settings.stable_nochange_ms + (self._hold if ending is Ending.OPEN else 0.0)
        return EndReason.STABLE if stand.unchanged_ms >= (stable if text else 2 * stable) else None

    def went_on(self, pause_ms: float) -> None:
        """The speaker went on after a pause within an utterance."""
        sign, self._sign = self._sign, None
        if not self._settings.adaptive or pause_ms < LEAST_PAUSE_MS:
            return
        self._move_reach(pause_ms)
        if sign in self._doubts:
            self._doubt(sign)
        elif sign is not None:
            # It was told that this is no end: whoever tells that is to be believed elsewhere.
            self._doubts = {kind: doubt * (1 - LEARN) for kind, doubt in self._doubts.items()}

    def cut_off(self, pause_ms: float) -> None:
        """The speaker went on right after the utterance had been taken to be over."""
        sign, self._sign = self._sign, None
        if not self._settings.adaptive:
            return
        self._move_reach(pause_ms)
        if sign in self._doubts:
            self._doubt(sign)
            self._doubt(sign)

    def _in_silence(self, stand: Stand, text: str, ending: Ending) -> EndReason | None:
        silence = stand.silence_ms
        if not stand.whole:
            return EndReason.SILENCE if silence >= self._long else None
        if not text:
            # A cough: nothing is lost if it was none, and what it held up goes on.
            return EndReason.SILENCE if silence >= self._short else None
        sign = self._sign = _sign(ending, stand.completeness)
        if sign in self._doubts and silence >= self._short + self._doubts[sign] * (self._reach - self._short):
            return EndReason.MODEL if sign is MODEL else EndReason.PUNCTUATION
        return EndReason.SILENCE if silence >= self._long + (self._hold if sign is Ending.OPEN else 0.0) else None

    def _doubt(self, sign: Sign) -> None:
        self._doubts[sign] += LEARN * (1 - self._doubts[sign])

    def _move_reach(self, pause_ms: float) -> None:
        by = RISE if pause_ms > self._reach else FALL
        self._reach = min(max(self._reach + by * (pause_ms - self._reach), self._short), self._long)


def _sign(ending: Ending, completeness: float | None) -> Sign:
    """What the words say of the end goes before what the melody says, where they say that it is none."""
    if ending is Ending.OPEN or completeness is None:
        return ending
    if completeness <= INCOMPLETE:
        return Ending.OPEN
    return MODEL if completeness >= COMPLETE else ending
