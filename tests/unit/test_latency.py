"""Figures, stages, and who is to blame."""

from __future__ import annotations

import pytest

from hayakuchi.orchestrator.latency import LatencyTrace, Moment

TIMES = {
    Moment.HEARD: 1000,
    Moment.LLM_REQUEST: 1001,
    Moment.LLM_FIRST_TOKEN: 1151,
    Moment.FIRST_SEGMENT: 1210,
    Moment.TTS_REQUEST: 1211,
    Moment.TTS_FIRST_CHUNK: 1291,
    Moment.FIRST_AUDIO: 1293,
}


def trace(**changes: float) -> LatencyTrace:
    made = LatencyTrace()
    for moment, at in TIMES.items():
        made.mark(moment, changes.get(moment, at))
    return made


def test_figures_and_stages_add_up() -> None:
    made = trace()
    assert made.figures() == {"first_audio": 293, "audio_pipeline": 80}
    assert made.stages() == {"queue": 1, "llm": 150, "cut": 59, "handover": 1, "tts": 80, "send": 2}
    assert sum(made.stages().values()) == made.figures()["first_audio"]


def test_the_first_mark_counts() -> None:
    made = trace()
    made.mark(Moment.FIRST_AUDIO, 9999)
    assert made.figures()["first_audio"] == 293


def test_streaming_is_the_worst_of_the_later_segments_and_waiting_on_purpose_does_not_count() -> None:
    made = trace()
    made.later_segment(last_token=2000, requested=2000, first_chunk=2090)
    made.later_segment(last_token=2000, requested=5000, first_chunk=5100)
    assert made.figures()["streaming"] == 100


@pytest.mark.parametrize(
    ("changes", "figures", "stage"),
    [
        ({}, set(), None),
        ({"tts_first_chunk": 1911, "first_audio": 1912}, {"first_audio", "audio_pipeline"}, "tts"),
        ({"llm_request": 1600, "llm_first_token": 1601, "first_audio": 1700}, {"first_audio"}, "queue"),
    ],
)
def test_breaches_name_the_stage(changes: dict[str, float], figures: set[str], stage: str | None) -> None:
    breaches = trace(**changes).breaches({"first_audio": 500, "streaming": 300, "audio_pipeline": 250})
    assert {breach.figure for breach in breaches} == figures
    assert {breach.stage for breach in breaches} == ({stage} if stage else set())


def test_a_turn_that_never_spoke_has_no_figures() -> None:
    made = LatencyTrace()
    made.mark(Moment.HEARD, 0)
    assert made.figures() == made.stages() == {}
    assert made.breaches({"first_audio": 1}) == []


SPOKEN = {Moment.SPEECH_END: 100, Moment.END_CONFIRMED: 900, Moment.FINAL_TEXT: 999.5}


def test_a_spoken_message_is_measured_from_voice_to_voice() -> None:
    made = trace()
    for moment, at in SPOKEN.items():
        made.mark(moment, at)
    assert made.hearing() == {"end_of_turn": 800, "asr": 99.5}
    assert made.figures()["voice_to_voice"] == 1193
    assert made.stages() == trace().stages()
    (breach,) = made.breaches({"voice_to_voice": 1000})
    assert (breach.figure, breach.stage) == ("voice_to_voice", "end_of_turn")


def test_too_slow_models_are_to_blame_for_a_spoken_message_too() -> None:
    made = trace(llm_first_token=3151, first_segment=3210, tts_request=3211, tts_first_chunk=3291, first_audio=3293)
    for moment, at in SPOKEN.items():
        made.mark(moment, at)
    assert {breach.stage for breach in made.breaches({"voice_to_voice": 1000, "first_audio": 500})} == {"llm"}


def test_words_that_had_to_wait_until_the_avatar_had_finished_say_so() -> None:
    made = LatencyTrace()
    for moment, at in {**SPOKEN, Moment.HEARD: 5000, Moment.FIRST_AUDIO: 5200}.items():
        made.mark(moment, at)
    assert made.hearing() == {"end_of_turn": 800, "asr": 99.5, "held": 4000.5}
    assert made.figures()["voice_to_voice"] == 5100


def test_a_text_that_was_there_before_the_end_was_confirmed_took_no_time() -> None:
    made = LatencyTrace()
    for moment, at in {Moment.SPEECH_END: 100, Moment.END_CONFIRMED: 900, Moment.FINAL_TEXT: 400}.items():
        made.mark(moment, at)
    assert made.hearing() == {"end_of_turn": 800, "asr": 0}


def test_typed_messages_were_not_heard() -> None:
    assert trace().hearing() == {}
    assert "voice_to_voice" not in trace().figures()
