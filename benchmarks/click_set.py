"""Short sounds of a desk that are no speech, made of decaying noise and tones, and coughs. Seeded.

    key      a keyboard's switch: two bursts of a few ms, the lower one when it bottoms out; alone or typed, 4 to 9 a second
    mouse    two clicks of 1 to 3 ms, 60 to 120 ms apart
    knock    a knuckle on a desk, or a mug set down: damped tones of 80 to 600 Hz, one to three in a row
    clink    a glass: damped tones of 1.5 to 6 kHz that ring for up to 300 ms
    clap     a burst of noise that dies away in 20 to 60 ms, as in a room
    cough    one or two bursts of breath through a throat, 120 to 300 ms each

Peaks lie between -24 and -3 dBFS, most of them as loud as speech. They are synthetic: what a real desk does may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, pi

import numpy as np
from numpy.random import Generator

from hayakuchi.benchmarks.speech_set import RATE, Samples

LEAD_S, LENGTH_S = 1.0, 2.4
PEAK_DB = (-24.0, -3.0)
FLOOR_DB = (-80.0, -55.0)
"""The noise of the room under them."""


@dataclass(frozen=True, slots=True)
class Sound:
    kind: str
    samples: Samples


def clicks(count: int, seed: int, kinds: tuple[str, ...] | None = None) -> Iterator[Sound]:
    """``count`` of each kind."""
    chance = np.random.default_rng(seed)
    for kind in kinds or tuple(KINDS):
        for _ in range(count):
            made = KINDS[kind](chance)
            clip = np.zeros(int((LEAD_S + LENGTH_S) * RATE))
            at = int((LEAD_S + chance.uniform(0, 0.064)) * RATE)
            clip[at : at + len(made)] += made / np.max(np.abs(made)) * _level(chance, PEAK_DB)
            clip += chance.standard_normal(len(clip)) * _level(chance, FLOOR_DB)
            yield Sound(kind, clip.astype(np.float32))


def _level(chance: Generator, between_db: tuple[float, float]) -> float:
    return 10 ** (chance.uniform(*between_db) / 20)


def _fading(samples: int, ms: float) -> Samples:
    """Falls to a third in ``ms``."""
    return np.exp(-np.arange(samples) / (ms * RATE / 1000)).astype(np.float32)


def _burst(chance: Generator, ms: float, low: float, high: float, length_ms: float | None = None) -> Samples:
    """Noise between two frequencies that dies away in ``ms``."""
    samples = int((length_ms or 6 * ms) * RATE / 1000) + 64
    return _band(chance.standard_normal(samples), low, high) * _fading(samples, ms)


def _band(noise: np.ndarray, low: float, high: float) -> Samples:
    spectrum = np.fft.rfft(noise)
    at = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum *= 1 / (1 + (low / np.maximum(at, 1)) ** 4) / (1 + (at / high) ** 4)
    return np.fft.irfft(spectrum, len(noise)).astype(np.float32)


def _ringing(chance: Generator, hz: tuple[float, float], ms: tuple[float, float], tones: int) -> Samples:
    longest = int(ms[1] * 5 * RATE / 1000)
    time = np.arange(longest) / RATE
    made = np.zeros(longest, np.float32)
    for _ in range(tones):
        fading = _fading(longest, chance.uniform(*ms))
        made += chance.uniform(0.3, 1) * np.sin(2 * pi * chance.uniform(*hz) * time).astype(np.float32) * fading
    return made


def _after(parts: list[tuple[float, Samples]]) -> Samples:
    """Parts that begin at so many ms."""
    made = np.zeros(max(int(ms * RATE / 1000) + len(part) for ms, part in parts), np.float32)
    for ms, part in parts:
        at = int(ms * RATE / 1000)
        made[at : at + len(part)] += part
    return made


def _key(chance: Generator) -> Samples:
    gap, many = 1000 / chance.uniform(4, 9), int(chance.choice([1, 1, 4, 8]))
    parts: list[tuple[float, Samples]] = []
    for place in range(many):
        at = max(place * gap * chance.uniform(0.85, 1.15), 0)
        parts.append((at, _burst(chance, chance.uniform(0.7, 2), 1500, 7000) * chance.uniform(0.4, 1)))
        parts.append((at + chance.uniform(8, 25), _burst(chance, chance.uniform(3, 9), 150, 2500)))
        parts.append((at + chance.uniform(60, 110), _burst(chance, chance.uniform(0.7, 2), 1500, 7000) * 0.4))
    return _after(parts)


def _mouse(chance: Generator) -> Samples:
    down, up = (_burst(chance, chance.uniform(0.4, 1.2), 1200, 7000) for _ in range(2))
    return _after([(0, down), (chance.uniform(60, 120), up * 0.7)])


def _knock(chance: Generator) -> Samples:
    gap = chance.uniform(140, 260)
    blows = range(int(chance.integers(1, 4)))
    parts: list[tuple[float, Samples]] = []
    for blow in blows:
        parts.append((blow * gap, _ringing(chance, (80, 600), (8, 35), 3) * chance.uniform(0.6, 1)))
        parts.append((blow * gap, _burst(chance, 2, 300, 4000) * chance.uniform(0.1, 0.5)))
    return _after(parts)


def _clink(chance: Generator) -> Samples:
    return _ringing(chance, (1500, 6000), (20, 100), 4)


def _clap(chance: Generator) -> Samples:
    return _after(
        [
            (0, _burst(chance, chance.uniform(1, 3), 700, 5000)),
            (2, _burst(chance, chance.uniform(8, 20), 500, 4000) * 0.3),
        ]
    )


def _cough(chance: Generator) -> Samples:
    parts: list[tuple[float, Samples]] = []
    at = 0.0
    for _ in range(int(chance.integers(1, 3))):
        ms = chance.uniform(120, 300)
        breath = _burst(chance, ms / 3, 300, 3500, ms)
        formant = chance.uniform(500, 900)
        throat = _band(chance.standard_normal(len(breath)), formant * 0.8, formant * 1.2) * _fading(len(breath), ms / 3)
        voice = np.sign(np.sin(2 * pi * np.cumsum(np.linspace(160, 110, len(breath))) / RATE)).astype(np.float32)
        voiced = _band(voice, 300, 1500) * _fading(len(breath), ms / 2) * np.float32(exp(chance.uniform(-3, -0.5)))
        parts.append((at, (breath + 2 * throat + voiced).astype(np.float32)))
        at += ms + chance.uniform(80, 200)
    return _after(parts)


KINDS: dict[str, Callable[[Generator], Samples]] = {
    "key": _key,
    "mouse": _mouse,
    "knock": _knock,
    "clink": _clink,
    "clap": _clap,
    "cough": _cough,
}
