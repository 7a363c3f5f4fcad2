"""The first words of a reply, taken from what a small model streams: ``Oh no,``, ``嗯，``, ``えっと、``, ``Wow!``."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_WORDS: Final = 3
MAX_CJK: Final = 6
MAX_LETTERS: Final = 30
_MAX_READ: Final = 600
"""Characters of the small model's answer that are looked at, tags and thoughts included."""

_THOUGHT = re.compile(r"<(think|thinking|reasoning|thought)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_SPAN = re.compile(r"<[^<>\n]*>|\[[^\[\]\n]*\]|\*[^*\n]*\*|\([^()\n]*\)|（[^（）\n]*）|【[^【】\n]*】")
_UNFINISHED = re.compile(r"[<\[*(（【].*", re.DOTALL)
_MARK = re.compile(r"[,.!?;:…，。！？；：、،؟।\n—–]|\s-(?=\s)|--")
_LEADING = " \t\n\r\u3000.,…—–-、，·•"
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_IGNORED = frozenset('"~〜～「」『』《》')
_IGNORED_KINDS = frozenset(("So", "Sk", "Cf", "Co", "Cn", "Cs", "Pi", "Pf"))
_KEPT = frozenset("’`")
_INSIDE_WORDS = frozenset(" '’-")
_ABBREVIATED = frozenset("mr mrs ms dr prof st no. vs etc eg ie".split())
_SPEAKERS = frozenset("assistant ai answer reply response reaction you me".split())
_REFUSED = re.compile(
    r"as an?\b|i(?: a|['’])m (?:an?|unable|not able|sorry)\b|i (?:can(?:not|['’]t| not)|won['’]t|apologi[sz]e)|sorry\b"
    r"|my apologies|language model|作为|我(?:无法|不能)|抱歉|对不起|很遗憾|申し訳|すみません|ごめん|죄송|미안",
    re.IGNORECASE,
)


class OpenerReader:
    """Pure; feed it the small model's text. ``done`` as soon as it is clear what the opener is, or that there is none.

    At most 3 words (6 Chinese or Japanese characters) up to the first mark, without tags, markup, quotes, emoji; it ends in a
    comma, so that the voice does not fall, or, a single word, in its exclamation mark. None for an answer that is longer than
    that, empty, a question, a refusal, or holds digits and signs. ``name`` is the character's: a label, not a word of the
    reply. ``language``: which comma Chinese characters get.
    """

    def __init__(self, *, name: str = "", language: str = "en") -> None:
        self.opener: str | None = None
        self.done = False
        self._read = ""
        self._labels = _SPEAKERS | {name.casefold()}
        self._language = language

    def feed(self, text: str) -> bool:
        """More of the answer; whether nothing more is needed. What it finds does not depend on how the text was split."""
        for char in text:
            if self.done:
                break
            self._read += char
            if len(self._read) > _MAX_READ:
                self.done = True
            else:
                self._look(ended=False)
        return self.done

    def finish(self) -> None:
        """The answer ends here: an end is as good as a mark."""
        if not self.done:
            self._look(ended=True)
            self.done = True

    def _look(self, *, ended: bool) -> None:
        text = _plain(self._read)
        exclaimed = text.startswith("¡")
        text = text.lstrip(_LEADING + "¡")
        mark = _MARK.search(text)
        if mark and mark[0] in ":：" and text[: mark.start()].strip().casefold() in self._labels:
            text = text[mark.end() :].lstrip(_LEADING)
            mark = _MARK.search(text)
        words = text[: mark.start()] if mark else text
        if not _short(words):
            self.done = True
        elif mark or ended:
            self.done = True
            self.opener = self._opener(words.strip(" '’-"), mark[0] if mark else ",", exclaimed)

    def _opener(self, words: str, mark: str, exclaimed: bool) -> str | None:
        words = " ".join(words.split())
        if not words or mark in "?？؟:：" or _REFUSED.match(words) or words.casefold() in _ABBREVIATED:
            return None
        words = words[0].upper() + words[1:]
        cjk = len(_CJK.findall(words))
        if mark in "!！" and " " not in words and cjk <= MAX_WORDS:
            return f"{'¡' if exclaimed else ''}{words}{'！' if cjk else '!'}"
        return words + self._comma(words)

    def _comma(self, words: str) -> str:
        if _CJK.search(words):
            japanese = _KANA.search(words) or self._language.startswith("ja")
            return "、" if japanese else "，"
        return "،" if _ARABIC.search(words) else ","


def _plain(text: str) -> str:
    """The text without thoughts, tags, actions, quotes and emoji, up to what may still become one of these."""
    text = _THOUGHT.sub(" ", text).replace("**", "")
    text = _UNFINISHED.sub("", _SPAN.sub(" ", text))
    return "".join(char for char in text if not _ignored(char)).lstrip()


def _ignored(char: str) -> bool:
    return char in _IGNORED or char == "\ufe0f" or (char not in _KEPT and unicodedata.category(char) in _IGNORED_KINDS)


def _short(words: str) -> bool:
    """Whether it is, or may become, an opener: letters only, and few."""
    fits = len(words.split()) <= MAX_WORDS and len(_CJK.findall(words)) <= MAX_CJK and len(words) <= MAX_LETTERS
    return fits and all(char in _INSIDE_WORDS or char.isspace() or _letter(char) for char in words)


def _letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"
