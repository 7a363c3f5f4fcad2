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
