"""Take Markdown, tags and addresses out of a text, leaving the words that a reader would say.

What is removed leaves a space behind, so that nothing can come together to form new markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .charclass import CJK_RANGES

_URL = re.compile(
    rf"(?:\b[a-z][a-z0-9+.-]{{1,15}}://|\bmailto:|\bwww\.)[^\s<>「」『』（）【】。，、！？{CJK_RANGES}]*", re.IGNORECASE
)
_URL_TAIL = re.compile(r"[.,!?;:'\")\]*_]+$")
_FENCED = re.compile(r"^[ \t]*```[^`\n]*\n.*?(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_FENCED, " "),
    (re.compile(r"<(?:/?[A-Za-z][\w:.-]*(?:\s+[^<>]*=[^<>]*)?\s*/?|\|[\w ]+\|)>"), " "),
    (re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)|\[[^\[\]]*\])"), r"\1"),
    (re.compile(r"^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE), r"\1"),
    (re.compile(r"^[ \t]*[-*+•·‣◦][ \t]+(?:\[[ xX]\][ \t]+)?", re.MULTILINE), ""),
    (re.compile(r"^([ \t]*\d{1,3})\)[ \t]+", re.MULTILINE), r"\1. "),
    (re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"[ \t]*\|+[ \t]*"), ", "),
    (re.compile(r"(`{1,3})([^`\n]+)\1"), r"\2"),
    (re.compile(r"~~"), ""),
    (re.compile(r"\\([*_`#\[\](){}~>+.!-])"), r" \1"),
    (re.compile(r"(?<!\w)#(?=[^\W\d])"), ""),
)
_MARKS = re.compile(r"[`*_<>\[\]|~#\\/•·‣◦=+-]|\d\)|www|mailto", re.IGNORECASE)


def plain(text: str, spans: Callable[[str], str]) -> str:
    """The text without Markdown, tags and addresses; ``spans`` takes care of ``*`` and ``_`` once the lines are clean."""
    if _MARKS.search(text) is None:
        return text
    for pattern, replacement in _RULES[:3]:
        text = pattern.sub(replacement, text)
    text = _URL.sub(_without_url, text)
    for pattern, replacement in _RULES[3:]:
        text = pattern.sub(replacement, text)
    return spans(text)


def _without_url(found: re.Match[str]) -> str:
    """Punctuation at the end of an address belongs to the sentence."""
    tail = _URL_TAIL.search(found[0])
    return " " + (tail[0] if tail else "")
