"""How long after the end of an utterance that is known, and how often too early: our three rules against a fixed silence.

    uv run python benchmarks/endpointing.py [--set reported|fresh|tuning] [--smart-turn FILE] [--count 200] [--json]

``SpeechDetector`` and ``EndOfTurn`` are driven in the time of the sound, 32 ms at a time, with the settings' defaults (end of
silence 800 ms, short pause 300 ms), and learn within the 20 utterances of a speaker. The words come from a recogniser that
never errs but needs ``DECODE_MS`` for each decode, one at a time, asked every 250 ms of speech and when a pause begins. Its
marks are

    true      the sentence's own, nothing in its middle
    stops     the sentence's last one at the end of every decode, as Whisper tends to put it, also in a question
    none      no marks

``delay`` is the median from the last word's end to the decision, of utterances that were not cut off. ``cut`` is the share that
was taken to be over before its last word. ``match`` is the median delay of the shortest fixed silence that cuts off no more, of
those from 200 to 2000 ms. ``false`` is the share of clips in which noise alone began an utterance, and ``missed`` how many had
no speech for the detector. See ``speech_set.py`` for what the sounds are and what is assumed of them.
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
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hayakuchi.asr.activity import activity_factory
from hayakuchi.asr.end_of_turn import EndOfTurn
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.asr.smart_turn import SmartTurn
from hayakuchi.asr.worker import Worker
from hayakuchi.benchmarks.endpointing_replay import DECODE_MS, Outcome, Rule, Trace, by_session, fixed, listen, ours
from hayakuchi.benchmarks.speech_set import RATE, Noise, Samples, Utterance, utterances
from hayakuchi.core.types import Audio

SETS = {"tuning": (1, 0), "reported": (2, 1), "fresh": (3, 2)}
"""Seed and part of the sentences."""
CONDITIONS = (("clean", None), *((kind, snr) for kind in ("steady", "babble") for snr in (20.0, 10.0, 5.0)))
SWEEP = tuple(range(200, 2001, 50))
SHOWN = (300, 500, 800, 1000, 1200)
STYLES = ("true", "stops", "none")
Score = Callable[[Samples], float]


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


def traces_of(count: int, seed: int, part: int, score: Score | None) -> dict[str, list[Trace]]:
    make = activity_factory(EarsSettings())
    noise = Noise(seed)
    spoken = list(utterances(count, seed, part))
    return {
        kind if snr is None else f"{kind} {snr:g} dB": [
            listen(one, noise.over(one, kind, snr), make(), score) for one in spoken
        ]
        for kind, snr in CONDITIONS
    }


def measure(traces: Sequence[Trace], *, model: bool, decode_ms: float) -> dict[str, Figures]:
    """Figures by rule."""

    def by(settings: EarsSettings, style: str | None, *, model: bool = False) -> Figures:
        def make() -> Rule:
            return ours(EndOfTurn(settings), style, model=model, decode_ms=decode_ms)

        return figures(by_session(traces, make))

    rows = {f"fixed {silence}": figures(map(fixed(silence), traces)) for silence in SWEEP}
    rows["ours without text"] = by(EarsSettings(), None)
    for style in STYLES:
        rows[f"ours, {style}"] = by(EarsSettings(), style)
        rows[f"ours, {style}, not adaptive"] = by(EarsSettings(adaptive=False), style)
        if model:
            rows[f"ours, {style}, smart-turn"] = by(EarsSettings(), style, model=True)
    return rows


def scored(runner: asyncio.Runner, turn: SmartTurn) -> Score:
    def score(sound: Samples) -> float:
        pcm = np.clip(sound * 32767, -32768, 32767).astype("<i2").tobytes()
        return runner.run(turn.completeness(Audio(pcm, RATE)))

    return score


def show(level: str, traces: Sequence[Trace], rows: dict[str, Figures]) -> None:
    sweep = {silence: rows[f"fixed {silence}"] for silence in SWEEP}
    false = sum(trace.false_start for trace in traces) / len(traces)
    missed = sum(trace.first < 0 for trace in traces)
    print(f"\n{level}: {len(traces)} clips, false {false:.1%}, missed {missed}")
    print(f"  {'':30}{'delay':>8}{'p95':>8}{'cut':>8}{'never':>8}{'match':>8}")
    for name, row in rows.items():
        if name.startswith("fixed") and int(name.split()[1]) not in SHOWN:
            continue
        match = matched(sweep, row.cut)
        print(f"  {name:30}{row.median_ms:8.0f}{row.p95_ms:8.0f}{row.cut:8.1%}{row.never:8.1%}{match:8.0f}")


def show_pauses(spoken: Sequence[Utterance]) -> None:
    """What any rule has to cope with."""
    pauses = sorted(ms for one in spoken for ms in one.pauses_ms)
    longer = {least: sum(ms > least for ms in pauses) / len(pauses) for least in SHOWN}
    shares = ", ".join(f"{share:.1%} over {least} ms" for least, share in longer.items())
    print(f"{len(pauses)} pauses inside {len(spoken)} utterances: median {statistics.median(pauses):.0f} ms, {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smart-turn", type=Path, help="a smart-turn v3 ONNX file")
    parser.add_argument("--count", type=int, default=200, help="utterances, each heard under every noise")
    parser.add_argument("--decode-ms", type=float, default=DECODE_MS)
    parser.add_argument("--set", choices=tuple(SETS), default="reported", help="seed and sentences")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if shutil.which("flite") is None:
        sys.exit("needs flite; try: apt install flite")
    with asyncio.Runner() as runner:
        worker = Worker("smart-turn")
        score = scored(runner, SmartTurn(given.smart_turn, worker)) if given.smart_turn else None
        heard = traces_of(given.count, *SETS[given.set], score)
        runner.run(worker.aclose())
    heard["all but babble"] = [trace for level, traces in heard.items() if "babble" not in level for trace in traces]
    results = {
        level: measure(traces, model=score is not None, decode_ms=given.decode_ms) for level, traces in heard.items()
    }
    if given.json:
        print(json.dumps({level: {name: asdict(row) for name, row in rows.items()} for level, rows in results.items()}))
        return
    show_pauses([trace.utterance for trace in heard["clean"]])
    for level, rows in results.items():
        show(level, heard[level], rows)


if __name__ == "__main__":
    main()
