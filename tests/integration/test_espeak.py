"""The offline voice as it is heard: the real library in its real process."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
from espeak_clips import LONG, SENTENCE, Clip, block, say, speaking
from pydantic import ValidationError

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import MarkKind
from hayakuchi.tts.espeak import EspeakTTS
from hayakuchi.tts.espeak_voices import resolve


@pytest.fixture
async def voice() -> AsyncIterator[EspeakTTS]:
    async with speaking(block()) as voice:
        yield voice


async def test_a_sentence_sounds(voice: EspeakTTS) -> None:
    clip = await say(voice, SENTENCE)
    assert 2000 < clip.ms < 5000
    assert 0.02 < clip.rms / 32768 < 0.3
    assert np.abs(clip.samples).max() < 32767
    assert {piece.sample_rate for piece in clip.pieces} == {voice.sample_rate} == {22050}
    assert all(piece.pcm for piece in clip.pieces)
    assert clip.words == SENTENCE.replace(",", "").replace(".", "").split()
    assert "wˈɛlkʌm" in clip.ipa


async def test_probing_says_who_speaks(voice: EspeakTTS) -> None:
    assert await voice.probe() == "espeak-ng 1.52.0, voice en-us+f3"


TEXTS = {
    "multi-byte": ("Hello wörld, naïve café — “quoted” end.", ["Hello", "wörld", "naïve", "café", "quoted", "end"]),
    "expanded": (
        "It costs $3.50 on 2024-01-05 at 10:30.",
        ["It", "costs", "$", "3.50", "on", "2024-01-05", "at", "10:30"],
    ),
    "emoji": ("hi 😀 there 😀 end", ["hi", "😀", "there", "😀", "end"]),
    "joined": ("Don't re-enter: it's ok", ["Don't", "re-enter", "it's", "ok"]),
    "quotes": ('"Yes," she (quietly) said', ["Yes", "she", "quietly", "said"]),
    "spaces": ("  and   spaces\n\nnew\tline ", ["and", "spaces", "new", "line"]),
    "hindi": ("क्या हाल है", ["क्या", "हाल", "है"]),
    "chinese": ("你好，世界！", ["你", "世", "界"]),
    "japanese": ("こんにちは。カタカナです", ["こんにちは", "カタカナです"]),
    "korean": ("안녕하세요 세계", ["안녕하세요", "세계"]),
    "commands": ("one\x01\x0050Ptwo\x7f three", None),
    "surrogates": ("one \ud83d two", ["one", "two"]),
    "long": (LONG, None),
}


@pytest.mark.parametrize("name", TEXTS)
async def test_marks_point_at_words_and_are_never_late(voice: EspeakTTS, name: str) -> None:
    text, words = TEXTS[name]
    clip = await say(voice, text)
    assert words is None or clip.words == words
    begin = 0.0
    for piece in clip.pieces:
        assert all(mark.at_ms >= begin - 0.1 for mark in piece.marks)
        begin += piece.duration_ms
    at = [mark.at_ms for mark in clip.marks]
    assert at == sorted(at)
    assert at[-1] <= clip.ms
    spans = [(mark.start, mark.start + mark.length) for mark in clip.marks if mark.kind is MarkKind.WORD]
    assert spans
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(this[1] <= following[0] for this, following in itertools.pairwise(spans))
    assert sum(not mark.text for mark in clip.marks if mark.kind is MarkKind.PHONEME) < len(at) / 2


async def test_marks_lie_where_the_sound_is(voice: EspeakTTS) -> None:
    clip = await say(voice, "Stop. Go.")
    go = next(mark.at_ms for mark in clip.marks if mark.kind is MarkKind.WORD and mark.start == 6)
    samples = clip.samples
    loud = [float(np.sqrt(np.mean(samples[int(ms * 22.05) :][:882] ** 2))) for ms in (go - 80, go + 60)]
    assert loud[0] < 100 < 1000 < loud[1]


async def test_text_in_another_script_gets_its_own_voice() -> None:
    async with speaking(block(voices={})) as one, speaking(block()) as many:
        for text, foreign, native in [
            ("你好世界", "tʃˈaɪniːz", "ˈɑu"),
            ("こんにちは", "dʒˈæpəniːz", "kˌo̞nnitɕˈihä"),
            ("안녕하세요", None, "ɐnnjʌŋ"),  # any voice reads hangul, its own best
        ]:
            assert foreign is None or foreign in (await say(one, text)).ipa
            clip = await say(many, text)
            assert native in clip.ipa
            assert foreign is None or foreign not in clip.ipa
            assert clip.rms > 500
        assert "həlˈoʊ" in (await say(many, "Hello")).ipa


@pytest.mark.parametrize("text", ["", " ", "...", "—", "😀", "\x01\x02"])
async def test_nothing_to_say_is_an_empty_clip(voice: EspeakTTS, text: str) -> None:
    assert (await say(voice, text)).pieces == []


async def test_a_piece_that_goes_on_does_not_fall(voice: EspeakTTS) -> None:
    def pitch(clip: Clip) -> float:
        window = clip.samples[-2600:-1700]
        window -= window.mean()
        lags = np.correlate(window, window, "full")[window.size - 1 :]
        return 22050 / (55 + int(np.argmax(lags[55:245])))

    falling = await say(voice, "I went to the market today")
    going_on = await say(voice, "I went to the market today", final=False)
    assert pitch(going_on) > 1.2 * pitch(falling)
    assert going_on.words == falling.words


async def test_settings_are_heard(voice: EspeakTTS) -> None:
    usual = await say(voice, SENTENCE)
    for config, compare in [
        (block(rate=350), lambda clip: clip.ms < 0.7 * usual.ms),
        (block(volume=30), lambda clip: clip.rms < 0.5 * usual.rms),
        (block(voice="en-gb"), lambda clip: clip.ipa != usual.ipa),
    ]:
        async with speaking(config) as other:
            assert compare(await say(other, SENTENCE)), config


async def test_long_text_is_said_whole(voice: EspeakTTS) -> None:
    clip = await say(voice, LONG)
    assert clip.ms > 60_000
    assert len(clip.words) == len(LONG.replace(",", "").replace(".", "").split())


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"voice": "en-uss"}, r"no voice 'en-uss'; some of the \d+ that exist: .*en-us"),
        ({"voice": "martian+f3"}, r"no voice 'martian'; .*en-us, en-gb"),
        ({"voice": "en-us+f33"}, r"no voice variant 'f33'; some of the \d+ that exist: .*f3"),
        ({"voices": {"zh": "mandarin"}}, "no voice 'mandarin'"),
    ],
)
async def test_an_unknown_voice_is_told_when_it_opens(config: dict, says: str) -> None:
    voice = EspeakTTS(block(**config))
    with pytest.raises(ProviderError, match=says) as caught:
        await voice.open()
    assert (caught.value.category, caught.value.retryable) == (Category.INVALID_REQUEST, False)
    await voice.aclose()


@pytest.mark.parametrize(
    "values", [{"rate": 79}, {"rate": 451}, {"pitch": 100}, {"voice": "../x"}, {"voices": {"fr": "fr"}}, {"speed": 1}]
)
def test_a_block_that_makes_no_sense_is_refused(values: dict) -> None:
    with pytest.raises(ValidationError):
        block(**values)


@pytest.mark.parametrize(
    ("voice", "name"),
    [
        ("zh", "cmn"),
        ("EN-GB+f2", "en+f2"),
        ("en-us", "en-us"),
        ("fr-fr+Andy", "fr+Andy"),
        ("yue", "yue"),
        ("martian", "martian"),
    ],
)
def test_a_language_tag_finds_its_voice(voice: str, name: str) -> None:
    assert resolve(Path(espeakng_loader.get_data_path()), voice) == name
