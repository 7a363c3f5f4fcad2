"""Whether an espeak-ng voice can speak a character's language."""

from __future__ import annotations

from collections.abc import Mapping

_SAME = {"zh": {"zh", "cmn", "yue", "hak"}, "no": {"no", "nb"}, "nb": {"no", "nb"}, "fil": {"fil", "tl"}}
_SCRIPTS = {
    "zh": "Chinese",
    "cmn": "Chinese",
    "yue": "Chinese",
    "hak": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Cyrillic",
    "uk": "Cyrillic",
    "bg": "Cyrillic",
    "be": "Cyrillic",
    "sr": "Cyrillic",
    "mk": "Cyrillic",
    "kk": "Cyrillic",
    "el": "Greek",
    "he": "Hebrew",
    "ar": "Arabic",
    "fa": "Arabic",
    "ur": "Arabic",
    "hi": "Devanagari",
    "mr": "Devanagari",
    "ne": "Devanagari",
    "bn": "Bengali",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "ka": "Georgian",
    "hy": "Armenian",
}


def mismatch(language: str, voice: str, voices: Mapping[str, str]) -> str | None:
    """What is to be heard when they do not fit, or None when they do.

    ``language`` is a BCP 47 tag, ``voice`` an espeak-ng voice such as ``en-us+f3``; ``voices`` are voices by language that are
    used for text which the voice itself cannot read.
    """
    spoken, known = _primary(language), _primary(voice)
    if known in _SAME.get(spoken, {spoken}):
        return None
    script, readable = _script(spoken), _script(known)
    if script != readable and spoken in voices:
        return None if _primary(voices[spoken]) in _SAME.get(spoken, {spoken}) else _wrong(language, voices[spoken])
    if script != readable:
        return f"the voice {voice} cannot read {script} writing, which the character's language ({language}) uses"
    return _wrong(language, voice)


def _wrong(language: str, voice: str) -> str:
    return f"the voice {voice} will pronounce the character's language ({language}) as if it were its own"


def _primary(tag: str) -> str:
    return tag.split("+")[0].split("/")[-1].split("-")[0].strip().lower()


def _script(language: str) -> str:
    return _SCRIPTS.get(language, "Latin")
