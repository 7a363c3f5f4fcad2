"""The arithmetic of the comparison: percentiles, holes, what was heard of which word, where segments end. Pure; times in ms."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hayakuchi.benchmarks.script import cut_token, duration_ms

AUDIBLE = 500
"""A sample louder than this can be heard; the scripted voice's silence is 0."""
MARKS = "。！？!?.…,;:，、；：—–-~～\n"
CLOSERS = "\"'”’」』）)】 "


def percentile(values: Iterable[float], share: float) -> float:
    """By nearest rank; NaN for nothing."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def holes(arrivals: Sequence[tuple[float, float]]) -> list[float]:
    """How long a listener that plays what it gets at once had nothing to play, each time it ran dry before the last piece.

    ``arrivals``: (when it came, how long it lasts) of each piece of sound.
    """
    found: list[float] = []
    dry_at = arrivals[0][0] if arrivals else 0.0
    for at, lasts in arrivals:
        if at > dry_at:
            found.append(at - dry_at)
        dry_at = max(dry_at, at) + lasts
    return found


def audible(pcm: bytes) -> bool:
    samples = array("h", pcm)
    return bool(samples) and (max(samples) > AUDIBLE or min(samples) < -AUDIBLE)


def places_heard(pcm: bytes, levels: Sequence[int], length: int) -> dict[int, Counter[int]]:
    """For each voice (its level), how many samples of each place of the reply are in the sound."""
    heard: dict[int, Counter[int]] = {level: Counter() for level in levels}
    for loudness, count in Counter(map(abs, array("h", pcm))).items():
        for level in levels:
            if level <= loudness < level + length:
                heard[level][loudness - level] += count
    return heard


def lost_and_doubled(reply: str, heard: Counter[int], rate: int) -> tuple[list[str], list[str]]:
    """The words of a reply of which less than half was heard, and those of which half was heard once more.

    A word in which the voice was cut off may be said again: it is doubled only if half of it had been heard before.
    """
    lost: list[str] = []
    doubled: list[str] = []
    start = 0
    for word in reply.split(" "):
        letters = [place for place in range(start, start + len(word)) if reply[place].isalnum()]
        start += len(word) + 1
        whole = sum(duration_ms(reply[place]) for place in letters) * rate / 1000
        share = sum(heard[place] for place in letters) / whole if whole else 1.0
        if share < 0.5:
            lost.append(word)
        elif share >= 1.5:
            doubled.append(word)
    return lost, doubled


def unheard(reply: str, heard: Counter[int], rate: int) -> int:
    """How many letters and digits of a reply less than half of was heard."""
    return sum(ch.isalnum() and heard[place] < duration_ms(ch) * rate / 2000 for place, ch in enumerate(reply))


def ends_at_mark(text: str) -> bool:
    """Whether a segment ends where a clause or a sentence does."""
    return text.rstrip(CLOSERS).endswith(tuple(MARKS)) or text.endswith("\n")


@dataclass(frozen=True, slots=True)
class Added:
    """What a system added to the models' own time, on each part of the way."""

    to_model: float
    to_voice: float
    to_listener: float

    @property
    def total(self) -> float:
        return self.to_model + self.to_voice + self.to_listener


def added(asked: float, first_audio: float, log: dict[str, Any]) -> Added | None:
    """Times in s, result in ms: beyond the ideal, which is the model's time to the token that made the first cut possible plus
    the voice's time to its first byte. None when the voice was first asked for something else than the reply's beginning.
    """
    speech = log["speech"][0] if log["speech"] else None
    number = cut_token(log["reply"], speech["text"]) if speech else None
    if speech is None or number is None or number >= len(log["tokens"]) or speech["first_byte"] is None:
        return None
    return Added(
        (log["llm_request"] - asked) * 1000,
        (speech["request"] - log["tokens"][number]) * 1000,
        (first_audio - speech["first_byte"]) * 1000,
    )


def said_whole(log: dict[str, Any], audio_ms: float) -> bool:
    """Whether all of the reply was asked of the voice, in order, and all of its sound was received."""
    texts = "".join(one["text"] for one in log["speech"])
    due_ms = sum(duration_ms(one["text"]) for one in log["speech"])
    return _bare(texts).endswith(_bare(log["reply"])) and audio_ms >= 0.95 * due_ms


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
