"""The languages that speech models know, by code and by English name: some services take the one, some give the other."""

from __future__ import annotations

from functools import cache

_NAMES = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, ba bashkir, be belarusian, bg bulgarian, bn bengali,
bo tibetan, br breton, bs bosnian, ca catalan, cs czech, cy welsh, da danish, de german, el greek, en english, es spanish,
et estonian, eu basque, fa persian, fi finnish, fo faroese, fr french, gl galician, gu gujarati, ha hausa, haw hawaiian,
he hebrew, hi hindi, hr croatian, ht haitian creole, hu hungarian, hy armenian, id indonesian, is icelandic, it italian,
ja japanese, jw javanese, ka georgian, kk kazakh, km khmer, kn kannada, ko korean, la latin, lb luxembourgish, ln lingala,
lo lao, lt lithuanian, lv latvian, mg malagasy, mi maori, mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay,
mt maltese, my myanmar, ne nepali, nl dutch, nn nynorsk, no norwegian, oc occitan, pa punjabi, pl polish, ps pashto,
pt portuguese, ro romanian, ru russian, sa sanskrit, sd sindhi, si sinhala, sk slovak, sl slovenian, sn shona, so somali,
sq albanian, sr serbian, su sundanese, sv swedish, sw swahili, ta tamil, te telugu, tg tajik, th thai, tk turkmen,
tl tagalog, tr turkish, tt tatar, uk ukrainian, ur urdu, uz uzbek, vi vietnamese, yi yiddish, yo yoruba, yue cantonese,
zh chinese
"""
_OTHER_NAMES = {"mandarin": "zh", "burmese": "my", "castilian": "es", "flemish": "nl"}
_OTHER_CODES = {"jw": "jv"}
"""Whisper's code for Javanese is not the one of ISO 639-1."""


@cache
def _names() -> dict[str, str]:
    pairs = (entry.strip().split(" ", 1) for entry in _NAMES.strip().split(","))
    return {_OTHER_CODES.get(code, code): name for code, name in pairs}


@cache
def _codes() -> dict[str, str]:
    return {name: code for code, name in _names().items()} | _OTHER_NAMES


def language_code(text: str) -> str | None:
    """The ISO 639-1 code (or 639-3, where there is none) of a code or an English name; None: no language that is known."""
    word = text.strip().lower()
    base = word.replace("_", "-").split("-")[0]
    base = _OTHER_CODES.get(base, base)
    return base if base in _names() else _codes().get(word)


def language_name(code: str) -> str:
    """The English name; the code itself where none is known."""
    return _names().get(code, code)
