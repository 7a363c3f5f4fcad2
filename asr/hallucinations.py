"""What a recogniser makes up where little or nothing was said, told from the same words truly spoken.

Nothing is refused for its words alone: it takes time to say them, and a recogniser that hears them is sure of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import cache

from ..core.transcript import Transcript
from .made_up_phrases import BEGINNINGS, PHRASES

SLACK_MS = 300.0
"""A detector of speech misses the soft ends of words by so much at most."""
SOFT_MS = 100.0
"""What it usually misses of them."""
FASTEST = 45.0, 16.0
"""Letters in a second that nobody exceeds: of alphabets, and of Chinese, Japanese and Korean."""
BRISK = 18.0, 9.0
"""Letters in a second of somebody who speaks fast."""
SHORTEST_MS = 200.0
"""No word takes less, said alone."""
REPEAT_MS = 180.0
"""What a word takes that is said again and again."""
LOOP, ENDLESS = 4, 24
"""Repetitions that may be a loop of the recogniser, and those that nobody would say."""
NO_SPEECH, GUESSWORK = 0.6, -1.0
"""Both together mean that nobody spoke."""
UNSURE_SPEECH, UNSURE = 0.3, -0.6
"""More, or less, is not sure enough for words that are often made up."""

_ANNOTATION = re.compile(
    r"\[[^\]]{,99}\]|\([^)]{,99}\)|（[^）]{,99}）|【[^】]{,99}】|\*[^*]{,99}\*|<[^>]{,99}>|[♪♫♬♩]+"
)
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|[\n,，、]+")
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def believed(transcript: Transcript, speech_ms: float) -> Transcript:
    """The transcript of a clip that held ``speech_ms`` of speech, without what was made up; empty when all was."""
    text = " ".join(_ANNOTATION.sub(" ", transcript.text).split())
    if not _letters(text) or _is_made_up(text, transcript, speech_ms):
        return replace(transcript, text="", segments=())
    shorter = _without_credits(text, speech_ms)
    if shorter == transcript.text:
        return transcript
    kept = tuple(segment for segment in transcript.segments if _letters(segment.text) in _letters(shorter))
    return replace(transcript, text=shorter, segments=tuple(segment for segment in kept if _letters(segment.text)))


def _is_made_up(text: str, transcript: Transcript, speech_ms: float) -> bool:
    no_speech, sureness = transcript.no_speech or 0.0, transcript.log_probability or 0.0
    if no_speech > NO_SPEECH and sureness < GUESSWORK:
        return True
    if _time_to_say(text, FASTEST) > speech_ms + SLACK_MS:
        return True
    unsure = no_speech > UNSURE_SPEECH or sureness < UNSURE
    times = _repetitions(text)
    if times >= ENDLESS or (times >= LOOP and (unsure or times * REPEAT_MS > speech_ms + SLACK_MS)):
        return True
    if not _all_known(_sentences(text)):
        return False
    return unsure or max(_time_to_say(text, BRISK) - SOFT_MS, SHORTEST_MS) > speech_ms


def _without_credits(text: str, speech_ms: float) -> str:
    """Without sentences at the end that are often made up, as long as there was not the time to say all."""
    sentences = _sentences(text)
    while len(sentences) > 1 and _is_known(sentences[-1]) and _time_to_say(text, BRISK) > speech_ms + SLACK_MS:
        text = text[: text.rindex(sentences.pop())].rstrip()
    return text


def _sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCES.split(text) if sentence and _letters(sentence)]


def _all_known(sentences: list[str]) -> bool:
    """Credits go on in any way they like."""
    for sentence in sentences:
        if _letters(sentence).startswith(_credits()):
            return True
        if not _is_known(sentence):
            return False
    return True


def _is_known(sentence: str) -> bool:
    letters = _letters(sentence)
    return letters in _known() or letters.startswith(_credits())


def _letters(text: str) -> str:
    """Letters and digits alone, in one case and width."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def _time_to_say(text: str, rates: tuple[float, float]) -> float:
    letters = _letters(text)
    wide = len(_WIDE.findall(letters))
    return ((len(letters) - wide) / rates[0] + wide / rates[1]) * 1000


def _repetitions(text: str) -> int:
    """How often the same one to four words, or letters of a language without spaces, follow each other, where that is most
    of the text; 1: it is no repetition."""
    words = [word for word in map(_letters, text.split()) if word]
    if len(words) < LOOP:
        words = list(_letters(text)) if _WIDE.search(text) else words
    return max((_runs(words, size) for size in range(1, 5)), default=1)


def _runs(words: list[str], size: int) -> int:
    longest = run = 0
    for index in range(size, len(words)):
        run = run + 1 if words[index] == words[index - size] else 0
        longest = max(longest, run)
    times = longest // size + 1
    return times if times * size * 10 >= len(words) * 7 else 1


@cache
def _known() -> frozenset[str]:
    return frozenset(_letters(phrase) for phrases in PHRASES.values() for phrase in phrases)


@cache
def _credits() -> tuple[str, ...]:
    return tuple(_letters(beginning) for beginning in BEGINNINGS)
