"""What a voice is given for a piece of the reply: its words, without markup, faces, actions and addresses.

Invariants: any string is accepted; the result holds no emoji, URL or markup, and is empty when no letter or digit is left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final

from .actions import without_directions, without_emoji, without_faces, without_spans
from .charclass import CJK_RANGES, is_cjk
from .markup import plain

NO_LEXICON: Final[Mapping[str, str]] = MappingProxyType({})

_MARKUP_LEFT = re.compile(r"[*`\[\]【】|<>{}\\]|(?<![\d~])~|~(?!\d)|[_=^]{2,}")
_PASSES: Final = 3
"""Markup in markup needs more than one reading; what is left after these is taken out character by character."""
_RESIDUE = re.compile(r"[*`\[\]【】|{}\\_^]+|(?<!\s)<(?=[A-Za-z/|])|(?<=[a-z/|])>|://|www\.", re.IGNORECASE)

_MARK = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20df\u20e1-\u20ff\ufe20-\ufe2d"
_PILED = re.compile(rf"[{_MARK}]{{2,}}|(?<![^\W\d_])[{_MARK}]")
_SPELT = {"‼": "!!", "⁇": "??", "⁈": "?!", "⁉": "!?", "\u00a0": " ", "\u3000": " ", "\u2028": "\n", "\u2029": "\n"}
_SPELT_TABLE = str.maketrans(_SPELT)

_WAVES = re.compile(r"(?<=[ぁ-ゖァ-ヺー])[~～〜]+")
_OTHER_WAVES = re.compile(r"(?<!\d)[~～〜]+|[~～〜]+(?!\d)")
_EMPTY = re.compile(r"[(（「『“\"'][ \t]*[)）」』”\"'](?!\w)")
_BEFORE_MARK = re.compile(r"[ \t]+(?=[,.!?;:…。，、！？；：)）」』”])(?!\.\w)")
_STRAY_STOP = re.compile(r"(?<=[.!?。！？])[ \t]+[.。](?![.\w])")
_AFTER_CJK_MARK = re.compile(r"(?<=[。，、！？；：「『（])[ \t]+")
_DOUBLED = re.compile(r"([,;:，、；])[ \t]*(?:[,;:，、；][ \t]*)+")
_SPACES = re.compile(r"[ \t]+")
_LINES = re.compile(r"[ \t]*\n\s*")
_LEADING = re.compile(r"^(?:[\s,;:.!?…。，、！？；：)）」』”\]~–—-]|[-+>#]+(?=\s))+(?!\d)")
_NOT_WORD_BUT_CJK = rf"[^\W{CJK_RANGES}]"


def speakable(text: str, lexicon: Mapping[str, str] = NO_LEXICON, *, opens: bool = True) -> str:
    """What a voice gets for ``text``; empty when nothing of it can be spoken. Never raises.

    ``lexicon`` says how words are to be spoken: a word of letters is replaced where it stands alone, CJK text anywhere, the
    longest first. ``opens``: the text begins a sentence; otherwise a span right at its start is emphasis, not an action.
    """
    text = _clean(text)
    for _ in range(_PASSES):
        text = _pass(text, opens)
        if _MARKUP_LEFT.search(text) is None:
            break
    else:
        text = _RESIDUE.sub(" ", without_emoji(text))
    text = _tidy(text)
    if not any(map(_audible, text)):
        return ""
    return pronounced(text, lexicon)


def _clean(text: str) -> str:
    """Without control, format and private characters and piled up accents; emoji joiners stay for now."""
    if text.isascii() and text.isprintable():
        return text
    kept = (
        ch
        for ch in text.translate(_SPELT_TABLE)
        if ch in "\n\u200d\t" or unicodedata.category(ch)[0] != "C" or _tag(ch)
    )
    return unicodedata.normalize("NFC", "".join(kept))


def _tag(ch: str) -> bool:
    """Tag characters spell the flags of regions."""
    return "\U000e0020" <= ch <= "\U000e007f"


def _pass(text: str, opens: bool) -> str:
    text = without_faces(text)
    text = plain(text, partial(without_spans, opens=opens))
    text = without_directions(text)
    return without_emoji(text)


def _tidy(text: str) -> str:
    """One space between words, none before a mark; a line's end becomes a sentence's."""
    if not text.isascii():
        text = _PILED.sub("", text)
        text = _WAVES.sub("ー", text)
    text = _OTHER_WAVES.sub(" ", text)
    text = _SPACES.sub(" ", _EMPTY.sub(" ", text))
    text = _LINES.sub("\n", text.strip())
    text = _STRAY_STOP.sub("", text)
    text = _AFTER_CJK_MARK.sub("", _BEFORE_MARK.sub("", text))
    text = _DOUBLED.sub(r"\1 ", text)
    text = "".join(_ended(line) for line in text.splitlines(keepends=True))
    return _SPACES.sub(" ", _LEADING.sub("", text)).strip()


def _ended(line: str) -> str:
    """A line that is followed by another one, with a full stop if it has no mark of its own."""
    words = line.rstrip()
    if words == line or not words:
        return words
    if words[-1].isalnum():
        return words + ("。" if is_cjk(words[-1]) else ". ")
    return words + " "


def _audible(ch: str) -> bool:
    """Whether a character can be spoken: a digit or a letter, but no mark that only lengthens one."""
    return ch.isalnum() and unicodedata.category(ch) != "Lm"


def pronounced(text: str, lexicon: Mapping[str, str]) -> str:
    """The text with the words of ``lexicon`` as they are to be spoken."""
    if not lexicon:
        return text
    entries = {unicodedata.normalize("NFC", word): said for word, said in lexicon.items() if word}
    if not entries:
        return text
    return _pattern(tuple(entries)).sub(lambda found: entries[found[0]], text)


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Matches any of the words: CJK anywhere, others only where no letter or digit adjoins theirs."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(_bounded(word) for word in longest_first))


def _bounded(word: str) -> str:
    def stands_alone(ch: str) -> bool:
        return (ch.isalnum() or ch == "_") and not is_cjk(ch)

    before = f"(?<!{_NOT_WORD_BUT_CJK})" if stands_alone(word[0]) else ""
    after = f"(?!{_NOT_WORD_BUT_CJK})" if stands_alone(word[-1]) else ""
    return before + re.escape(word) + after
