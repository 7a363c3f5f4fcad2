"""What the authors of character cards write into their texts for other programs to fill in."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"\{\{\s*(?://|comment:|hidden_key:)[^{}]*\}\}", re.IGNORECASE)
_CHOICE = re.compile(r"\{\{\s*(?:random|pick)\s*:{1,2}([^{}]*)\}\}", re.IGNORECASE)
_NAMES = re.compile(r"\{\{\s*(char|user|original|bot|persona)\s*\}\}|<(char|bot|user)>", re.IGNORECASE)
_OTHER = re.compile(r"\{\{([^{}]{0,200})\}\}")
_START = re.compile(r"^[^\S\n]*<START>[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
_LINES = re.compile(r"\n{3,}")
_UNPRINTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def filled(text: str, char: str, user: str) -> str:
    """The text with both names in it; of a random choice the first, and nothing of comments and of what is not known."""
    text = plain(text)
    text = _COMMENT.sub("", text)
    text = _CHOICE.sub(lambda found: re.split(r"::|(?<!\\),", found[1])[0].strip(), text)
    names = {"char": char, "bot": char, "user": user, "persona": user, "original": ""}
    text = _NAMES.sub(lambda found: names[(found[1] or found[2]).lower()], text)
    text = _OTHER.sub("", text)
    return _LINES.sub("\n\n", _START.sub("", text)).strip()


def plain(text: str) -> str:
    """With the line ends of this world, and without what no file of settings can hold."""
    return _UNPRINTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def beginning(text: str, longest: int) -> str:
    """At most so many characters: whole sentences, or words, where there are some."""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    end = max((found.end() for found in re.finditer(r"[.!?…。！？][\"'”’」』)*]*(?=\s|$)|[。！？]|\n", cut)), default=0)
    if end < longest // 3:
        end = cut.rfind(" ") if " " in cut else longest
    return cut[:end].rstrip()
