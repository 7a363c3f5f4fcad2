"""What recognisers make up is dropped; the same words truly spoken are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.asr.hallucinations import believed
from hayakuchi.asr.made_up_phrases import BEGINNINGS, PHRASES
from hayakuchi.core.transcript import Transcript, TranscriptSegment

ALL = [phrase for phrases in PHRASES.values() for phrase in phrases]

MADE_UP: list[tuple[str, float]] = [
    ("", 1000),
    ("...", 1000),
    ("[Music]", 3000),
    ("(applause)", 3000),
    ("♪ ♪ ♪", 3000),
    ("*coughs*", 400),
    ("（笑）", 500),
    ("【音楽】", 500),
    ("Thank you for watching!", 250),
    ("Thank you. Thank you. Thank you.", 300),
    ("you", 100),
    ("You", 150),
    ("Subtitles by the Amara.org community", 500),
    ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", 700),
    ("字幕由Amara.org社区提供", 400),
    ("謝謝觀看", 200),
    ("ご視聴ありがとうございました", 300),
    ("ご視聴ありがとうございました。", 1000),
    ("시청해주셔서 감사합니다.", 300),
    ("Untertitel von Stephanie Geiges", 400),
    ("Продолжение следует...", 300),
    ("la la la la la la la la la", 600),
    ("ha" + " ha" * 40, 9000),
    ("哈哈哈哈哈哈哈哈哈哈哈哈", 400),
    ("I think that we should all go to the seaside tomorrow morning", 300),
]

SPOKEN: list[tuple[str, float]] = [
    ("Thank you for watching!", 1300),
    ("Thank you.", 380),
    ("You", 250),
    ("ご視聴ありがとうございました", 1900),
    ("谢谢观看", 700),
    ("はい", 200),
    ("no", 180),
    ("No, no, no.", 800),
    ("la la la la la la", 1500),
    ("What is the weather like in Paris?", 1500),
    ("今天天气怎么样", 900),
    ("Please subscribe me to the newsletter.", 1700),
    ("I saw the end of the film.", 1300),
]


@pytest.mark.parametrize(("text", "speech_ms"), MADE_UP)
def test_made_up(text: str, speech_ms: float) -> None:
    believed_of = believed(Transcript(text, "en", (TranscriptSegment(0, 500, text),)), speech_ms)
    assert (believed_of.text, believed_of.segments) == ("", ())


@pytest.mark.parametrize(("text", "speech_ms"), SPOKEN)
def test_spoken(text: str, speech_ms: float) -> None:
    transcript = Transcript(text, "en", (TranscriptSegment(0, 500, text),), 0.05, -0.2)
    assert believed(transcript, speech_ms) == transcript


@pytest.mark.parametrize("phrase", [*ALL, *BEGINNINGS])
def test_each_phrase_is_dropped_over_silence_and_kept_when_said(phrase: str) -> None:
    assert believed(Transcript(phrase), 100).text == ""
    assert believed(Transcript(phrase, no_speech=0.01, log_probability=-0.1), 4000).text == phrase


def test_an_engine_that_is_not_sure_of_what_is_often_made_up_is_not_believed() -> None:
    for doubt in (Transcript("Thank you.", no_speech=0.5), Transcript("Thank you.", log_probability=-0.8)):
        assert believed(doubt, 2000).text == ""
    assert believed(Transcript("Open the door", no_speech=0.5, log_probability=-0.8), 2000).text == "Open the door"
    assert believed(Transcript("Open the door", no_speech=0.9, log_probability=-1.2), 2000).text == ""


def test_thanks_after_a_sentence_are_left_out_if_there_was_no_time_for_them() -> None:
    segments = (TranscriptSegment(0, 600, "Turn left."), TranscriptSegment(600, 700, "Thank you for watching."))
    transcript = Transcript("Turn left. Thank you for watching.", "en", segments)
    short = believed(transcript, 700)
    assert short.text == "Turn left."
    assert short.segments == segments[:1]
    assert believed(transcript, 2500) == transcript


def test_notes_are_left_out_of_what_was_said() -> None:
    assert believed(Transcript("(laughs) Oh well. [Music]"), 900).text == "Oh well."


@given(st.text(max_size=60), st.floats(0, 60_000), st.none() | st.floats(0, 1), st.none() | st.floats(-5, 0))
def test_it_takes_any_text_and_adds_nothing(
    text: str, speech_ms: float, no_speech: float | None, sure: float | None
) -> None:
    kept = believed(Transcript(text, None, (), no_speech, sure), speech_ms).text
    assert set(kept) <= set(text) | {" "}
    assert len(kept) <= len(text) + 1 + text.count("(") + text.count("[") + text.count("<")
