"""What is still to be said of a text when its clip broke off.

A word is said when half of it was given out. Where the voice tells when its words begin, that is known; else it is worked out
from the pace at which the voice spoke before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..core.types import Mark, MarkKind

PACE_MS: Final = 65.0
"""Of a character of an alphabetic script, for a voice that has not finished a clip yet."""
_CJK_CHARACTERS: Final = 3.2
"""So many times as long a Chinese or Japanese character takes."""
_HANGUL_CHARACTERS: Final = 2.2
"""So many times as long a Korean syllable takes."""
_CJK = "\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_WORD = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+")
_IS_CJK = re.compile(f"[{_CJK}]")
_IS_HANGUL = re.compile("[\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    begin_ms: float
    end_ms: float

    def said(self, delivered_ms: float) -> bool:
        return delivered_ms >= (self.begin_ms + self.end_ms) / 2


def characters(text: str) -> float:
    """How long a text is to speak, in characters of an alphabetic script."""
    cjk, hangul = len(_IS_CJK.findall(text)), len(_IS_HANGUL.findall(text))
    return len(text) + (_CJK_CHARACTERS - 1) * cjk + (_HANGUL_CHARACTERS - 1) * hangul


def speakable(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit."""
    return any(map(str.isalnum, text))


def remaining_text(text: str, marks: Sequence[Mark], delivered_ms: float, pace_ms: float = PACE_MS) -> str:
    """What is still to be said of a text after ``delivered_ms`` of its clip, with these marks, were given out.

    It is an end of ``text``: all of it, from some word on, or nothing. ``pace_ms``: what the voice needs for a character.
    """
    if delivered_ms <= 0:
        return text
    marked = [mark for mark in marks if mark.kind is MarkKind.WORD and 0 <= mark.start < len(text)]
    words = _timed(marked, pace_ms) if marked else _estimated(text, pace_ms)
    unsaid = [word.start for word in words if not word.said(delivered_ms)]
    if len(unsaid) == len(words):
        return text
    behind = max(mark.start + mark.length for mark in marked) if marked else len(text)
    rest = text[min(unsaid, default=behind) :]
    return rest.lstrip() if speakable(rest) else ""


def _timed(marks: Sequence[Mark], pace_ms: float) -> list[_Word]:
    """Each word lasts until the next one begins."""
    begins = sorted(mark.at_ms for mark in marks)
    words = []
    for mark in marks:
        end_ms = next((at for at in begins if at > mark.at_ms), mark.at_ms + mark.length * pace_ms)
        words.append(_Word(mark.start, mark.at_ms, end_ms))
    return words


def _estimated(text: str, pace_ms: float) -> list[_Word]:
    words = []
    for found in _WORD.finditer(text):
        begin_ms = characters(text[: found.start()]) * pace_ms
        words.append(_Word(found.start(), begin_ms, begin_ms + characters(found[0]) * pace_ms))
    return words
