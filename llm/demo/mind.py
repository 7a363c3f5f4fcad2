"""The demo's mind: a conversation in, a reply out. Pure: the same conversation and the same dice give the same reply.

It never says nothing, and never the same thing twice running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from ...core.types import Message
from .clean import letters
from .lines import GENERIC, Library, Pool
from .rules import Rules
from .situation import TAG, Situation, read
from .understand import Intent, understand

_PLACE = re.compile(r"\{(\w+)\}")
_SIMILAR = {
    "smug": ("smirk", "joy"),
    "smirk": ("joy",),
    "mischief": ("smirk", "joy"),
    "proud": ("smirk", "joy"),
    "deadpan": ("neutral",),
    "earnest": ("neutral",),
    "pout": ("anger", "sadness"),
    "shy": ("joy",),
    "thinking": ("neutral",),
}
"""What to show instead of an expression that the avatar lacks."""

_COIN = {"en": ("Heads", "Tails"), "zh": ("正面", "反面"), "ja": ("表", "裏")}
_TEMPERS = (
    (
        ("tsundere", "傲娇", "ツンデレ"),
        {"en": ("Hmph. ", "Fine, since it is you. "), "zh": ("哼。",), "ja": ("ふん。",)},
    ),
    (
        ("cheerful", "energetic", "bubbly", "开朗", "活泼", "元気"),
        {"en": ("Yay! ", "Ooh! "), "zh": ("好耶！",), "ja": ("わあ！",)},
    ),
    (("shy", "timid", "害羞", "内向", "内気"), {"en": ("Um. ", "Oh, well. "), "zh": ("那个。",), "ja": ("あの。",)}),
    (
        ("sarcastic", "snarky", "毒舌"),
        {"en": ("Oh, marvellous. ", "How thrilling. "), "zh": ("哦豁。",), "ja": ("へえ。",)},
    ),
    (
        ("calm", "wise", "gentle", "沉稳", "温柔", "穏やか"),
        {"en": ("Mm. ", "Well now. "), "zh": ("嗯。",), "ja": ("ええ。",)},
    ),
)
_GRAVE = frozenset({"crisis", "sad", "say", "real", "afraid", "insult", "knock", "knock_who", "sum"})
_TEMPER_CHANCE = 0.4


def answer(messages: Sequence[Message], library: Library, rules: Mapping[str, Rules], dice: Random) -> str:
    """The reply to the last user message."""
    situation = read(messages)
    intent = understand(situation, rules[situation.language])
    fill = _filler(situation, intent, dice)
    reply = _choose(library.pool(situation.flavour, situation.language, intent.name), fill, situation.replies, dice)
    if not reply:
        reply = _choose(library.pool(situation.flavour, situation.language, "fallback"), fill, situation.replies, dice)
    return _faces(_seasoned(reply, situation, intent, dice), situation.tags)


def _filler(situation: Situation, intent: Intent, dice: Random) -> Callable[[str], str]:
    language, name = situation.language, situation.name or ""
    comma = {"en": ", ", "zh": "，", "ja": "、"}[language]
    polite = "さん" if language == "ja" else ""
    values = {
        "call": f"{comma}{name}{polite}" if name else "",
        "name": name,
        "me": situation.me,
        "x": intent.x,
        "coin": dice.choice(_COIN[language]),
        "die": str(dice.randint(1, 6)),
    }

    def fill(line: str) -> str:
        return _capitals(_PLACE.sub(lambda place: values[place[1]], line))

    return fill


def _choose(pool: Pool, fill: Callable[[str], str], replies: Sequence[str], dice: Random) -> str:
    """A line that was not said lately; empty when all of them would repeat the last reply."""
    age = {line: _last_said(fill(line), replies) for line in pool.lines}
    if pool.lead and all(when < 0 for when in age.values()):
        return fill(pool.lead)
    fresh = [line for line, when in age.items() if when < len(replies) - 1 or not replies]
    oldest = min((age[line] for line in fresh), default=0)
    return fill(dice.choice([line for line in fresh if age[line] == oldest])) if fresh else ""


def _last_said(line: str, replies: Sequence[str]) -> int:
    """Index of the last reply that was this line, or the part of it that was heard before somebody interrupted; or -1."""
    sound = letters(TAG.sub("", line))
    for index in range(len(replies) - 1, -1, -1):
        reply = letters(replies[index])
        if reply and (sound.startswith(reply) or reply.endswith(sound)):
            return index
    return -1


def _seasoned(reply: str, situation: Situation, intent: Intent, dice: Random) -> str:
    """Now and then a word that shows the temper of a character who has no lines of its own."""
    if situation.flavour != GENERIC or intent.name in _GRAVE or dice.random() > _TEMPER_CHANCE:
        return reply
    prompt = situation.prompt.lower()
    for words, openers in _TEMPERS:
        if any(re.search(rf"\b{word}\b" if word.isascii() else word, prompt) for word in words):
            tag = TAG.match(reply)
            at = tag.end() + 1 if tag else 0
            return reply[:at] + dice.choice(openers[situation.language]) + reply[at:]
    return reply


def _faces(reply: str, allowed: frozenset[str]) -> str:
    """Keep the tags that the avatar knows, turn the others into similar ones, or drop them."""

    def face(match: re.Match[str]) -> str:
        tag = next((name for name in (match[1], *_SIMILAR.get(match[1], ())) if name in allowed), None)
        return f"[{tag}] " if tag else ""

    return re.sub(TAG.pattern + r"\s*", face, reply).strip()


def _capitals(text: str) -> str:
    """Upper case at the start of a sentence, where a filled place may have put a small letter."""
    return re.sub(r"((?:^|[.!?] )(?:\[[^\]]*\] )?)([a-z])", lambda m: m[1] + m[2].upper(), text)
