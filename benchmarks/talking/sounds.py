"""What people do into a microphone while somebody else speaks: they interrupt, say that they listen, cough. Seeded; 16 kHz.

Speech is synthetic: flite's voices for English, espeak for Chinese, Japanese and Korean. Speech stands at -23 dBFS. Coughs are
bursts of band-passed noise with a cough's envelope: a sharp beginning, a hoarse middle, sometimes a voiced end; one to three.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from hayakuchi.benchmarks.speech_set import RATE, VOICES, say, utterances
from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS

Sound = NDArray[np.float32]
LEVEL = 10 ** (-23 / 20)
HOP = RATE // 100
ONSET_DBFS, ONSET_BELOW_DB = -35.0, 20.0
"""Where a sound begins: its first 10 ms that are louder than the one, or at most so much below the sound's own level."""
SIGNS = (
    "uh huh|mm hmm|mhm|yeah|yeah yeah|right|okay|I see|oh I see|got it|sure|wow|really|of course|exactly|hmm|yep|"
    "oh really|that's true|makes sense"
).split("|")
SIGNS_ELSEWHERE = (
    "嗯|嗯嗯|哦|对|对对对|是的|好的|是吗|原来如此|真的吗|うん|うんうん|はい|ええ|へえ|そうですか|なるほど|本当|네|응|맞아요|그래"
).split("|")
COUGHS_HEARD_AS = (
    "||||huh|Huh.|uh|the|Ah.|(coughs)|[cough]|*coughs*|you|Oh.|Hm.|ha ha|Ugh.|...|Ahem.|cough cough|Thank you.|So.|"
    "Yeah.|♪|[BLANK_AUDIO]|咳咳|（咳嗽）|ゴホゴホ|(咳払い)|はっ|콜록콜록|(기침)|I|a|Bye."
).split("|")
"""What recognisers make of coughs: most often nothing."""


@dataclass(frozen=True, slots=True)
class Clip:
    """``words``: begin and end of each, in samples, and what it is heard as."""

    name: str
    sound: Sound
    words: tuple[tuple[int, int, str], ...]

    @property
    def onset(self) -> int:
        return onset(self.sound)


def onset(sound: Sound) -> int:
    """The first sample of the first 10 ms that can be heard."""
    power = np.mean(np.pad(sound, (0, -len(sound) % HOP)).reshape(-1, HOP) ** 2, axis=1)
    level = float(np.mean(power[power > power.max() * 1e-4]))
    least = min(10 ** (ONSET_DBFS / 10), level * 10 ** (-ONSET_BELOW_DB / 10))
    return int(np.argmax(power >= least)) * HOP


def levelled(sound: Sound, level: float = LEVEL) -> Sound:
    loud = sound[np.abs(sound) > np.abs(sound).max() / 20]
    return (sound * (level / np.sqrt(np.mean(loud**2)))).astype(np.float32)


def interruptions(count: int, seed: int) -> list[Clip]:
    """Sentences of the set of utterances, by all voices."""
    clips: list[Clip] = []
    for number, spoken in enumerate(utterances(count * 2, seed, part=1)):
        if number % 10 >= 5:  # of each speaker in turn
            continue
        begins = [spoken.began, *(word.end for word in spoken.words[:-1])]
        words = tuple((begin, word.end, word.text) for begin, word in zip(begins, spoken.words, strict=True))
        clips.append(Clip(" ".join(word.text for word in spoken.words), levelled(spoken.sound), words))
    return clips[:count]


def signs(count: int, seed: int) -> list[Clip]:
    """English signs of listening."""
    chance = random.Random(seed)
    clips: list[Clip] = []
    for number in range(count):
        text = SIGNS[number % len(SIGNS)]
        sound, _, _ = say(VOICES[chance.randrange(len(VOICES))], text)
        faster = soxr.resample(sound, RATE * chance.uniform(0.85, 1.15), RATE)
        clips.append(_whole(text, levelled(np.asarray(faster, np.float32), LEVEL * chance.uniform(0.4, 1.0))))
    return clips


async def signs_elsewhere(count: int, seed: int) -> list[Clip]:
    """Those of Chinese, Japanese and Korean."""
    chance = random.Random(seed)
    clips: list[Clip] = []
    async for text, sound in _spoken([SIGNS_ELSEWHERE[n % len(SIGNS_ELSEWHERE)] for n in range(count)], chance):
        clips.append(_whole(text, levelled(sound, LEVEL * chance.uniform(0.4, 1.0))))
    return clips


async def _spoken(texts: Sequence[str], chance: random.Random) -> AsyncIterator[tuple[str, Sound]]:
    for pitch in (30, 50, 70):
        voice = EspeakTTS(EspeakConfig(pitch=pitch, rate=chance.randint(150, 200)))
        await voice.open()
        try:
            for text in texts[(pitch - 30) // 20 :: 3]:
                async with aclosing(voice.synthesize(SpeechRequest(text))) as pieces:
                    pcm = b"".join([piece.pcm async for piece in pieces])
                sound = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
                yield text, np.asarray(soxr.resample(sound, voice.sample_rate, RATE), np.float32)
        finally:
            await voice.aclose()


def coughs(count: int, seed: int) -> list[Clip]:
    """What each is heard as is drawn from ``COUGHS_HEARD_AS``."""
    chance = random.Random(seed)
    random_ = np.random.default_rng(seed)
    clips: list[Clip] = []
    for number in range(count):
        bursts = [_burst(chance, random_) for _ in range(chance.randint(1, 3))]
        gaps = [np.zeros(int(RATE * chance.uniform(0.08, 0.35)), np.float32) for _ in bursts]
        sound = np.concatenate([piece for pair in zip(bursts, gaps, strict=True) for piece in pair])
        clips.append(_whole(chance.choice(COUGHS_HEARD_AS), sound * chance.uniform(0.15, 0.8), f"cough {number}"))
    return clips


def _burst(chance: random.Random, random_: np.random.Generator) -> Sound:
    """An explosion of 30 ms or so, 100 to 250 ms of hoarse breath, and a voiced end in half of them."""
    length = int(RATE * chance.uniform(0.16, 0.36))
    at = np.arange(length) / RATE
    breath = _band(random_.standard_normal(length), chance.uniform(250, 600), chance.uniform(2500, 5500))
    envelope = np.minimum(at / 0.004, 1) * (np.exp(-at / 0.03) + 0.45 * np.exp(-at / chance.uniform(0.06, 0.12)))
    sound = breath * envelope
    if chance.random() < 0.5:
        pitch = chance.uniform(120, 320) * (1 - 0.8 * at)
        buzz = _band(np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE)), 200, 1800)
        sound += 0.5 * buzz * np.clip((at - 0.09) / 0.03, 0, 1) * np.exp(-np.maximum(at - 0.12, 0) / 0.05)
    return (sound / np.abs(sound).max()).astype(np.float32)


def _band(sound: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum *= 1 / np.sqrt(1 + (hertz / high) ** 6) / np.sqrt(1 + (low / np.maximum(hertz, 1)) ** 4)
    return np.fft.irfft(spectrum, len(sound))


def _whole(text: str, sound: Sound, name: str = "") -> Clip:
    first = onset(sound)
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() / 50)
    return Clip(name or text, sound, ((first, int(loud[-1]), text),) if text else ())
