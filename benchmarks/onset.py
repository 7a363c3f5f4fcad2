"""How soon after somebody begins to speak that is known, and how often a desk or a noise is taken for speech.

    uv run python benchmarks/onset.py [--vad silero|energy] [--count 250] [--seed 2] [--part 1]

``SpeechDetector`` hears utterances of ``speech_set.py`` in all of flite's voices, without noise, and with steady noise 20 and
10 dB below the speech. ``onset`` is the time from the first 10 ms whose level is within 25 dB of the clip's own speech, before
any noise is added, to the end of the frame that decides; ``label`` is the time from where the voice says that its first sound
begins, which may be the silence before a "t". Neither counts the way from the microphone. The sounds of ``click_set.py`` come
``CLICKS`` of each kind, and ``begun`` is the share that was taken for speech; noise is white, pink and a hum, at three levels,
for a minute each.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from hayakuchi.asr.activity import activity_factory
from hayakuchi.asr.base import FRAME_SAMPLES, VoiceActivity
from hayakuchi.asr.detector import SpeechDetector
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.benchmarks.click_set import KINDS, clicks
from hayakuchi.benchmarks.peers.figures import percentile
from hayakuchi.benchmarks.speech_set import RATE, VOICES, Noise, Samples, Utterance, utterances

ALL_VOICES = (*VOICES, "kal")
CLICKS = 100
AUDIBLE_DB = 25.0
PIECE = RATE // 100
NOISE_S = 60.0
NOISE_DB = (-50.0, -40.0, -30.0)
SNRS = (None, 20.0, 10.0)
Make = Callable[[], VoiceActivity]


def audible(utterance: Utterance) -> int:
    """The sample where it is first loud enough to be heard."""
    spoken = utterance.sound[utterance.began : utterance.ended]
    level = float(np.mean(spoken[np.abs(spoken) > 0.005] ** 2)) / 10 ** (AUDIBLE_DB / 10)
    pieces = spoken[: len(spoken) // PIECE * PIECE].reshape(-1, PIECE)
    return utterance.began + int(np.argmax(np.mean(pieces**2, axis=1) >= level)) * PIECE


def beginnings(activity: VoiceActivity, sound: Samples) -> Iterator[int]:
    """The sample at which each stretch of speech was heard to have begun."""
    detector = SpeechDetector(activity, EarsSettings())
    was = False
    for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        detector.feed(sound[at : at + FRAME_SAMPLES])
        if detector.speaking and not was:
            yield detector.position
        was = detector.speaking


def show_speech(make: Make, count: int, seed: int, part: int) -> None:
    noise = Noise(seed)
    spoken = list(utterances(count, seed, part, ALL_VOICES))
    for snr in SNRS:
        onsets: list[float] = []
        labels: list[float] = []
        missed = early = 0
        for one in spoken:
            heard = list(beginnings(make(), noise.over(one, "steady", snr)[: one.ended]))
            early += any(at <= one.began for at in heard)
            first = next((at for at in heard if at > one.began), None)
            if first is None:
                missed += 1
                continue
            onsets.append((first - audible(one)) * 1000 / RATE)
            labels.append((first - one.began) * 1000 / RATE)
        name = "clean" if snr is None else f"{snr:g} dB"
        print(f"{name:6} onset {_spread(onsets)}   label {_spread(labels)}   missed {missed}, too early {early}")


def _spread(values: list[float]) -> str:
    ranked = sorted(values)
    return f"p50 {statistics.median(ranked):4.0f}  p95 {percentile(ranked, 0.95):4.0f}  p99 {percentile(ranked, 0.99):4.0f} ms"


def show_clicks(make: Make, seed: int) -> None:
    begun = Counter(one.kind for one in clicks(CLICKS, seed) if any(beginnings(make(), one.samples)))
    print("begun by " + ", ".join(f"{kind} {begun[kind] / CLICKS:.0%}" for kind in KINDS))


def show_noise(make: Make, seed: int) -> None:
    chance = np.random.default_rng(seed)
    kinds: dict[Literal["white", "pink", "hum"], Callable[[int], Samples]] = {
        "white": lambda samples: chance.standard_normal(samples).astype(np.float32),
        "pink": lambda samples: _pink(chance, samples),
        "hum": lambda samples: np.sin(2 * np.pi * 50 * np.arange(samples) / RATE).astype(np.float32),
    }
    for kind, sounds in kinds.items():
        counts: list[str] = []
        for level in NOISE_DB:
            noise = sounds(int(NOISE_S * RATE))
            noise *= 10 ** (level / 20) / float(np.sqrt(np.mean(noise**2)))
            counts.append(f"{level:g} dBFS: {sum(1 for _ in beginnings(make(), noise)) * 60 / NOISE_S:.1f}")
        print(f"false beginnings a minute in {kind}: " + ", ".join(counts))


def _pink(chance: np.random.Generator, samples: int) -> Samples:
    spectrum = np.fft.rfft(chance.standard_normal(samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20))
    return np.fft.irfft(spectrum, samples).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--vad", choices=("silero", "energy"), default="silero")
    parser.add_argument("--count", type=int, default=250, help="utterances, each heard under every noise")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--part", type=int, default=1, help="which sentences; 0 are those that were tuned on")
    given = parser.parse_args()
    if shutil.which("flite") is None:
        sys.exit("needs flite; try: apt install flite")
    make = activity_factory(EarsSettings(vad=given.vad))
    show_speech(make, given.count, given.seed, given.part)
    show_clicks(make, given.seed)
    show_noise(make, given.seed)


if __name__ == "__main__":
    main()
