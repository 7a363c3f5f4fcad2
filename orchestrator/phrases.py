"""What is known of phrases in single languages: words that cling to the next one, endings, and the phrase models."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import Final, Protocol

from .charclass import is_hiragana

DANGLING: Final = frozenset(
    # English
    "a an the of to in on at by for with from into as and or but nor if than that which who whose my your his her its our their"
    " this these those i we you he she they it's i'm very so not no is are was were be been am will would can could"
    # French, Spanish, Italian, Portuguese, German, Dutch
    " le la les l un une des du de d au aux et ou el los las y o e en con por para il lo gli i di da in un una dei os as um uma"
    " der die das den dem ein eine einen einem und oder zu mit von im am zum zur het een van"
    " dr mr mrs ms st".split()
)
"""Words after which no listener expects a pause, in lower case."""

DANGLING_CJK: Final = frozenset(
    "在把被和跟与與对對给給从從向让讓很不没沒也都就最太一这這那我你他她请請要想会會能可是有去再还還"
)
"""Chinese words that cling to what follows, when they stand alone."""

_CHINESE_PARTICLES = frozenset("的了吗嗎吧呢嘛啦着著过過")
"""A Chinese phrase may end after these, and does not end before them."""
_KOREAN_ENDINGS: Final = tuple(
    "은 는 이 가 을 를 에 에서 에게 한테 께 으로 로 와 과 랑 하고 도 만 까지 부터 보다 처럼 고 서 면 지만 는데 은데"
    " 인데 니까 려고 면서 거나 든지 자 며 요 게".split()
)
_TRADITIONAL = frozenset("們這個來說時會對學為還後過嗎沒麼國點開發話見覺讓應該從經當實與東歡難樣現變給頭聽")


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
    if _is_japanese(text):
        return _ends("ja", text)
    language = "zh-hant" if any(ch in _TRADITIONAL for ch in text) else "zh-hans"
    return [place for place in _ends(language, text) if text[place] not in _CHINESE_PARTICLES]


def _ends(language: str, text: str) -> list[int]:
    return list(accumulate(map(len, _model(language).parse(text))))[:-1]


def is_particle(text: str, last: str) -> bool:
    """Whether a phrase of ``text`` that ends with ``last`` is one a speaker may pause after."""
    return last in _CHINESE_PARTICLES or _is_japanese(text)


def ends_korean_phrase(word: str) -> bool:
    """Whether a particle or a connecting ending closes the word."""
    return len(word) > 1 and "\uac00" <= word[-1] <= "\ud7a3" and word.endswith(_KOREAN_ENDINGS)


def _is_japanese(text: str) -> bool:
    return any(is_hiragana(ch) or "\u30a1" <= ch <= "\u30fa" for ch in text)
