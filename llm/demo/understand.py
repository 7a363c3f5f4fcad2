"""What somebody means: the intent behind the last thing said."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import names, sums
from .clean import clause, plain
from .reflect import swapped
from .rules import Rules, first_match
from .situation import Said, Situation

LONGEST_REPEATED = 200
"""Characters that are said after somebody."""

_PARTS_OF_DAY = (
    ("morning", re.compile(r"morning|\bgm\b|ohayo|早上|早安|上午|^早|おはよう", re.IGNORECASE)),
    ("afternoon", re.compile(r"afternoon|下午|中午", re.IGNORECASE)),
    ("evening", re.compile(r"evening|晚上好|こんばん|今晩", re.IGNORECASE)),
)
_AGAIN = re.compile(
    r"^\W*(?:(?:ok|please|and|tell me|yes) )*(?:another|again|more|one more|encore|go on|continue|keep going|next)"
    r"(?: one| time| please| joke| story)*\W*$|"
    r"^(?:再(?:来|讲|说)(?:一?[个次遍首])?|继续|接着[说讲]|还有吗?|下一个)[吧啊呀！!。]*$|"
    r"^(?:もう一回|もう一度|もっと|続けて|つづけて)",
    re.IGNORECASE,
)
_UNCERTAIN = frozenset({"because", "feel", "want_to", "want", "need", "think", "cant", "am", "you_are", "did", "my"})
"""Intents that yield to anything that is known for sure."""
_TOPICAL = (_UNCERTAIN - {"because"}) | {"like_told", "like_asked", "hate_told", "favourite", "can_you", "should_i"}
"""Intents whose lines have a place for what the talk is about."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is meant, and what it is about (``x``, ready to be put into a line)."""

    name: str
    x: str = ""


def understand(situation: Situation, rules: Rules) -> Intent:
    """``rules`` are those of the situation's language."""
    heard = situation.heard
    if situation.unreadable:
        return Intent("other_script")
    if not any(c.isalnum() for c in heard.text):
        return Intent("emoji" if any(_pictorial(c) for c in heard.text) else "empty")
    if knock := _knocking(situation, rules):
        return knock
    reader = _Reader(rules, situation.language, bool(situation.name))
    if not _AGAIN.match(heard.text):
        return reader.meaning(heard.text)
    earlier = (said.text for said in reversed(situation.before) if not _AGAIN.match(said.text))
    return reader.meaning(next(earlier, ""))


@dataclass(frozen=True, slots=True)
class _Reader:
    rules: Rules
    language: str
    named: bool
    """The viewer's name is known."""

    def meaning(self, text: str) -> Intent:
        if found := first_match(self.rules.first, text):
            return self._say(found[1]) if found[0] == "say" else Intent(found[0])
        if result := sums.answer(text):
            return Intent("sum_undefined") if result == sums.UNDEFINED else Intent("sum", result)
        found = first_match(self.rules.rules, text)
        if found and found[0] == "name_known":
            return Intent("name_known" if self.named else "name_unknown")
        if (found is None or found[0] in _UNCERTAIN) and names.told(text):
            return Intent("name_told")
        greeting = self.rules.greeting.match(text)
        if greeting and (found is None or found[0] in _UNCERTAIN | {"question"}):
            return self._greeted(text, greeting[0])
        return self._about(*found) if found else Intent("fallback")

    def _greeted(self, text: str, greeting: str) -> Intent:
        """A greeting, unless something that means more comes after it."""
        rest = text[len(greeting) :]
        if (found := first_match(self.rules.rules, rest)) and found[0] not in {"my", "here"}:
            return self.meaning(rest)
        return Intent(next((part for part, pattern in _PARTS_OF_DAY if pattern.search(greeting)), "greeting"))

    def _about(self, name: str, x: str) -> Intent:
        """The intent with its topic turned round; without a topic fit to be said, only a friendly noise is left."""
        if name not in _TOPICAL:
            return Intent(name)
        topic = swapped(clause(re.sub(r"(?:吗|嘛|呢|吧|了)+$", "", x)), self.language)
        return Intent(name, topic) if any(c.isalnum() for c in topic) else Intent("fallback")

    def _say(self, x: str) -> Intent:
        words = plain(x, LONGEST_REPEATED).strip("\"'“”「」 ")
        rude = first_match(self.rules.rules, ("you are " if self.language == "en" else "你") + words)
        if rude and rude[0] == "insult":
            return Intent("insult")
        if not any(c.isalnum() for c in words):
            return Intent("empty")
        ended = words if words[-1] in ".!?。！？…" else words + ("." if self.language == "en" else "。")
        return Intent("say", ended[:1].upper() + ended[1:])


def _knocking(situation: Situation, rules: Rules) -> Intent | None:
    """Where we are in a knock-knock joke, if we are in one."""
    knocks = [_is_knock(said, rules) for said in situation.before[-2:]]
    if knocks and knocks[-1]:
        who = clause(situation.heard.text, 40)
        return Intent("knock_who", who[:1].upper() + who[1:]) if who else None
    return Intent("knock_end") if len(knocks) == 2 and knocks[0] else None


def _is_knock(said: Said, rules: Rules) -> bool:
    found = first_match(rules.first, said.text)
    return found is not None and found[0] == "knock"


def _pictorial(char: str) -> bool:
    return (
        ord(char) > 0x2000 and not char.isspace() and char not in "…—–‐“”‘’。，、！？；：「」『』（）～・\u200b\ufeff"
    )
