"""Recognisers that are honest about what they are.

:class:`Reader` finds the clip it is given in what a microphone sent, to the sample, and reads from the script what was said
just there. It understands no less and no more than is in the clip: a word counts where its middle is.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Sequence

from hayakuchi.asr.base import NO_WISHES, Wishes
from hayakuchi.asr.pocketsphinx import PocketsphinxASR
from hayakuchi.benchmarks.talking.page import Microphone
from hayakuchi.benchmarks.talking.server import Scripted
from hayakuchi.core.transcript import Transcript
from hayakuchi.core.types import Audio

NEEDLE = 400
"""Bytes of noise that no two microphones have in common."""
Script = Callable[[int, int], str]
"""What is said from one sample of the microphone to another."""
_COMMON = "the a to of and in is it you that was for on are with as be this from or".split()


class Reader(Scripted):
    """Takes ``takes_ms`` for a clip. ``real`` is asked, whatever time it takes, where a microphone has no script."""

    partials = True

    def __init__(self, takes_ms: float = 120.0, real: PocketsphinxASR | None = None) -> None:
        self._takes_s, self._real = takes_ms / 1000, real
        self._scripts: list[tuple[Microphone, Script | None]] = []

    async def open(self) -> None:
        if self._real is not None:
            await self._real.open()

    async def aclose(self) -> None:
        if self._real is not None:
            await self._real.aclose()

    def listen_to(self, mic: Microphone, script: Script | None) -> None:
        """``script``: None where the real recogniser is to be asked."""
        self._scripts.append((mic, script))

    def forget(self, mic: Microphone) -> None:
        self._scripts = [(one, script) for one, script in self._scripts if one is not mic]

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        for mic, script in self._scripts:
            begin = _place(mic.pcm, clip.pcm[:NEEDLE])
            if begin is None:
                continue
            if script is not None:
                await asyncio.sleep(self._takes_s)
                return Transcript(script(begin, begin + len(clip.pcm) // 2), language)
            if self._real is not None:
                return await self._real.transcribe(clip, language="en", partial=partial)
        return Transcript("", language)  # of a microphone that has gone


def _place(pcm: bytearray, needle: bytes) -> int | None:
    at = pcm.find(needle)
    while at % 2 and at >= 0:
        at = pcm.find(needle, at + 1)
    return at // 2 if at >= 0 else None


def words_between(words: Sequence[tuple[int, int, str]]) -> Script:
    """``words``: begin, end, text, in samples of the microphone."""
    return lambda begin, end: " ".join(text for first, last, text in words if begin <= (first + last) // 2 < end)


def mishear(text: str, errors: float, chance: random.Random) -> str:
    """The text as a recogniser has it that gets this share of the words wrong: left out, another word, one too many."""
    heard: list[str] = []
    for word in re.findall(r"[\w']+", text.lower()):
        if chance.random() >= errors:
            heard.append(word)
            continue
        heard += [[], [chance.choice(_COMMON)], [word, chance.choice(_COMMON)], [_blurred(word, chance)]][
            chance.randrange(4)
        ]
    return " ".join(heard)


def _blurred(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + chance.choice("aeioutdpbkgmnrls") + word[place + 1 :]
