"""Utterances of known words and a known end, spoken by flite, with pauses inside and noise around. Seeded.

What is assumed, because no recordings can be shipped:

- Four voices speak whole sentences as one says things to a streamer (``speech_set.txt``). They are read, not conversed: nobody
  says "um", and the melody before a pause is the one before a comma.
- An utterance has no, one or two pauses inside (45, 40, 15 %); six in ten at a clause boundary, the others behind any word.
- Pauses are log-normal. Each session has a speaker with a median of its own, around 350 ms, and a spread of 0.5: half of the
  pauses last 250 to 490 ms, which is what studies of speech call typical, and one in fifteen exceeds 800 ms.
- Noise is white, pink, or babble of six voices, for the whole clip, at a level relative to the speech itself.
- Each word takes a part of its phrase in proportion to its letters.

Sentences with an even number are for tuning (``part=0``), the odd ones for what is reported (``part=1``). Those of
``speech_set_fresh.txt`` (``part=2``) were written after the last tuning and are for reports only: who changes a rule because of
what they show writes another file.
"""

from __future__ import annotations

import random
import re
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

RATE = 16_000
VOICES = ("rms", "slt", "kal16", "awb")
PAUSES = ((0, 0.45), (1, 0.40), (2, 0.15))
AT_CLAUSES = 0.6
MEDIAN_MS, SPEAKERS_DIFFER, SPREAD = 350.0, 0.2, 0.5
LEAD_S, TAIL_S = (0.4, 1.0), 3.5
SESSION = 20
"""Utterances of one speaker, in a row."""
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    end: int
    """The sample after it."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """``sound`` has no noise yet."""

    session: int
    words: tuple[Word, ...]
    sound: Samples
    began: int
    pauses_ms: tuple[float, ...] = ()
    """What was put between its words."""

    @property
    def ended(self) -> int:
        return self.words[-1].end


def sentences(part: int) -> list[str]:
    name = "speech_set_fresh.txt" if part == 2 else "speech_set.txt"
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return lines if part == 2 else lines[part::2]


def utterances(count: int, seed: int, part: int, voices: Sequence[str] = VOICES) -> Iterator[Utterance]:
    """In sessions of ``SESSION``, each with a voice and a pace of its own."""
    chance = random.Random(seed)
    texts = sentences(part)
    made = 0
    median = MEDIAN_MS
    while made < count:
        session, place = divmod(made, SESSION)
        if place == 0:
            median = MEDIAN_MS * exp(chance.gauss(0, SPEAKERS_DIFFER))
        utterance = _utterance(chance, chance.choice(texts), voices[session % len(voices)], session, median)
        if utterance is not None:
            made += 1
            yield utterance


def _utterance(chance: random.Random, text: str, voice: str, session: int, median_ms: float) -> Utterance | None:
    """None: the voice did not pause where it was told to."""
    words, clauses = _words(text)
    pauses = _pauses(chance, len(words), clauses)
    spoken = [word + "," if at in pauses and word[-1].isalnum() else word for at, word in enumerate(words)]
    sound, gaps, ended = say(voice, " ".join(spoken))
    phrases = _phrases(spoken)
    if len(gaps) != len(phrases):
        return None
    pieces: list[Samples] = [np.zeros(int(RATE * chance.uniform(*LEAD_S)), np.float32)]
    timed: list[Word] = []
    silences: list[float] = []
    for index, (first, last) in enumerate(phrases):
        begin, end = gaps[index][1], gaps[index + 1][0] if index + 1 < len(gaps) else ended
        at = sum(map(len, pieces))
        timed += _timed(words[first : last + 1], at, end - begin)
        pieces.append(sound[begin:end])
        if last in pauses:
            silences.append(median_ms * exp(chance.gauss(0, SPREAD)))
            pieces.append(np.zeros(int(RATE * silences[-1] / 1000), np.float32))
        elif index + 1 < len(gaps):
            pieces.append(sound[end : gaps[index + 1][1]])
    pieces.append(np.zeros(int(RATE * TAIL_S), np.float32))
    return Utterance(session, tuple(timed), np.concatenate(pieces), len(pieces[0]), tuple(silences))


def _words(text: str) -> tuple[list[str], set[int]]:
    """The words, and which of them end a clause within the sentence."""
    words: list[str] = []
    clauses: set[int] = set()
    for token in text.split():
        if token == "|":
            clauses.add(len(words) - 1)
        else:
            words.append(token)
    return words, clauses


def _pauses(chance: random.Random, words: int, clauses: set[int]) -> set[int]:
    """After which words there is a pause."""
    (many,) = chance.choices([count for count, _ in PAUSES], [share for _, share in PAUSES])
    pauses: set[int] = set()
    for _ in range(min(many, max(words - 2, 0))):
        free = sorted(clauses - pauses)
        at_clause = free and chance.random() < AT_CLAUSES
        pauses.add(chance.choice(free) if at_clause else chance.randrange(words - 1))
    return pauses


def _phrases(spoken: Sequence[str]) -> list[tuple[int, int]]:
    """First and last word of what is spoken between two marks."""
    ends = [at for at, word in enumerate(spoken) if not word[-1].isalnum()]
    return list(zip([0, *(end + 1 for end in ends[:-1])], ends, strict=True))


def _timed(words: Sequence[str], begin: int, samples: int) -> Iterator[Word]:
    letters, said = sum(map(len, words)), 0
    for word in words:
        said += len(word)
        yield Word(word, begin + samples * said // letters)


@lru_cache(maxsize=2000)
def say(voice: str, text: str) -> tuple[Samples, tuple[tuple[int, int], ...], int]:
    """The sound; the first and last sample of each pause but the last, the one in front included; where the last begins."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "clip.wav")
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(file)]
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        with wave.open(str(file)) as clip:
            rate = clip.getframerate()
            spoken = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(np.float32) / 32768
    sound = np.asarray(spoken if rate == RATE else soxr.resample(spoken, rate, RATE), np.float32)
    gaps: list[tuple[int, int]] = []
    before = 0
    for name, end_s in re.findall(r"(\S+):([\d.]+)", told):
        end = min(int(float(end_s) * RATE), len(sound))
        if name == "pau":
            # Two pauses in a row are one: between sentences.
            gaps = [*gaps[:-1], (gaps[-1][0], end)] if gaps and gaps[-1][1] == before else [*gaps, (before, end)]
        before = end
    return sound, tuple(gaps[:-1]), gaps[-1][0]


class Noise:
    """``steady`` (white and pink, by turns) and ``babble``."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._seed = seed
        self._turn = 0

    def over(self, utterance: Utterance, kind: str, snr_db: float | None) -> Samples:
        """The clip with noise that is ``snr_db`` below the speech; None: without."""
        sound = utterance.sound
        if snr_db is None:
            return sound
        self._turn += 1
        make = self._babble if kind == "babble" else (self._white, self._pink)[self._turn % 2]
        noise = make(len(sound))
        speech = sound[np.abs(sound) > 0.005]
        level = np.sqrt(np.mean(speech**2)) * 10 ** (-snr_db / 20)
        return np.clip(sound + noise * (level / np.sqrt(np.mean(noise**2))), -1, 1).astype(np.float32)

    def _white(self, samples: int) -> Samples:
        return self._random.standard_normal(samples).astype(np.float32)

    def _pink(self, samples: int) -> Samples:
        spectrum = np.fft.rfft(self._random.standard_normal(samples))
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20))
        return np.fft.irfft(spectrum, samples).astype(np.float32)

    def _babble(self, samples: int) -> Samples:
        voices = _voices(self._seed)
        at = int(self._random.integers(0, len(voices) - samples))
        return voices[at : at + samples]


@cache
def _voices(seed: int) -> Samples:
    """Six voices at once, for 40 s."""
    chance = random.Random(seed)
    babble = np.zeros(RATE * 40, np.float32)
    for speaker in range(6):
        texts = [_words(text)[0] for text in sentences(0) + sentences(1)]
        line = np.concatenate([say(VOICES[speaker % 4], " ".join(chance.choice(texts)))[0] for _ in range(15)])
        babble += np.resize(np.roll(line, chance.randrange(len(line))), len(babble))
    return babble
