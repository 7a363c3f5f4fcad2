"""How long after the end of an utterance that is known, and how often too early: our three rules against a fixed silence.

    uv run python benchmarks/endpointing.py [--smart-turn FILE] [--count 300] [--json]

``SpeechDetector`` and ``EndOfTurn`` are driven in the time of the sound, 32 ms at a time, with the settings' defaults (end of silence
800 ms, short pause 300 ms). The words come from a recogniser that never errs but needs ``DECODE_MS`` for each decode, one at a time,
asked every 250 ms of speech and when a pause begins. Its punctuation is

    true      the sentence's own marks, nothing in its middle
    stops     the sentence's last mark at the end of every decode, as Whisper tends to put it (a question mark after half a question)
    none      no marks

``delay`` counts from the last word's end to the decision; an utterance that was cut off has none. ``cut`` is the share that was taken to
be over before its last word. ``match`` is the median delay of the fixed rule at the same share of cut-offs, read off its sweep. ``false`` is
the share of clips in which noise alone began an utterance. See ``speech_set.py`` for what the sounds are and what is assumed of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from speech_set import RATE, Noise, Samples, Utterance, utterances

from hayakuchi.asr.activity import activity_factory
from hayakuchi.asr.base import FRAME_SAMPLES, VoiceActivity
from hayakuchi.asr.detector import SpeechDetector
from hayakuchi.asr.end_of_turn import EndOfTurn, Stand
from hayakuchi.asr.settings import EarsSettings

TUNING, REPORTED = (1, 0), (2, 1)
"""Seed and half of the sentences."""
CONDITIONS = (("clean", None), *((kind, snr) for kind in ("steady", "babble") for snr in (20.0, 10.0, 5.0)))
DECODE_MS, TICK_MS = 300.0, 250.0
FRAME_MS = FRAME_SAMPLES * 1000 / RATE
EDGE = RATE // 5
"""Speech that begins so near the utterance is no false start."""
SWEEP = tuple(range(200, 2001, 50))
STYLES = ("true", "stops", "none")


@dataclass(frozen=True, slots=True)
class Frame:
    """What the detector says after one more frame."""

    speaking: bool
    silence_ms: float
    ended: int | None


@dataclass(frozen=True, slots=True)
class Trace:
    """One clip as the detector heard it. ``model``: what the end-of-turn model says at the frame at which a pause begins."""

    utterance: Utterance
    frames: tuple[Frame, ...]
    first: int
    """The frame at which the utterance begins, as far as the detector can tell."""
    false_start: bool
    model: dict[int, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    delay_ms: float
    """Negative: cut off."""
    reason: str


Rule = Callable[[Trace], Outcome]


def listen(utterance: Utterance, sound: Samples, activity: VoiceActivity, score: Callable[[Samples], float] | None) -> Trace:
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
        if was and not now and first >= 0 and score is not None:
            model[index] = score(sound[utterance.began : detector.position])
        was = now
        frames.append(Frame(now, detector.silence_ms, detector.ended))
    return Trace(utterance, tuple(frames), first, false_start, model)


def fixed(silence_ms: float) -> Rule:
    """The utterance is over after so much silence."""

    def rule(trace: Trace) -> Outcome:
        for index in range(max(trace.first, 0), len(trace.frames)):
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
        for index in range(max(trace.first, 0), len(trace.frames)):
            frame, before, now = trace.frames[index], trace.frames[max(index - 1, 0)], (index + 1) * FRAME_MS
            if frame.speaking and not before.speaking and index > trace.first:
                rules.went_on(paused_ms)
                sure = None
            paused_ms = frame.silence_ms
            if model and index in trace.model:
                sure = trace.model[index]
            recogniser.step(now, speaking=frame.speaking, paused=before.speaking and not frame.speaking)
            whole = not frame.speaking and style is not None and recogniser.covers >= (frame.ended or 0)
            text = recogniser.text if style else "?" * whole
            stand = Stand(frame.silence_ms, 1000.0, text, whole, now - recogniser.changed_ms, sure, "en")
            if reason := rules.reason(stand):
                delay = delay_of(trace, index)
                if delay < 0:
                    rules.cut_off(next_pause_ms(trace, index))
                return Outcome(delay, reason)
        return Outcome(math.inf, "never")

    return rule


def next_pause_ms(trace: Trace, index: int) -> float:
    """The silence in which the speaker was cut off, when it is over."""
    later = [frame for frame in trace.frames[index:]]
    return next((last.silence_ms for last, frame in zip(later, later[1:], strict=False) if frame.speaking), 0.0)


def by_session(traces: Sequence[Trace], make: Callable[[], Rule]) -> list[Outcome]:
    """Each speaker is learned anew."""
    outcomes: list[Outcome] = []
    rule, session = make(), -1
    for trace in traces:
        if trace.utterance.session != session:
            rule, session = make(), trace.utterance.session
        outcomes.append(rule(trace))
    return outcomes


@dataclass(frozen=True, slots=True)
class Figures:
    median_ms: float
    p95_ms: float
    cut: float
    never: float


def figures(outcomes: Iterable[Outcome]) -> Figures:
    all_ = list(outcomes)
    delays = sorted(it.delay_ms for it in all_ if it.delay_ms >= 0)
    p95 = delays[min(int(len(delays) * 0.95), len(delays) - 1)]
    cut = sum(it.delay_ms < 0 for it in all_) / len(all_)
    return Figures(statistics.median(delays), p95, cut, sum(it.delay_ms == math.inf for it in all_) / len(all_))


def matched(sweep: dict[int, Figures], cut: float) -> float:
    """The median delay of the shortest fixed silence that cuts off no more than ``cut``; infinite: none does."""
    return next((it.median_ms for _, it in sorted(sweep.items()) if it.cut <= cut), math.inf)


def traces_of(count: int, seed: int, part: int, score: Callable[[Samples], float] | None) -> dict[str, list[Trace]]:
    make = activity_factory(EarsSettings())
    noise = Noise(seed)
    spoken = list(utterances(count, seed, part))
    return {
        kind if snr is None else f"{kind} {snr:g} dB": [
            listen(one, noise.over(one, kind, snr), make(), score) for one in spoken
        ]
        for kind, snr in CONDITIONS
    }


def measure(traces: list[Trace], *, model: bool, decode_ms: float) -> dict[str, Figures]:
    settings = EarsSettings()
    still = EarsSettings(adaptive=False)
    rows = {f"fixed {silence}": figures(map(fixed(silence), traces)) for silence in SWEEP}
    rows["ours without text"] = figures(by_session(traces, lambda: ours(EndOfTurn(settings), None)))
    for style in STYLES:
        rows[f"ours, {style}"] = figures(by_session(traces, lambda: ours(EndOfTurn(settings), style, decode_ms=decode_ms)))
        rows[f"ours, {style}, not adaptive"] = figures(
            by_session(traces, lambda: ours(EndOfTurn(still), style, decode_ms=decode_ms))
        )
        if model:
            rows[f"ours, {style}, smart-turn"] = figures(
                by_session(traces, lambda: ours(EndOfTurn(settings), style, model=True, decode_ms=decode_ms))
            )
    return rows
def main() -> None:
    import time
    t=time.time()
    part = TUNING if "--tune" in sys.argv else REPORTED
    n=int(sys.argv[1])
    for level, traces in traces_of(n, part[0], part[1], None).items():
        print(f"== {level}  false {sum(t.false_start for t in traces)/len(traces):.1%} missed {sum(t.first<0 for t in traces)} {time.time()-t:.0f}s")
        rows = measure(traces, model=False, decode_ms=DECODE_MS)
        sweep = {s: rows[f"fixed {s}"] for s in SWEEP}
        for name, f in rows.items():
            if name.startswith("fixed") and int(name[6:]) not in (300,400,500,600,700,800,1000,1200): continue
            print(f"{name:32}{f.median_ms:8.0f}{f.p95_ms:8.0f}{f.cut:8.1%}{f.never:8.1%}{matched(sweep,f.cut):8.0f}")
if __name__ == "__main__":
    main()
