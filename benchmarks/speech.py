"""What each format of ``/v1/audio/speech`` adds to the time to the first byte, side by side with plain samples.

    uv run python benchmarks/speech.py

A scripted voice gives its first tenth of a second of sound after 80 ms, and then ten times the speed of speech. It is encoded
once at a time and 20 at a time. ``loop`` is how late the event loop was meanwhile, at most; ``cpu`` is what a second of sound
takes of a core, for itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncGenerator, Iterator
from itertools import cycle, islice

import numpy as np

from hayakuchi.core.types import Audio
from hayakuchi.gateway.audio.encoders import RATE, SoundFormat, encoded, encoder

FIRST_S, PIECE_S, STEP_S = 0.08, 0.1, 0.01
SECONDS = 3.0
AT_A_TIME = 20


def sound() -> Audio:
    """A voice-like hum with noise."""
    at = np.arange(int(SECONDS * RATE)) / RATE
    hum = sum(np.sin(2 * np.pi * 140 * part * at) / part for part in range(1, 12))
    shaped = hum * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at)) + np.random.default_rng(0).normal(0, 0.05, at.size)
    return Audio((shaped * 5000).astype(np.int16).tobytes(), RATE)


CLIP = sound()


async def voice() -> AsyncGenerator[Audio, None]:
    await asyncio.sleep(FIRST_S)
    for piece in CLIP.split(PIECE_S * 1000):
        yield piece
        await asyncio.sleep(STEP_S)


async def first_byte_ms(form: SoundFormat) -> float:
    """From the question to the first byte; the file is read to its end."""
    began, first = time.perf_counter(), 0.0
    async for _ in encoded(voice(), form):
        first = first or (time.perf_counter() - began) * 1000
    return first


async def at_a_time(forms: Iterator[SoundFormat], count: int) -> tuple[list[float], float]:
    """First bytes, and how late the loop was at most."""
    late_ms = 0.0

    async def watch() -> None:
        nonlocal late_ms
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            late_ms = max(late_ms, (time.perf_counter() - began) * 1000 - 5)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        tasks = [group.create_task(first_byte_ms(form)) for form in islice(forms, count)]
        found = [await task for task in tasks]
        watching.cancel()
    return found, late_ms


def cpu_ms(form: SoundFormat) -> float:
    """Per second of sound."""
    coding = encoder(form)
    began = time.thread_time()
    for piece in CLIP.split(PIECE_S * 1000):
        coding.encode(piece)
    coding.finish()
    return (time.thread_time() - began) * 1000 / SECONDS


async def measure(rounds: int) -> dict[str, dict[str, float]]:
    for form in SoundFormat:
        await first_byte_ms(form)  # loads what is loaded once
    alone: dict[SoundFormat, list[float]] = {form: [] for form in SoundFormat}
    for _ in range(rounds):
        for form in SoundFormat:
            alone[form].append(await first_byte_ms(form))
    plain = statistics.median(alone[SoundFormat.PCM])
    rows: dict[str, dict[str, float]] = {}
    for form in SoundFormat:
        many, late_ms = await at_a_time(cycle([form]), AT_A_TIME)
        rows[form.value] = {
            "first_byte_ms": statistics.median(alone[form]),
            "added_ms": statistics.median(alone[form]) - plain,
            "of_pcm": statistics.median(alone[form]) / plain,
            "of_20_p50_ms": statistics.median(many),
            "of_20_max_ms": max(many),
            "loop_ms": late_ms,
            "cpu_ms": statistics.median(cpu_ms(form) for _ in range(5)),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.rounds))
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    names = list(rows["pcm"])
    print(f"{'':6}" + "".join(f"{name:>15}" for name in names))
    for form, row in rows.items():
        print(f"{form:6}" + "".join(f"{row[name]:>15.2f}" for name in names))


if __name__ == "__main__":
    main()
