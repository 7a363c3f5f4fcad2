"""Which language to answer in, judged by script."""

from __future__ import annotations

import re

OTHER = "other"
"""Some script that the demo cannot read."""
SPOKEN = ("en", "zh", "ja")

KANA = re.compile(r"[\u3041-\u3096\u309b-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]+")
_NAMES = (
    ("zh", re.compile(r"\bchinese\b|\bmandarin\b|中文|汉语|普通话", re.IGNORECASE)),
    ("ja", re.compile(r"\bjapanese\b|日本語", re.IGNORECASE)),
    ("en", re.compile(r"\benglish\b|英语|英文", re.IGNORECASE)),
)


def script_of(text: str) -> str | None:
    """``en`` (Latin letters), ``zh``, ``ja``, OTHER, or None when there is no letter at all."""
    kana, han, latin = len(KANA.findall(text)), len(_HAN.findall(text)), len(_LATIN.findall(text))
    unknown = sum(c.isalpha() for c in _LATIN.sub("", _HAN.sub("", KANA.sub("", text))))
    if kana and kana * 5 >= han:
        return "ja"
    if han and han >= latin:
        return "zh"
    if unknown > latin * 2:
        return OTHER
    return "en" if latin else None


def named_language(prompt: str) -> str | None:
    """The language that a system prompt asks for: the first one it names, or else the one it is written in."""
    found = [(match.start(), language) for language, pattern in _NAMES if (match := pattern.search(prompt))]
    if found:
        return min(found)[1]
    script = script_of(prompt)
    return script if script in SPOKEN else None
