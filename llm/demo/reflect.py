"""Turns what somebody says about themselves into what one says back to them: "I lost my keys" is "you lost your keys"."""

from __future__ import annotations

import re

_EN = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "i'm": "you're", "im": "you're",
    "i've": "you've", "i'd": "you'd", "i'll": "you'll", "was": "were",
    "we": "you", "us": "you", "our": "your", "ours": "yours", "ourselves": "yourselves",
    "your": "my", "yours": "mine", "yourself": "myself", "you're": "I'm", "you've": "I've", "you'll": "I'll", "you'd": "I'd",
}  # fmt: skip
_ZH = {"我们": "你们", "咱们": "我们", "你们": "我们", "您": "我", "我": "你", "你": "我"}
_JA = {"わたし": "あなた", "私": "あなた", "僕": "あなた", "ぼく": "あなた", "俺": "あなた", "あなた": "わたし"}
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?", re.IGNORECASE)
_ARE = {"are", "were"}
_BEFORE_OBJECT = re.compile(r"\b(?:you|that|if|and|because|when|think|as|but|where|what|how|so)$|^$", re.IGNORECASE)


def swapped(text: str, language: str) -> str:
    """``text`` from the other side of the table."""
    if language == "zh":
        return re.sub("|".join(_ZH), lambda match: _ZH[match[0]], text)
    if language == "ja":
        return re.sub("|".join(_JA), lambda match: _JA[match[0]], text)
    return _english(text.replace("’", "'"))


def _english(text: str) -> str:
    out: list[str] = []
    end = 0
    subject = ""
    for match in _WORD.finditer(text):
        word = match[0].lower()
        out.append(text[end : match.start()])
        out.append(_swap(match[0], word, subject, "".join(out).rstrip()))
        end, subject = match.end(), word
    return re.sub(r"\bI (?=to\b)", "me ", "".join(out) + text[end:])


def _swap(original: str, word: str, before: str, left: str) -> str:
    """``before`` is the word that stood before it, ``left`` what has been said so far."""
    if word == "you":
        return "I" if _BEFORE_OBJECT.search(left) else "me"
    if word in _ARE and before == "you":
        return "am" if word == "are" else "was"
    if word == "was" and before != "i":
        return original
    return _EN.get(word, original)
