"""From the last sound of somebody who speaks to the first sound of the answer, with and without thinking ahead. Real time.

    uv run python benchmarks/voice_to_voice.py                two minutes or so
    uv run python benchmarks/voice_to_voice.py --marks        with a recogniser that puts full stops

Sentences by flite's voices are spoken, in real time and in turns, to two real servers that differ in ``ears.think_ahead``
alone; all else is as shipped: silence of 800 ms ends an utterance. The recogniser is a script that knows what is in the clip it
gets and takes 120 ms; the model takes 150 ms to its first token and 15 ms for each, the voice 80 ms and a twentieth of real
time. No more can be saved than these take after the end: 265 ms or so, as what was said is transcribed in the pause anyway.

``after the end``: from the confirmation that the speaker has ended to the first audio sent. ``at the listener``: from the end
of the last word in the microphone to the first sample that a page plays, which keeps 50 ms in stock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.benchmarks.peers.figures import percentile
from hayakuchi.benchmarks.speech_set import RATE
from hayakuchi.benchmarks.talking.page import page
from hayakuchi.benchmarks.talking.readers import Reader, words_between
from hayakuchi.benchmarks.talking.scenes import ROOM_DB
from hayakuchi.benchmarks.talking.server import STORY, Model, Voice, serving, settings_for
from hayakuchi.benchmarks.talking.sounds import Clip, interruptions

PAUSE_S = 0.25
"""Sentences with longer pauses inside are left out: what is measured is the way from the end, not where the end is."""
ANSWER_S = 15.0
TARGET_AFTER_END_MS, TARGET_SOONER_MS = 50.0, 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Times in ms. ``stages``: from the last sound of the speaker to the first audio sent."""

    after_end_ms: float
    voice_to_voice_ms: float
    at_listener_ms: float
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Side:
    """A server, and the recogniser that it has."""

    url: str
    reader: Reader

    async def answer(self, clip: Clip, number: int) -> Answer:
        """Say this, and wait for the answer. Raises TimeoutError."""
        async with page(self.url, f"turn{number}", noise=10 ** (ROOM_DB / 20), seed=number) as listener:
            if not await listener.until(lambda: listener.of("mic"), ANSWER_S):
                raise TimeoutError("the microphone was not listened to")
            await asyncio.sleep(0.5)
            begin = listener.mic.say(clip.sound)
            words = [(begin + first, begin + last, text) for first, last, text in clip.words]
            self.reader.listen_to(listener.mic, words_between(words))
            patience_s = len(clip.sound) / RATE + ANSWER_S
            if not await listener.until(lambda: listener.loudspeaker.runs and listener.of("latency"), patience_s):
                raise TimeoutError(f"no answer to {clip.name!r}")
            self.reader.forget(listener.mic)
            told = listener.of("latency")[0].message
            stages, voice_to_voice = told["hearing"] | told["stages"], told["figures"]["voice_to_voice"]
            first = listener.mic.began + listener.loudspeaker.runs[0].at / listener.loudspeaker.rate
            ended = listener.mic.began + words[-1][1] / RATE
            return Answer(voice_to_voice - stages["end_of_turn"], voice_to_voice, (first - ended) * 1000, stages)


def spoken(count: int, seed: int, marks: bool) -> list[Clip]:
    """Sentences without pauses, as the recogniser writes them."""
    clips = [clip for clip in interruptions(count * 6, seed) if not _pauses(clip)][:count]
    if marks:
        return clips
    return [Clip(one.name, one.sound, tuple((a, b, text.strip(",.?!")) for a, b, text in one.words)) for one in clips]


def _pauses(clip: Clip) -> bool:
    loud = np.flatnonzero(np.abs(clip.sound[clip.words[0][0] : clip.words[-1][1]]) > 0.002)
    return bool(np.diff(loud).max() > PAUSE_S * RATE)


async def measured(arguments: argparse.Namespace) -> dict[bool, list[Answer]]:
    """By whether the server thinks ahead; the same sentences in the same order, at the same time."""
    clips = spoken(arguments.turns, arguments.seed, arguments.marks)
    answers: dict[bool, list[Answer]] = {True: [], False: []}
    async with AsyncExitStack() as exits:
        sides: dict[bool, Side] = {}
        for ahead in answers:
            reader = Reader(arguments.asr)
            model, voice = Model(lambda said: STORY, first_ms=arguments.llm, token_ms=15), Voice(first_ms=80, rtf=0.05)
            settings = settings_for(model, voice, reader, EarsSettings(think_ahead=ahead))
            url, _ = await exits.enter_async_context(serving(settings))
            sides[ahead] = Side(url, reader)
        waiting = list(enumerate(clips))

        async def lane() -> None:
            while waiting:
                number, clip = waiting.pop(0)
                for ahead in (number % 2 == 0, number % 2 == 1):
                    answers[ahead].append(await sides[ahead].answer(clip, number))
                print(f"\r{len(clips) - len(waiting)} of {len(clips)} ", end="", file=sys.stderr, flush=True)

        async with asyncio.TaskGroup() as group:
            for _ in range(arguments.at_a_time):
                group.create_task(lane())
    print(file=sys.stderr)
    return answers


def figures(answers: Sequence[Answer]) -> dict[str, Any]:
    def row(values: Sequence[float]) -> dict[str, float]:
        return {f"p{share}": percentile(values, share / 100) for share in (50, 95, 99)}

    names = dict.fromkeys(name for one in answers for name in one.stages)
    return {
        "turns": len(answers),
        "after the end": row([one.after_end_ms for one in answers]),
        "voice to voice": row([one.voice_to_voice_ms for one in answers]),
        "at the listener": row([one.at_listener_ms for one in answers]),
        "stages": {name: row([one.stages.get(name, 0.0) for one in answers]) for name in names},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=32, help="with and without thinking ahead, each")
    parser.add_argument("--asr", type=float, default=120.0, help="ms that a clip takes to be transcribed")
    parser.add_argument("--llm", type=float, default=150.0, help="ms to the model's first token")
    parser.add_argument("--marks", action="store_true", help="the recogniser puts full stops")
    parser.add_argument("--at-a-time", type=int, default=3, help="conversations at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    answers = asyncio.run(measured(arguments))
    ahead, plain = figures(answers[True]), figures(answers[False])
    sooner = plain["voice to voice"]["p50"] - ahead["voice to voice"]["p50"]
    late = ahead["after the end"]["p95"]
    verdicts = {
        f"thinking ahead, the first audio follows the end within {TARGET_AFTER_END_MS:g} ms at p95 ({late:.0f})": late
        <= TARGET_AFTER_END_MS,
        f"that is {TARGET_SOONER_MS:g} ms sooner than without ({sooner:.0f}, medians)": sooner >= TARGET_SOONER_MS,
    }
    if arguments.json:
        sides = {"think_ahead": ahead, "without": plain}
        print(json.dumps({"results": sides, "sooner_ms": sooner, "verdicts": verdicts}, indent=2))
    else:
        _print_text(ahead, plain, verdicts)
    sys.exit(0 if all(verdicts.values()) else 1)


def _print_text(ahead: Mapping[str, Any], plain: Mapping[str, Any], verdicts: Mapping[str, bool]) -> None:
    print(f"{'ms':18}{'thinking ahead':>26}{'without':>26}   ({ahead['turns']} turns each; p50, p95, p99)")
    rows = ["after the end", "voice to voice", "at the listener"]
    for name in [*rows, *dict.fromkeys([*plain["stages"], *ahead["stages"]])]:
        print(f"{name if name in rows else '  ' + name:18}", end="")
        for side in (ahead, plain):
            row = side.get(name) or side["stages"].get(name)
            print("".join(f"{value:>8.0f}" for value in row.values()).rjust(26) if row else "-".rjust(26), end="")
        print()
    for words, passed in verdicts.items():
        print(f"{'passed' if passed else 'missed'}: {words}")


if __name__ == "__main__":
    main()
