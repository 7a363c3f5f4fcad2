"""The page of the comparison says what was measured: misses, what was not available, and nothing that was not run."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from hayakuchi.benchmarks.peers.report import render
from hayakuchi.benchmarks.peers.verdicts import best_peer, ratio, verdicts


def _system(p50: float, **changed: Any) -> dict[str, Any]:
    part = {"p50": 4.0, "p95": 9.0, "turns": 24}
    parts = dict.fromkeys(("to_model", "to_voice", "to_listener", "total"), part)
    return {"turns": 24, "whole": 24, "errors": 0, "p50": p50, "p95": 2 * p50, "added": parts, **changed}


def _race(ours: float, **more: float) -> dict[str, Any]:
    systems = {"pipecat": 500.0, "livekit": 400.0, "hayakuchi": ours, **more}
    return {
        "timings": {"first_token": 1, "token": 2, "first_byte": 3, "rtf": 0.5},
        "systems": {name: _system(p50) for name, p50 in systems.items()},
        "quick_unavailable": None if more else "conf.yaml:1:1: quick_llm: unknown key; known are …",
    }


def _results(**cases: Any) -> dict[str, Any]:
    said = {"stall_ms": 5.0, "small_first_token": 40, "talk_sentences": 8, "first_sentences": "Short ones."}
    return {"machine": "2 cores", "load": 0.25, "versions": "Hayakuchi 1", "date": "2026-01-01", "said": said, **cases}


def _met(results: dict[str, Any]) -> list[tuple[str, bool | None]]:
    return [(one.case, one.met) for one in verdicts(results)]


def test_the_best_peer_is_the_quicker_one() -> None:
    race = _race(200)
    assert best_peer(race) == ("livekit", 400.0)
    assert ratio(race, "hayakuchi") == 0.5


@pytest.mark.parametrize(("ours", "met"), [(280.0, True), (281.0, False)])
def test_case_a_is_met_at_its_limit_and_missed_above(ours: float, met: bool) -> None:
    assert _met(_results(A=_race(ours))) == [("A", met)]


def test_a_quick_reply_that_is_not_there_is_neither_met_nor_missed() -> None:
    race = _race(200)
    (verdict,) = verdicts(_results(C=race))
    assert verdict.met is None
    assert verdict.measured == "not available: conf.yaml:1:1: quick_llm: unknown key"
    assert _met(_results(C=_race(200, **{"hayakuchi-quick": 80.0}))) == [("C", True)]
    assert _met(_results(C=_race(200, **{"hayakuchi-quick": 81.0}))) == [("C", False)]


def test_added_time_is_held_against_both_limits() -> None:
    race = _race(200)
    assert _met(_results(D=race)) == [("D", True), ("D", True)]
    race["systems"]["hayakuchi"]["added"]["total"] = {"p50": 5.1, "p95": 15.1, "turns": 24}
    assert _met(_results(D=race)) == [("D", False), ("D", False)]


def _long(**changed: Any) -> dict[str, Any]:
    one = {
        "status": "completed",
        "whole": True,
        "audio_s": 90.0,
        "segments": 20,
        "stalls": 0,
        "longest_hole_ms": 1.0,
        "at_mark_share": 0.9,
        "length_share": 0.6,
    }
    return {"timings": _race(1)["timings"], "languages": {"en": one | changed}}


@pytest.mark.parametrize(
    ("changed", "met"),
    [
        ({}, [True, True, True]),
        ({"stalls": 1}, [False, True, True]),
        ({"whole": False}, [False, True, True]),
        ({"at_mark_share": 0.89, "length_share": 0.59}, [True, False, False]),
        ({"at_mark_share": None, "length_share": None}, [True, False, False]),
    ],
)
def test_a_long_reply_may_not_stall_and_must_be_whole(changed: dict[str, Any], met: list[bool]) -> None:
    assert [one for _, one in _met(_results(E=_long(**changed)))] == met


def _killed(**changed: Any) -> dict[str, Any]:
    plain = {"rounds": 50, "killed": 50, "hole_p50": 0.0, "hole_p95": 150.0, "with_lost": 0, "with_doubled": 0}
    return {"timings": _race(1)["timings"], **plain, **changed}


@pytest.mark.parametrize(
    ("changed", "met"),
    [
        ({}, [True, True, True]),
        ({"hole_p95": 151.0, "with_lost": 1, "with_doubled": 2}, [False, False, False]),
        ({"killed": 0, "hole_p50": math.nan, "hole_p95": math.nan}, [False, False, False]),
    ],
)
def test_killed_voices(changed: dict[str, Any], met: list[bool]) -> None:
    assert [one for _, one in _met(_results(F=_killed(**changed)))] == met


def _seed(first_audio: float, improvement: float) -> dict[str, Any]:
    figures: dict[str, Any] = {
        name: {"p50": value, "p95": value, "p99": value}
        for name, value in (("first_audio", first_audio), ("audio_pipeline", 100.0))
    }
    return {"timings": _race(1)["timings"], "figures": {**figures, "improvement": {"p50": improvement}}}


def test_the_figures_of_the_latency_command() -> None:
    assert _met(_results(G=_seed(500, 70))) == [("G", True)] * 3
    assert _met(_results(G=_seed(501, 69))) == [("G", False), ("G", True), ("G", False)]


def test_the_page_says_what_was_missed_and_leaves_out_what_was_not_run() -> None:
    page = render(_results(A=_race(300)))
    assert "| A | first audio, p50 against the best peer's | 0.75 | ≤ 0.70 | **missed** |" in page
    assert "| LiveKit Agents 1.8.9 (best peer) | 400 | 800 | 1.00 | 24 of 24 | 0 |" in page
    assert "| Hayakuchi | 300 | 600 | 0.75 | 24 of 24 | 0 |" in page
    assert "## B" not in page
    assert "## F" not in page
    assert "Short ones." in page
    assert "2 cores; load average 0.2 when it began. Hayakuchi 1. 2026-01-01." in page


def test_a_whole_page_survives_json() -> None:
    fast, slow = _race(200), _race(200, **{"hayakuchi-quick": 70.0})
    results = _results(A=fast, B=slow, C=slow, D=fast, E=_long(), F=_killed(), G=_seed(400, 80))
    page = render(results)
    assert render(json.loads(json.dumps(results))) == page
    assert "**missed**" not in page
    for case in "ABDEFG":
        assert f"\n## {case}: " in page or f"\n## {case} " in page


def test_a_page_of_more_than_one_run_says_so() -> None:
    assert "Measured again" not in render(_results(A=_race(200)))
    assert "in place of its figures: A, D." in render(_results(A=_race(200), again="AD"))
