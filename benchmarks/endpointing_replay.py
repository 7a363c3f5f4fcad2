"""Clips as the detector of speech hears them, and when rules take their utterances to be over, in the time of the sound."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hayakuchi.asr.base import FRAME_SAMPLES, VoiceActivity
from hayakuchi.asr.detector import SpeechDetector
from hayakuchi.asr.end_of_turn import EndOfTurn, Stand
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.benchmarks.speech_set import RATE, Samples, Utterance

DECODE_MS, TICK_MS = 300.0, 250.0
FRAME_MS = FRAME_SAMPLES * 1000 / RATE
ASKED_MS = 192.0
EDGE = RATE // 5
"""Speech that begins so near the utterance is no false start."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the detector says after one more frame."""

    speaking: bool
    silence_ms: float
    ended: int | None


@dataclass(frozen=True, slots=True)
class Trace:
    """One clip as the detector heard it. ``model``: what the end-of-turn model says after ``ASKED_MS`` of each pause."""

    utterance: Utterance
    frames: tuple[Frame, ...]
    first: int
    """The frame at which the utterance begins, as far as the detector can tell; -1: it did not hear it."""
    false_start: bool
    model: dict[int, float]

    @property
    def heard(self) -> range:
        """The frames in which it may end; none if the detector missed it."""
        return range(self.first, len(self.frames)) if self.first >= 0 else range(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    delay_ms: float
    """Negative: cut off."""
    reason: str


Rule = Callable[[Trace], Outcome]


def listen(
    utterance: Utterance, sound: Samples, activity: VoiceActivity, score: Callable[[Samples], float] | None
) -> Trace:
    detector = SpeechDetector(activity, EarsSettings())
    frames: list[Frame] = []
    model: dict[int, float] = {}
    first = -1
    false_start = was = False
    for index in range(len(sound) // FRAME_SAMPLES):
        detector.feed(sound[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES])
        now, began = detector.speaking, detector.began or 0
        false_start |= now and not was and not utterance.began - EDGE <= began <= utterance.ended + EDGE
        if now and first < 0 and detector.position > utterance.began:
            first = index
        if score is not None and first >= 0 and 0 <= detector.silence_ms - ASKED_MS < FRAME_MS:
            model[index] = score(sound[utterance.began : detector.position])
        was = now
        frames.append(Frame(now, detector.silence_ms, detector.ended))
    return Trace(utterance, tuple(frames), first, false_start, model)


def fixed(silence_ms: float) -> Rule:
    """The utterance is over after so much silence."""

    def rule(trace: Trace) -> Outcome:
        for index in trace.heard:
            if not trace.frames[index].speaking and trace.frames[index].silence_ms >= silence_ms:
                return Outcome(delay_of(trace, index), "silence")
        return Outcome(math.inf, "never")

    return rule


def delay_of(trace: Trace, index: int) -> float:
    return (index + 1) * FRAME_MS - trace.utterance.ended * 1000 / RATE


def styled(words: Sequence[str], style: str, last_mark: str) -> str:
    text = " ".join(words)
    if style == "none":
        return "".join(letter for letter in text if letter not in ".,?!")
    if style == "stops" and text:
        return text.rstrip(".,?!") + last_mark
    return text


class Recogniser:
    """Knows the words that have ended, ``DECODE_MS`` after it was asked."""

    def __init__(self, utterance: Utterance, style: str, decode_ms: float) -> None:
        self._utterance, self._style, self._decode_ms = utterance, style, decode_ms
        self._asked_ms = -math.inf
        self._busy_until = math.inf
        self._wanted = False
        self._upto = 0
        self.text, self.changed_ms, self.covers = "", 0.0, 0

    def step(self, now_ms: float, *, speaking: bool, paused: bool) -> None:
        """``paused``: a pause has just begun."""
        if now_ms >= self._busy_until:
            self._busy_until = math.inf
            self._understood(now_ms)
        self._wanted |= paused or (speaking and now_ms - self._asked_ms >= TICK_MS)
        if self._wanted and self._busy_until == math.inf:
            self._wanted = False
            self._asked_ms, self._upto = now_ms, int(now_ms * RATE / 1000)
            self._busy_until = now_ms + self._decode_ms

    @property
    def reads_up_to(self) -> float:
        """How far the sound goes that is being transcribed."""
        return self._upto if self._busy_until < math.inf else -math.inf

    def _understood(self, now_ms: float) -> None:
        words = self._utterance.words
        text = styled([word.text for word in words if word.end <= self._upto], self._style, words[-1].text[-1])
        if text != self.text:
            self.text, self.changed_ms = text, now_ms
        self.covers = self._upto


def ours(rules: EndOfTurn, style: str | None, *, model: bool = False, decode_ms: float = DECODE_MS) -> Rule:
    """Our rules, which learn from one clip to the next; ``style`` None: they hear no words."""

    def rule(trace: Trace) -> Outcome:
        recogniser = Recogniser(trace.utterance, style or "none", decode_ms)
        recogniser.changed_ms = trace.first * FRAME_MS
        paused_ms, sure = 0.0, None
        for index in trace.heard:
            frame, before, now = trace.frames[index], trace.frames[max(index - 1, 0)], (index + 1) * FRAME_MS
            if frame.speaking and not before.speaking and index > trace.first:
                rules.went_on(paused_ms)
                sure = None
            paused_ms = frame.silence_ms
            if model and index in trace.model:
                sure = trace.model[index]
            recogniser.step(now, speaking=frame.speaking, paused=before.speaking and not frame.speaking)
            whole = not frame.speaking and style is not None and recogniser.covers >= (frame.ended or 0)
            pending = not whole and style is not None and recogniser.reads_up_to >= (frame.ended or 0)
            text = recogniser.text if style else "?" * whole
            stand = Stand(frame.silence_ms, 1000.0, text, whole, now - recogniser.changed_ms, sure, "en", pending)
            if reason := rules.reason(stand):
                delay = delay_of(trace, index)
                if delay < 0:
                    rules.cut_off(next_pause_ms(trace, index))
                return Outcome(delay, reason)
        return Outcome(math.inf, "never")

    return rule


def next_pause_ms(trace: Trace, index: int) -> float:
    """The silence in which the speaker was cut off, when it is over."""
    later = pairwise(trace.frames[index:])
    return next((last.silence_ms for last, frame in later if frame.speaking), 0.0)


def by_session(traces: Sequence[Trace], make: Callable[[], Rule]) -> list[Outcome]:
    """Each speaker is learned anew."""
    outcomes: list[Outcome] = []
    rule, session = make(), -1
    for trace in traces:
        if trace.utterance.session != session:
            rule, session = make(), trace.utterance.session
        outcomes.append(rule(trace))
    return outcomes
