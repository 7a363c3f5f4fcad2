"""What was heard, to the word."""

from __future__ import annotations

import pytest

from hayakuchi.core.types import Mark, MarkKind, Segment
from hayakuchi.orchestrator.timeline import Timeline


def word(at_ms: float, start: int, length: int) -> Mark:
    return Mark(MarkKind.WORD, at_ms, "", start, length)


def spoken(*, ended: bool = True, marks: bool = True) -> Timeline:
    timeline = Timeline()
    timeline.started(Segment(0, "Hello there. ", "Hello there."), 0)
    if marks:
        timeline.marked([word(0, 0, 5), word(400, 6, 5)])
    timeline.ended(1000)
    timeline.started(Segment(1, "**How** are you?", "How are you?"), 1000)
    if marks:
        timeline.marked([word(0, 0, 3), word(300, 4, 3), word(600, 8, 3)])
    if ended:
        timeline.ended(2000)
    return timeline


@pytest.mark.parametrize(
    ("played_ms", "heard"),
    [
        (0, ""),
        (1, "Hello"),
        (400, "Hello"),
        (401, "Hello there"),
        (1000, "Hello there."),
        (1001, "Hello there. How"),
        (1350, "Hello there. How are"),
        (1700, "Hello there. How are you"),
        (2000, "Hello there. **How** are you?"),
        (9000, "Hello there. **How** are you?"),
    ],
)
def test_to_the_word_where_there_are_marks(played_ms: float, heard: str) -> None:
    assert spoken().heard(played_ms) == heard


def test_at_a_word_border_where_there_are_none() -> None:
    timeline = spoken(marks=False)
    heard = [timeline.heard(played_ms) for played_ms in range(0, 2001, 50)]
    assert heard[0] == ""
    assert heard[-1] == "Hello there. **How** are you?"
    assert set(heard) <= {"", "Hello", "Hello there.", "Hello there. How", "Hello there. How are", heard[-1]}
    assert sorted(heard, key=len) == heard


def test_a_clip_of_unknown_length_is_judged_by_speaking_rate() -> None:
    timeline = spoken(ended=False, marks=False)
    assert timeline.heard(1000 + 600) == "Hello there. How are"


def test_cjk_without_marks_needs_no_word_border() -> None:
    timeline = Timeline()
    timeline.started(Segment(0, "今天天气很好。", "今天天气很好。"), 0)
    timeline.ended(1400)
    assert timeline.heard(700) == "今天天"


def test_a_silent_segment_was_read_when_its_time_came() -> None:
    timeline = Timeline()
    timeline.started(Segment(0, "😀", ""), 0)
    timeline.ended(0)
    assert timeline.heard(0) == "😀"
