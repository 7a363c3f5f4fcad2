"""The viewer's name, as the viewer told it."""

from __future__ import annotations

import re

from .clean import EDGES, plain

LONGEST = 24

_WORD = r"[^\W\d_][\w'’-]*"
_EN = re.compile(
    rf"\b(?:my name(?:'s| is)|(?:people |you can |just |please )*call me|i am called|i go by)\s+(?:just )?"
    rf"(?P<x>{_WORD}(?: {_WORD})?)",
    re.IGNORECASE,
)
_EN_SHORT = re.compile(
    rf"^\W*(?:(?:hi|hello|hey)(?: there| kiyo)?\W+)?(?:i'm|im|i am|this is)\s+(?P<x>{_WORD})(?: here)?\W*$",
    re.IGNORECASE,
)
_EN_CAPITAL = re.compile(r"\b[Ii](?:'m| am) (?P<x>[A-Z][a-z'’-]+)(?=[\s,.!]*(?:$|[,.!]| and\b| from\b))")
_ZH = re.compile(
    r"(?:我(?:的名字)?(?:叫做?|名叫)|我的名字是|你?(?:可以)?叫我|大家都叫我)\s*(?P<x>[^\s，,。.！!？?、]{1,16})"
)
_ZH_SHORT = re.compile(
    r"^(?:(?:你好|嗨|哈喽|大家好)[，,！!\s]*)?我是\s*(?P<x>[^\s，,。.！!？?、的]{1,4}|[A-Za-z]{2,16})[。.！!\s]*$"
)
_JA = re.compile(
    r"(?:私|わたし|僕|ぼく|俺|おれ)の名前は\s*(?P<x>[^\s、。！!？?]{1,12}?)(?:です|だよ|だ|と言います|といいます|$|[。！!])|"
    r"(?P<y>[^\s、。！!？?はの]{1,12})(?:と申します|って呼んで|と呼んで|といいます)"
)

_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        a an the not no so very too just really still also here there back home in on at from with of to for and
        but or ok okay fine good well great bad happy sad tired bored angry mad hungry thirsty sick ill sorry sure
        ready done glad afraid scared nervous lonely lost alone excited cold hot busy late early free new old
        young single married drunk high dead alive human real confused serious kidding joking crying dying leaving
        going coming nobody someone somebody me you him her it that this what who why how where when whatever
        whoever later tomorrow today now again please thanks crazy smart dumb stupid cute pretty ugly gay straight
        trans american german french chinese japanese english british spanish italian canadian yours mine
        everything anything nothing something all worried anxious stressed proud awake sleepy exhausted blessed
        """,
    )
)
_NO_NAMES_ZH = tuple(
    re.findall(
        r"\w+",
        "何 なに なん 誰 だれ 谁 什么 啥 不 很 在 一 个 真 来 学生 老师 新来 认真 说 人 你 觉 因 为 想 起床 做 去",
    )
)
"""What 'I am …' says of somebody without telling a name."""


def told(text: str) -> str | None:
    """The name that ``text`` tells, fit to be spoken; None when it tells none."""
    for pattern in (_ZH, _ZH_SHORT, _JA, _EN, _EN_CAPITAL, _EN_SHORT):
        if (match := pattern.search(text)) and (name := _name(match)):
            return name
    return None


def _name(match: re.Match[str]) -> str | None:
    raw = next(group for group in match.groupdict().values() if group)
    words = plain(raw, LONGEST).strip(EDGES).split()
    if len(words) > 1 and not words[1][:1].isupper():
        words = words[:1]
    name = " ".join(words)
    first = words[0].casefold() if words else ""
    if (
        not any(c.isalpha() for c in name)
        or first in _NO_NAMES
        or first.endswith("ing")
        or name.startswith(_NO_NAMES_ZH)
    ):
        return None
    name = name.rstrip("吧呀啊哦")
    return (name[:1].upper() + name[1:]) or None
