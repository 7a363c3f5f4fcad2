"""Time to the first chunk of a phrase: asked of the voice, found in memory, found on disk, side by side.

    uv run python benchmarks/phrase_cache.py

Two voices: espeak-ng, and a scripted one whose first byte takes 80 ms, as a service's does. Each phrase is asked for (a
miss) and asked for again (memory); after a restart again (disk) and again (memory). The files have just been written, so the
disk is as fast as the system's page cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts.cache_settings import CacheSettings
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.fallback import FallbackTTS
from hayakuchi.tts.phrase_cache import CachedTTS

FIRST_BYTE_S = 0.08


class ScriptedVoice:
    """80 ms to the first of ten chunks of 100 ms, which then come at ten times the speed of speech."""

    name = "scripted_voice"
    sample_rate = 24_000
    deadlines = Deadlines(2.0, 0.5)

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return self.name

    async def aclose(self) -> None: ...

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Audio, None]:
        await asyncio.sleep(FIRST_BYTE_S)
        for _ in range(10):
            yield Audio(b"\x00\x10\x00\xf0" * 1200, self.sample_rate)
            await asyncio.sleep(0.01)


VOICES: dict[str, Callable[[], Any]] = {
    "espeak_tts": lambda: EspeakTTS(EspeakConfig()),
    "scripted 80 ms": ScriptedVoice,
}


async def first_chunk_ms(voice: CachedTTS, request: SpeechRequest) -> float:
    """The clip is read to its end, as a turn does."""
    began, first = time.perf_counter(), math.nan
    async with aclosing(voice.synthesize(request)) as items:
        async for _ in items:
            if math.isnan(first):
                first = (time.perf_counter() - began) * 1000
    return first


async def measure(make: Callable[[], Any], phrases: int, folder: str) -> dict[str, list[float]]:
    settings = CacheSettings(folder=folder, size=10 * phrases)
    requests = [SpeechRequest(f"Well, this is number {number}.", tail_ms=150) for number in range(phrases)]
    took: dict[str, list[float]] = {"miss": [], "memory": [], "disk": []}
    for run in ("first", "second"):
        voice = CachedTTS(FallbackTTS([make()]), settings)
        try:
            await voice.open()
            await voice.probe()
            for request in requests:
                took["miss" if run == "first" else "disk"].append(await first_chunk_ms(voice, request))
                took["memory"].append(await first_chunk_ms(voice, request))
            found = voice.snapshot()
        finally:
            await voice.aclose()
        expected = {"first": (phrases, 0, phrases), "second": (2 * phrases, phrases, 0)}[run]
        if (found["hits"], found["disk_hits"], found["misses"]) != expected:
            raise SystemExit(f"the phrases were not found where they should be: {found}")
    return took


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phrases", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results: dict[str, dict[str, dict[str, float]]] = {}
    for name, make in VOICES.items():
        with tempfile.TemporaryDirectory() as folder:
            took = asyncio.run(measure(make, given.phrases, str(Path(folder) / "phrases")))
        miss = percentile(took["miss"], 0.5)
        results[name] = {
            kind: {
                "p50_ms": percentile(values, 0.5),
                "p95_ms": percentile(values, 0.95),
                "of_miss": percentile(values, 0.5) / miss,
            }
            for kind, values in took.items()
        }
    if given.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{'voice':16}{'first chunk':14}{'p50 ms':>10}{'p95 ms':>10}{'of a miss':>11}")
    for name, kinds in results.items():
        for kind, row in kinds.items():
            print(f"{name:16}{kind:14}{row['p50_ms']:>10.3f}{row['p95_ms']:>10.3f}{row['of_miss']:>10.1%}")


if __name__ == "__main__":
    main()
