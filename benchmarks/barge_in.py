"""How long the avatar goes on speaking after somebody has begun to, with real detectors and synthetic speakers.

    uv run python benchmarks/barge_in.py                100 interruptions by flite's voices, in virtual time
    uv run python benchmarks/barge_in.py --snr 10

From the first sound of the speaker until the session's voice is held, and until it is stopped for good because of what was
understood. The recogniser is scripted: it takes ``--asr`` ms for a clip and understands ten words a second of it. On top of
that come the way to the page and its fade of 15 ms.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from math import inf
from typing import Any

import numpy as np

from hayakuchi.agents.basic_memory import BasicMemoryAgent
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.benchmarks.peers.figures import percentile
from hayakuchi.benchmarks.speech_set import RATE, Utterance, utterances
from hayakuchi.core.character import Character
from hayakuchi.core.clock import VirtualTimeLoop, loop_ms
from hayakuchi.core.events import SessionEvent, SpeechPaused, TurnEnded
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, LLMDelta, Message, SpeechRequest, TextDelta, Transcript, UserInput
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.settings import (
    AvatarSettings,
    Component,
    GatewaySettings,
    LatencySettings,
    PlaybackSettings,
    ServerSettings,
    Settings,
)
from hayakuchi.tts.cache_settings import CacheSettings

FRAME = RATE // 50
STORY = "Once upon a time a fox lived in a wood and knew every path there was. " * 20
WORDS = "could we talk of something other than this for once because that would make me happy today".split()
LEAD_S = 3.0


class _Scripted:
    name: Any = "scripted"
    deadlines = Deadlines(10.0, 10.0)

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "scripted"

    async def aclose(self) -> None: ...


class Model(_Scripted):
    async def stream(self, messages: Sequence[Message]) -> AsyncIterator[LLMDelta]:
        for word in STORY.split(" "):
            yield TextDelta(word + " ")
            await asyncio.sleep(0.005)


class Speaker(_Scripted):
    sample_rate = 8000
    _sound = Audio(np.tile(np.array([8000, -8000], "<i2"), 400).tobytes(), sample_rate)

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        for _ in range(len(request.text) * 6 // 10 + 1):
            yield self._sound


class Recogniser(_Scripted):
    partials = True

    def __init__(self, takes_ms: float) -> None:
        self._takes_ms = takes_ms

    async def transcribe(self, clip: Audio, *, language: str | None = None, partial: bool = False) -> Transcript:
        await asyncio.sleep(self._takes_ms / 1000)
        loud = np.abs(np.frombuffer(clip.pcm, "<i2")) > 1000
        return Transcript(" ".join(WORDS[: int(np.count_nonzero(loud) / RATE * 10)]), language)


def settings_for(asr_ms: float, vad: Any) -> Settings:
    def component(provider: Any) -> tuple[Component]:
        return (Component("scripted", None, provider),)

    return Settings(
        character=Character(name="Bench"),
        character_file=None,
        server=ServerSettings(),
        agent=Component("basic_memory_agent", BasicMemoryAgent.Config(), BasicMemoryAgent),
        llm=component(lambda _: Model()),
        tts=component(lambda _: Speaker()),
        asr=component(lambda _: Recogniser(asr_ms)),
        avatar=AvatarSettings(),
        latency=LatencySettings(),
        gateway=GatewaySettings(),
        playback=PlaybackSettings(),
        files=(),
        cache=CacheSettings(enabled=False),
        ears=EarsSettings(vad=vad),
    )


async def interrupted(engine: Engine, utterance: Utterance, noise: np.ndarray) -> tuple[float, float]:
    """ms until the voice is held, and until it is stopped; infinite where it was not."""
    session = engine.new_session("bench")
    ears = engine.new_ears(session, Mode.OPEN_MIC, half_duplex=False)
    at: dict[type, float] = {}

    def observe(event: SessionEvent) -> None:
        at.setdefault(type(event), loop_ms())

    async with asyncio.TaskGroup() as group:
        group.create_task(session.run())
        listening = group.create_task(ears.run())
        session.say(UserInput("Tell me a story"))
        sound = np.concatenate([np.zeros(int(LEAD_S * RATE), np.float32), utterance.sound])
        sound += noise[: len(sound)]
        start_ms = loop_ms()
        session.observe(observe)
        for position in range(0, len(sound), FRAME):
            await asyncio.sleep(FRAME / RATE)
            pcm = (np.clip(sound[position : position + FRAME], -1, 1) * 32767).astype("<i2").tobytes()
            ears.feed(pcm, position)
            if TurnEnded in at:
                break
        session.close()
        ears.stop()
        await listening
    began_ms = start_ms + LEAD_S * 1000 + utterance.began * 1000 / RATE
    return at.get(SpeechPaused, inf) - began_ms, at.get(TurnEnded, inf) - began_ms


def noises(snr_db: float, spoken: Utterance, chance: np.random.Generator) -> np.ndarray:
    speech = spoken.sound[spoken.began : spoken.ended]
    level = float(np.sqrt(np.mean(speech**2))) / 10 ** (snr_db / 20)
    return chance.normal(0, level, len(spoken.sound) + int((LEAD_S + 1) * RATE)).astype(np.float32)


async def measured(arguments: argparse.Namespace) -> list[tuple[float, float]]:
    engine = Engine(settings_for(arguments.asr, arguments.vad))
    await engine.hearing.detectors.activity()
    chance = np.random.default_rng(arguments.seed)
    spoken: Iterator[Utterance] = utterances(arguments.count, arguments.seed, part=1)
    async with engine:
        return [await interrupted(engine, each, noises(arguments.snr, each, chance)) for each in spoken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--snr", type=float, default=30.0, help="noise below the speech, dB")
    parser.add_argument("--asr", type=float, default=150.0, help="ms that a clip takes to be transcribed")
    parser.add_argument("--vad", choices=("silero", "energy"), default="silero")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        results = runner.run(measured(arguments))
    for name, values in zip(("voice held", "voice stopped"), zip(*results, strict=True), strict=True):
        done = sorted(value for value in values if value < inf)
        print(f"{name}: {len(done)} of {len(values)}, after the first sound of the speaker: ", end="")
        print(f"median {percentile(done, 0.5):.0f} ms, p95 {percentile(done, 0.95):.0f} ms")


if __name__ == "__main__":
    main()
