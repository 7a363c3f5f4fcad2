"""Which voice reads a text, and how a piece that goes on ends."""

import pytest

from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts.reading import Script, script_of, spoken, voice_for

VOICES: dict[Script, str] = {"zh": "cmn+f3", "ja": "ja+f3", "ko": "ko+f3"}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("hello", None),
        ("", None),
        ("Привет", None),
        ("你好", "zh"),
        ("今日は", "ja"),
        ("ｱｲｳ", "ja"),
        ("안녕", "ko"),
        ("漢字 한글", "ko"),
        ("say 你", "zh"),
    ],
)
def test_script_of(text: str, script: str | None) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("text", "voice", "voices", "spoken_by"),
    [
        ("hello", "en-us+f3", VOICES, "en-us+f3"),
        ("你好", "en-us+f3", VOICES, "cmn+f3"),
        ("你好", "yue", VOICES, "yue"),
        ("你好", "sit/cmn+m3", VOICES, "sit/cmn+m3"),
        ("你好", "zh-yue", VOICES, "zh-yue"),
        ("你好", "ja", VOICES, "cmn+f3"),
        ("今日は", "ja+m1", VOICES, "ja+m1"),
        ("今日は", "cmn", VOICES, "ja+f3"),
        ("안녕", "de", VOICES, "ko+f3"),
        ("안녕", "kok", VOICES, "ko+f3"),
        ("你好", "en-us+f3", {}, "en-us+f3"),
        ("안녕", "en-us+f3", {"zh": "cmn"}, "en-us+f3"),
        ("hello", "cmn", VOICES, "cmn"),
        ("你好", "en-US-AvaNeural", VOICES, "cmn+f3"),
        ("你好", "zh-TW-HsiaoChenNeural", VOICES, "zh-TW-HsiaoChenNeural"),
    ],
)
def test_voice_for(text: str, voice: str, voices: dict[Script, str], spoken_by: str) -> None:
    assert voice_for(text, voice, voices) == spoken_by


@pytest.mark.parametrize(
    ("text", "final", "asked"),
    [
        (" I went ", True, "I went"),
        ("I went", False, "I went,"),
        ("I went.", False, "I went."),
        ("我去了", False, "我去了，"),
        ("それは", False, "それは、"),
        ("", False, ""),
    ],
)
def test_a_piece_that_goes_on_ends_in_a_comma(text: str, final: bool, asked: str) -> None:
    assert spoken(SpeechRequest(text, final)) == asked
