"""How a text is to be read, whatever the voice: which script it is in, who reads that, and how an unfinished sentence ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from ..core.types import SpeechRequest

Script = Literal["zh", "ja", "ko"]

HAN_RANGES = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Chinese characters, for a character class."""
_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_HAN = re.compile(f"[{HAN_RANGES}]")
_CHINESE = frozenset({"cmn", "zh", "yue", "hak", "nan", "wuu"})


def voice_for(text: str, voice: str, voices: Mapping[Script, str]) -> str:
    """``voice``, unless the text is in a script that it does not read and ``voices`` (by language) has one that does."""
    script = script_of(text)
    if script is None or script == _language_of(voice):
        return voice
    return voices.get(script, voice)


def script_of(text: str) -> Script | None:
    """``ja`` when there is kana in the text, else ``ko`` for hangul, else ``zh`` for Chinese characters, else None."""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else None


def _language_of(voice: str) -> str:
    """``en`` for ``gmw/en-US+f3`` and for ``en-US-AvaNeural``; ``zh`` for every kind of Chinese."""
    language = re.split("[-+_]", voice.lower().rpartition("/")[2])[0]
    return "zh" if language in _CHINESE else language


def spoken(request: SpeechRequest) -> str:
    """The text as the voice gets it: a piece that goes on ends in a comma, so that the voice does not fall."""
    text = request.text.strip()
    if text and not request.final and text[-1].isalnum():
        last = text[-1]
        text += "、" if "\u3040" <= last <= "\u30ff" else "，" if "\u2e80" <= last <= "\u9fff" else ","
    return text
