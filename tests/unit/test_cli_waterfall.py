"""Bars of characters: golden text, and nothing that is drawn may be wider than asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.cli.waterfall import ASCII, BLAME, BLOCKS, Row, duration, longest, waterfall

STAGES = {"queue": 1.0, "llm": 150.0, "cut": 59.0, "handover": 1.0, "tts": 80.0, "send": 2.0}
SLOW = {**STAGES, "llm": 669.0}


def drawn(rows: list[Row], threshold_ms: float = 500, width: int = 60, *, ascii_only: bool = False) -> list[str]:
    lines = waterfall(rows, threshold_ms, width, ASCII if ascii_only else BLOCKS)
    texts = ["".join(piece.text for piece in line) for line in lines]
    assert max(map(len, texts), default=0) <= width
    return [text.rstrip() for text in texts]


def styles(rows: list[Row], threshold_ms: float) -> set[str]:
    return {piece.style for line in waterfall(rows, threshold_ms) for piece in line if piece.style}


def test_turns_lie_on_one_axis_and_the_stage_to_blame_is_marked() -> None:
    rows = [Row("1", 293, STAGES), Row("2", 812, SLOW), Row("median", 293, STAGES)]
    assert drawn(rows) == [
        "             threshold 500 ms ┊",
        "    ms 0        200       400      600      800",
        "     1 l██████c██t███         ┊                 293 ms",
        "     2 l!█████████████████████┊███████c██t██s   812 ms ! llm",
        "median l██████c██t███         ┊                 293 ms",
        "q queue   l llm   c cut   h handover   t tts   s send",
        "! took longest",
    ]


def test_a_console_without_blocks_gets_plain_characters() -> None:
    text = "\n".join(drawn([Row("1", 293, STAGES), Row("2", 812, SLOW)], ascii_only=True))
    assert text.isascii()
    assert "l!=" in text
    assert "|" in text
    assert "! llm" in text


def test_red_is_for_the_stage_to_blame_of_a_turn_that_was_too_late() -> None:
    assert not any("red" in style for style in styles([Row("1", 500, SLOW)], 500))
    assert BLAME in styles([Row("1", 501, SLOW)], 500)


def test_one_stage_takes_nearly_all_and_is_seen_in_spite_of_its_neighbours() -> None:
    assert drawn([Row("1", 1002, {"a": 1, "b": 1000, "c": 1})], 500, 40) == [
        "              ┊ threshold 500 ms",
        "ms 0          500          1000",
        "1 b!██████████┊███████████c  1002 ms ! b",
        "a a   b b   c c   ! took longest",
    ]


def test_stages_below_a_millisecond_are_drawn_on_an_axis_that_suits_them() -> None:
    lines = drawn([Row("1", 0.6, {"alpha": 0.2, "beta": 0.4})], 0.5)
    assert lines[0].split() == ["threshold", "0.5", "ms", "┊"]
    assert "a█" in lines[2]
    assert "b!" in lines[2]
    assert lines[2].endswith("0.6 ms ! beta")


def test_a_threshold_far_past_the_edge_is_told_and_not_drawn() -> None:
    lines = drawn([Row("1", 5, {"llm": 5})], 500_000)
    assert lines[0].endswith("threshold 500.0 s >")
    assert "┊" not in "".join(lines)


def test_ten_minutes_leave_the_other_turns_to_be_seen() -> None:
    rows = [Row("1", 600_000, {"llm": 599_000, "tts": 1000}), Row("2", 293, STAGES), Row("3", 293, STAGES)]
    lines = drawn(rows)
    assert ">  600.0 s ! llm" in lines[2]
    assert lines[3].count("█") >= 3
    assert lines[-1].endswith("> goes on")


def test_a_narrow_terminal_keeps_its_bars_as_long_as_it_can() -> None:
    assert drawn([Row("1", 293, STAGES), Row("2", 812, SLOW)], width=36) == [
        "       500 ms ┊",
        "ms 0          500",
        "1 l███ct█     ┊         293 ms",
        "2 l!██████████┊███cts   812 ms ! llm",
        "q queue   l llm   c cut   h handover",
        "t tts   s send   ! took longest",
    ]


def test_a_turn_without_stages_has_its_figure_alone() -> None:
    assert drawn([Row("1", 300, {})], 500)[2].split() == ["1", "┊", "300", "ms"]
    assert longest({}) is None
    assert drawn([]) == []


def test_a_terminal_too_narrow_for_bars_gets_the_figures() -> None:
    assert drawn([Row("1", 293, STAGES), Row("2", 812, SLOW)], width=18) == ["1 293 ms", "2 812 ms !"]


def test_stages_of_unknown_names_have_letters_of_their_own_and_print_safely() -> None:
    names = ["quick", "queue", "q", "llm\x1b[31m", "填充", "very_long_name_of_a_stage"]
    legend = drawn([Row("1", 60, dict.fromkeys(names, 10.0))], 500, 200)[-1]
    letters = [entry.split()[0] for entry in legend.split("   ")]
    assert len(set(letters)) == len(names)
    assert "\x1b" not in legend
    assert "very long name o" in legend


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0.0 ms"), (9.94, "9.9 ms"), (9.96, "10 ms"), (9999, "9999 ms"), (600_000, "600.0 s")]
)
def test_durations_are_short(ms: float, text: str) -> None:
    assert duration(ms) == text


times = st.floats(0, 600_000)


@given(
    st.lists(st.dictionaries(st.sampled_from([*list(STAGES), "filler", "x"]), times, max_size=8), max_size=14),
    st.floats(0.01, 600_000),
    st.integers(8, 200),
    st.booleans(),
)
def test_whatever_the_turns_no_line_is_too_wide_and_no_late_turn_goes_unmarked(
    turns: list[dict[str, float]], threshold_ms: float, width: int, ascii_only: bool
) -> None:
    rows = [Row(str(number), sum(stages.values()), stages) for number, stages in enumerate(turns)]
    lines = drawn(rows, threshold_ms, width, ascii_only=ascii_only)
    late = sum(row.total_ms > threshold_ms for row in rows)
    if width >= 20:
        assert sum("!" in line and not line.lstrip().startswith("!") for line in lines) >= late
