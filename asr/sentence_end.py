"""Whether what was said so far sounds over, judged by its last words and marks.

A recogniser puts a full stop after nearly everything it decodes, so that a stop says little, while a last word that asks for
another one says much: "I want to buy a." is not over, whatever the mark.
"""

from __future__ import annotations

import re
from enum import StrEnum

from .open_words import (
    ASKING,
    CLOSING,
    INVERTED,
    NEGATED,
    NEVER_LAST,
    OPEN_ENDS,
    OPEN_PHRASES,
    OPEN_WORDS,
    SUBJECTS,
    SUBORDINATORS,
)


class Ending(StrEnum):
    """How a text ends."""

    OPEN = "open"
    """In the middle: more is to come."""
    BARE = "bare"
    """Nothing says that it is over, nor that it is not."""
    STOP = "stop"
    """With a full stop, or a word that ends sentences."""
    QUESTION = "question"
    """With a question, or an exclamation."""


TRAILING_OFF = re.compile(r"(\.{2,}|…|[,、，:：;；\-–—~～])$")
STOPS = re.compile(r"[.。．｡]$")
MARKS = ".。．｡?？!！ "
CRIES = re.compile(r"[?？!！]$")
AROUND = "\"'”’»)]）」』】 \t\n"
HANGUL = re.compile(r"[가-힣]")
KANA = re.compile(r"[ぁ-ヿ]")
HAN = re.compile(r"[一-鿿]")
LATIN = re.compile(r"[A-Za-z]")
SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
TAIL = 200
"""So many letters at the end are looked at."""
CLAUSE_WORDS = 9
"""A subordinate clause of more words than that has its main clause with it, most likely."""


def marked(text: str) -> bool:
    """Whether the recogniser has put a mark that ends sentences."""
    text = _tail(text)
    return not TRAILING_OFF.search(text) and bool(STOPS.search(text) or CRIES.search(text))


def judge(text: str, language: str | None) -> Ending:
    """How ``text`` ends, in a language given as ISO 639-1 code; None: as its letters look."""
    text = _tail(text)
    if TRAILING_OFF.search(text):
        return Ending.OPEN
    sentence = SENTENCES.split(text.rstrip(MARKS))[-1].lower()
    spoken = _language(sentence, language)
    if CRIES.search(text):
        last = (WORDS.findall(sentence) or [""])[-1]
        return Ending.OPEN if last in NEVER_LAST.get(spoken, ()) else Ending.QUESTION
    if _goes_on(sentence, spoken):
        return Ending.OPEN
    if sentence.endswith(ASKING.get(spoken, ())):
        return Ending.QUESTION
    if STOPS.search(text) or (spoken in OPEN_ENDS and sentence.endswith(CLOSING[spoken])):
        return Ending.STOP
    return Ending.BARE


def _tail(text: str) -> str:
    return text.rstrip(AROUND)[-TAIL:]


def _language(text: str, told: str | None) -> str:
    """Letters that only one language writes go before what was told: the recogniser may have taken it for another one."""
    if HANGUL.search(text):
        return "ko"
    if KANA.search(text):
        return "ja"
    if HAN.search(text):
        return told if told in ("zh", "ja") else "zh"
    return told or ("en" if LATIN.search(text) else "")


def _goes_on(sentence: str, language: str) -> bool:
    """Whether the words of one sentence, in lower case and without its full stop, ask for more."""
    if language in OPEN_ENDS:
        closing = _longest(sentence, CLOSING[language] + ASKING[language])
        return _longest(sentence, OPEN_ENDS[language]) > closing
    if language not in OPEN_WORDS or sentence.endswith(CLOSING.get(language, ())):
        return False
    words = WORDS.findall(sentence.replace("’", "'"))
    if not words:
        return False
    if words[-1] in OPEN_WORDS[language] or " ".join(words[-2:]) in OPEN_PHRASES.get(language, ()):
        return True
    if _lacks_verb(words, language):
        return True
    asks = len(words) > 1 and words[1] in INVERTED.get(language, ())
    return words[0] in SUBORDINATORS[language] and not asks and len(words) <= CLAUSE_WORDS and "," not in sentence


def _lacks_verb(words: list[str], language: str) -> bool:
    """Whether a verb must follow: after a subject alone, with or without its auxiliary, or after a negation."""
    if language not in SUBJECTS:
        return False
    if words[-1] in NEGATED[language]:
        return len(words) > 2
    alone = len(words) == 1 or (len(words) == 2 and words[0] in INVERTED[language])
    return alone and words[-1] in SUBJECTS[language]


def _longest(sentence: str, ends: tuple[str, ...]) -> int:
    """Of the ends that ``sentence`` has; 0: none."""
    return max((len(end) for end in ends if sentence.endswith(end)), default=0)
