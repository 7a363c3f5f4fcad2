"""What is known of phrases in single languages: words that cling to the next one, endings, and the phrase models."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from itertools import accumulate
from typing import Final, Protocol

from .charclass import is_hiragana
from .english import STARTERS

_CLINGING: Final = frozenset(
    # English
    "a an the of to in on at by for with from into as and or but nor if than that which who whose what my your his her its our"
    " their these those i i'm i've i'll i'd very so not no be am far going because while when where until without about"
    # French, Spanish, Italian, Portuguese, German, Dutch
    " le la les l un une des du de d au aux et ou el los las y o e en con por para il lo gli i di da in un una dei os as um uma"
    " der die das den dem ein eine einen einem und oder zu mit von im am zum zur het een van"
    " dr mr mrs ms st".split()
)
"""Words after which no listener expects a pause, in lower case."""
_LEANING: Final = frozenset(
    "is are was were been will would can could should must might may do does did have has had it's that's there's let's we"
    " you he she they it we're you're they're we've you've they've this can't don't didn't doesn't won't isn't wasn't aren't"
    " weren't couldn't wouldn't shouldn't haven't hasn't ain't best favorite favourite one more most some any every each just"
    " really never always gonna wanna 제일 가장 너무 아주 안 못 더 좀 내 제 이 그 저".split()
)
"""Words after which a pause is odd, and better than a longer wait."""
_OBJECTS: Final = frozenset("me us him them".split())
"""No pause is made before these."""
_OPENERS: Final = frozenset(
    "well so honestly actually okay ok oh hey wow yeah hmm anyway basically alright look listen now then yes no and but".split()
)
_SUBJECTS: Final = frozenset("i i'm i've we we're he she they it it's there there's this that's let's".split())

_CLINGING_CJK: Final = frozenset(
    "在把被比和跟与與对對给給从從向让讓很不没沒也都就最太一这這那我你他她请請要想会會能可是有去再还還"
)
"""Chinese words that cling to what follows, when they stand alone."""
_LEANING_CJK: Final = tuple("一二两兩三四五六七八九十不很太最也都就更把被比让讓跟没沒还還再又这這那哪每几幾非")
"""Chinese words that cling to what follows, and seldom end a longer one."""
_NOUNS_CJK: Final = frozenset("人家事天年月日号號次部个個位本书書车車话話好对對的了")
"""Chinese words of one letter that a phrase may end with; others, mostly verbs, want what follows."""
_COMPLEMENTS: Final = tuple("我你您他她它没沒")
"""Chinese words that often belong to the word before them."""
_COMPOUNDS: Final = frozenset(
    "出去 出来 出來 回去 回来 回來 进去 进来 進去 進來 过去 过来 過去 過來 上去 上来 上來 下去 下来 下來 起来 起來"
    " 好吃 好看 好听 好聽 好玩 好喝 好久 很好 久等 个人 個人".split()
)
"""Chinese words of two letters that a phrase model takes apart."""
_CLAUSE_BEFORE: Final = tuple("天上候实實前后後次年里裡时時为為果是得说說")
"""A Chinese phrase may end after these even if a pronoun follows."""

_CHINESE_PARTICLES = frozenset("的了吗嗎吧呢嘛啦着著过過")
"""A Chinese phrase may end after these, and does not end before them."""
_KOREAN_ENDINGS: Final = tuple(
    "은 는 이 가 을 를 에 에서 에게 한테 께 으로 로 와 과 랑 하고 도 만 까지 부터 보다 처럼 고 서 면 지만 는데 은데"
    " 인데 니까 려고 면서 거나 든지 자 며 요 게".split()
)
_TRADITIONAL = frozenset("們這個來說時會對學為還後過嗎沒麼國點開發話見覺讓應該從經當實與東歡難樣現變給頭聽")


class Cling(IntEnum):
    """How closely a word belongs to the next one."""

    LOOSE = 0
    LEANING = 1
    FIRM = 2


def cling(word: str, following: str, complete: bool) -> Cling:
    """How closely ``word`` belongs to what is known of the next one, which may be ``complete``."""
    low = word.lower().replace("’", "'")
    if (
        low in _CLINGING
        or (len(low) <= 1 and not _is_hangul(low[-1:]))
        or (_is_name(word, following) and not (following == "I" and complete))
    ):
        return Cling.FIRM
    if low == "one" and following == "of":
        return Cling.FIRM
    if low in _LEANING or len(low) <= 1 or following.lower() in _OBJECTS:
        return Cling.LEANING
    return Cling.LOOSE


def _is_name(word: str, following: str) -> bool:
    """Whether two capitalised words may be one name: "New York". Capitals throughout say nothing."""
    if not word[:1].isupper() or not following[:1].isupper() or word.lower() in STARTERS | _OPENERS:
        return False
    return not (len(word) > 1 and word.isupper() and following.isupper()) and following not in ("I'm", "I've")


def opens_clause(word: str, following: str) -> bool:
    """Whether a speaker may pause between the first word of a sentence and the next one: "Well I"."""
    return word.lower() in _OPENERS and following.lower().replace("’", "'") in _SUBJECTS


def cling_cjk(chunk: str, rest: str) -> Cling:
    """How closely a Chinese phrase belongs to the text after it."""
    if chunk in _CLINGING_CJK or chunk[-1] + rest[0] in _COMPOUNDS or chunk.endswith(("哪", "这", "這", "那", "每")):
        return Cling.FIRM
    joined = rest.startswith(_COMPLEMENTS) and not chunk.endswith((*_CLAUSE_BEFORE, *_CHINESE_PARTICLES))
    joined = joined or (len(chunk) == 1 and chunk not in _NOUNS_CJK)
    return Cling.LEANING if joined or chunk.endswith(_LEANING_CJK) else Cling.LOOSE


class _Phrases(Protocol):
    def parse(self, sentence: str) -> list[str]: ...


def warm_up() -> None:
    """Load the models, so that no first words wait for one. Blocks for some 10 ms."""
    for language in ("ja", "zh-hans", "zh-hant"):
        _model(language)


@cache
def _model(language: str) -> _Phrases:
    """Loaded when it is first needed, and kept: it is never changed."""
    import budoux

    match language:
        case "ja":
            return budoux.load_default_japanese_parser()
        case "zh-hant":
            return budoux.load_default_traditional_chinese_parser()
        case _:
            return budoux.load_default_simplified_chinese_parser()


def phrase_ends(text: str) -> list[int]:
    """Where phrases of Chinese or Japanese text end, the end of the text left out."""
    if is_japanese(text):
        return _ends("ja", text)
    language = "zh-hant" if any(ch in _TRADITIONAL for ch in text) else "zh-hans"
    return [place for place in _ends(language, text) if text[place] not in _CHINESE_PARTICLES]


def _ends(language: str, text: str) -> list[int]:
    return list(accumulate(map(len, _model(language).parse(text))))[:-1]


def is_particle(text: str, last: str) -> bool:
    """Whether a phrase of ``text`` that ends with ``last`` is one a speaker may pause after."""
    return last in _CHINESE_PARTICLES or is_japanese(text)


def ends_korean_phrase(word: str) -> bool:
    """Whether a particle or a connecting ending closes the word."""
    return len(word) > 1 and _is_hangul(word[-1]) and word.endswith(_KOREAN_ENDINGS)


def is_japanese(text: str) -> bool:
    return any(is_hiragana(ch) or "\u30a1" <= ch <= "\u30fa" for ch in text)


def _is_hangul(ch: str) -> bool:
    return "\uac00" <= ch <= "\ud7a3"
