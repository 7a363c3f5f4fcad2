"""Tell what a character does from what it says: ``*waves*``, ``(laughs)``, ``[sighs]``, emoji and faces of characters.

A ``*`` or ``_`` span is an action if it stands where a sentence could begin, and itself or what follows begins one; otherwise
it is emphasis. ``*waves* Hello`` and ``Hello! *giggles*`` are actions, ``I *really* mean it`` and ``*Really* good`` are not.
"""

from __future__ import annotations

import re

from .abbreviations import Shortened, shortened
from .charclass import CJK_RANGES, CLOSERS, EMOJI_RANGES, JOINERS, LINE_ENDS, SENTENCE_MARKS, is_cjk, is_emoji

_STRONG = re.compile(r"(\*\*\*|\*\*|__)(?=\S)(.*?\S)\1", re.DOTALL)
_STRONG_ACTION = re.compile(r"\*\*\*(?=\S)([^*\n]*\S)\*\*\*")
_SPAN = re.compile(
    rf"(?:(?<![A-Za-z0-9*])(\*)(?=[^\s*])([^*\n]*[^\s*])\*(?!\*))"
    rf"|(?:(?<![A-Za-z0-9_])(_)(?=[^\s_])([^_\n]*[^\s_])_(?![A-Za-z0-9_]))"
)
_TIMES = re.compile(r"(?<=\d)[ \t]*\*[ \t]*(?=\d)")
_INNER_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])")

_TAGGED = re.compile(r"\[[^\[\]\n]{0,120}\]|【[^【】\n]{0,120}】")
_VERBS = (
    "beam|blink|blush|bow|breath|breathe|chuckle|clap|cough|cr[iy]|dance|frown|gasp|gesture|giggle|grin|groan|growl|gulp|hiccup"
    "|hug|hum|jump|laugh|lean|moan|mumble|murmur|mutter|nod|pat|pause|point|poke|pout|purr|scream|shout|shrug|shiver|sigh|sing"
    "|smile|smirk|sniff|sniffle|snicker|snort|sob|spin|stare|stretch|stutter|think|tilt|twirl|wave|whine|whisper|wink|yawn|yell"
)
_DIRECTION = re.compile(
    rf"[(（][ \t]*(?:[a-z]+ly[ ])?(?:(?:{_VERBS})e?s|(?:{_VERBS.replace('e|', 'e?|')})[a-z]?ing|(?:clears|clearing)[ ][a-z ]+"
    r"|laugh|laughter|sigh|giggle|gasp|pause|beat|wink|smile|cough|chuckle|nod|whisper|lol)(?:[ ][a-z]+){0,5}[.!~…]*[ \t]*[)）]"
    r"|[(（][ \t]*(?:[大微苦爆偷冷傻坏奸憨狂]?笑|[大偷]?哭|泣|涙|汗|怒|照|照れ|呆|惊|叹气|挥手|鼓掌|害羞|脸红|点头|摇头|歪头|拍手|ため息"
    r"|w+|草)[ \t]*[)）]"
)

_FACE = "\\^´`｀′‵▽▼∀ωΩдДεз≧≦°•◕◔◉◎●○‿⌒ᴗ﹏╯╰□益皿Д෴☉⊙¬ಠ♡♥✧⁄ʖ͜͡︶︿＾＿￣¯ﾟ≡〃◡ˊˋ̀́ʘσ∇⩊˘ᵕ"
_FACE_IN_BRACKETS = re.compile(
    rf"[\\＼ヽ٩ᕙʕԅ┌乁o]*[(（](?=[^()（）\n]{{0,24}}[{_FACE}])(?![^()（）\n]*(?:[A-Za-z]{{3}}|[0-9]|[\u4e00-\u9fff]{{2}}|[ぁ-ん]{{3}}))"
    r"[^()（）\n]{1,24}[)）](?:[/／\\ﾉノ۶و♪☆ゞ彡シ*]|╯?︵[ ]?┻━┻|_/¯|[bdzvo](?![A-Za-z]))*"
)
_SHRUG = re.compile(r"¯\\?_\(ツ\)_/¯")
_BRACKETED_LETTERS = re.compile(
    r"[\\＼ヽ]*[(（][ \t]*(?:([TtQqOoXxUu;；=>＞<~\-])[_.ωoOwu﹏]+(?:\1|[TtQqOoXxUu;；=>＞<~\-])|:[3DPpOo)(]|[><=][.,]?[><=])"
    r"[ \t]*[)）][/ﾉノ]*"
)
_BARE_FACE = re.compile(
    rf"(?<![^\s,.!?…。！？、，~～\"'{CJK_RANGES}{EMOJI_RANGES}])"
    r"(?:\\[oO0]/|[\^][_.o-]*[\^][;；]*|[TQ;；][_.][TQ;；]|>[_.]*<|-[_.]+-[;；]*|[oO0][_.][oO0]|[xX][_.][xX]|[uUoO]w[uUoO]"
    r"|¯\\_|[:;=]['’]?-?[)(DPpOo3|/\\\]\[*]+|<3+|</3|[xX]D+|:[3>]|\^\^+|orz)"
    rf"(?![^\s,.!?…。！？、，~～\"'{CJK_RANGES}{EMOJI_RANGES}])"
)
_EMOJI = re.compile(rf"[0-9#*]\ufe0f?\u20e3|[{EMOJI_RANGES}{JOINERS}]+")


def without_spans(text: str) -> str:
    """The text without ``*`` and ``_``: actions dropped, emphasised words kept."""
    if "*" not in text and "_" not in text:
        return text
    text = _STRONG.sub(r"\2", text)
    text = _SPAN.sub(_span, text)
    text = _TIMES.sub(" × ", text)
    return _INNER_UNDERSCORE.sub(" ", text).replace("*", " ").replace("_", " ")


def _span(found: re.Match[str]) -> str:
    content = found[2] or found[4]
    return " " if _is_action(found.string[: found.start()], content, found.string[found.end() :]) else content


def _is_action(before: str, content: str, after: str) -> bool:
    if not _may_begin(before):
        return False
    first = content[0]
    if first.islower() or is_cjk(first):
        return True
    rest = after.lstrip(" \t")
    return not rest or rest[0] in LINE_ENDS or rest[0].isupper() or is_cjk(rest[0])


def _may_begin(before: str) -> bool:
    """Whether a sentence may begin after ``before``."""
    before = before.rstrip(" \t")
    if not before or before[-1] in LINE_ENDS or is_emoji(before[-1]):
        return True
    words = before.rstrip("".join(CLOSERS))
    if words[-1:] == "." and shortened(words[:-1].split()[-1] if words[:-1].strip() else "") is not Shortened.NOT:
        return False
    return words[-1:] in SENTENCE_MARKS


def without_faces(text: str) -> str:
    """The text without faces made of characters: ``(^_^)``, ``:)``."""
    for pattern in (_SHRUG, _FACE_IN_BRACKETS, _BRACKETED_LETTERS, _BARE_FACE):
        text = pattern.sub(" ", text)
    return text


def without_emoji(text: str) -> str:
    return _EMOJI.sub(" ", text)


def without_directions(text: str) -> str:
    """The text without ``[tags]``, ``【tags】`` and short stage directions such as ``(laughs)``."""
    return _DIRECTION.sub(" ", _TAGGED.sub(" ", text))
