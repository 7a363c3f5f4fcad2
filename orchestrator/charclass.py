"""Classes of characters that the cutter and the speech filter share.

CJK here means scripts written without spaces (Han and kana): Korean puts spaces between words and is read like Latin text.
"""

from __future__ import annotations

import re
import unicodedata

CJK_RANGES = "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
CJK_RANGES += "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
EMOJI_RANGES = "\u2194-\u21aa\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
EMOJI_RANGES += "\U0001f000-\U0001faff\U000e0020-\U000e007f"
JOINERS = "\u200d\ufe0e\ufe0f\u20e3"

_CJK = re.compile(f"[{CJK_RANGES}]")
_EMOJI = re.compile(f"[{EMOJI_RANGES}{JOINERS}]")

LINE_ENDS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")

HARD_ENDS = frozenset("!?‼⁇⁈⁉‽؟")
CJK_ENDS = frozenset("。！？｡।")
SENTENCE_MARKS = HARD_ENDS | CJK_ENDS | frozenset(".…．‥")
DASHES = frozenset("—―")
CJK_CLAUSE_MARKS = frozenset("，、；：､")
CLAUSE_MARKS = frozenset(",;:") | CJK_CLAUSE_MARKS | DASHES

PAIRS = {
    "(": ")",
    "（": ")",
    "[": "]",
    "［": "]",
    "{": "}",
    "「": "」",
    "『": "』",
    "【": "】",
    "〔": "〕",
    "《": "》",
    "〈": "〉",
    "“": "”",
    "„": "“",
}
"""Opening characters and the closing one of their pair; full-width round and square brackets count as the ASCII ones."""
CLOSING = {"）": ")", "］": "]", "”": "”"} | {end: end for end in PAIRS.values() if end not in PAIRS}
CLOSERS = frozenset(CLOSING) | frozenset("\"'’»›}")
EMPHASIS = frozenset("*_`")
_SPECIAL = LINE_ENDS | SENTENCE_MARKS | CLAUSE_MARKS | frozenset(PAIRS) | frozenset(CLOSING) | EMPHASIS | {'"'}
SPECIAL = re.compile("[" + re.escape("".join(sorted(_SPECIAL))) + "]")
"""What may begin a boundary or a pair, or end one; everything else is read in runs."""


def is_cjk(ch: str) -> bool:
    """Whether a character is a letter of a script written without spaces."""
    return ch > "\u3004" and _CJK.match(ch) is not None


def is_emoji(ch: str) -> bool:
    """Whether a character is an emoji or a symbol used like one, or joins such characters."""
    return ch > "\u1fff" and _EMOJI.match(ch) is not None


def is_combining(ch: str) -> bool:
    """Whether a character modifies the one before it."""
    return ch > "\u02ff" and unicodedata.category(ch) in ("Mn", "Me", "Mc")


def is_hiragana(ch: str) -> bool:
    return "\u3041" <= ch <= "\u309f"
