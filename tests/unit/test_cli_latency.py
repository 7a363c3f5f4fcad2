"""What ``hayakuchi latency`` makes of the turns it measured, and how it says it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hayakuchi.cli.latency import evaluate
from hayakuchi.cli.latency_text import print_report, rows_of, slowest
from hayakuchi.cli.main import main
from hayakuchi.cli.measure import Here, Sample
from hayakuchi.cli.remedies import REMEDIES
from hayakuchi.core.errors import HayakuchiError
from hayakuchi.orchestrator.latency import STAGES
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings

FAST = {"queue": 1.0, "llm": 150.0, "cut": 59.0, "handover": 1.0, "tts": 80.0, "send": 2.0}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "her.yaml").write_text("{name: Her, persona: You are short.}")
    (folder / "conf.yaml").write_text("{character: ./her.yaml, llm: {demo_llm: {}}, tts: {espeak_tts: {}}}")
    return load_settings(Path(folder / "conf.yaml"), registry=default_registry())


def evaluated(samples: list[Sample], settings: Settings, **here: Any) -> dict[str, Any]:
    return evaluate(samples, Here("en", settings.latency, "demo_llm", "espeak_tts", **here), settings)


def turn(*, whole_reply: bool = False, streaming: float | None = 90, **changes: float) -> Sample:
    stages = FAST | changes
    figures = {"first_audio": sum(stages.values()), "audio_pipeline": stages["tts"]}
    if streaming is not None:
        figures["streaming"] = streaming
    return Sample(whole_reply, figures, stages)


def whole() -> Sample:
    return turn(whole_reply=True, cut=1767)


def printed(report: dict[str, Any], **options: Any) -> str:
    console = Console(file=io.StringIO(), width=options.pop("width", 80), **options)
    print_report(report, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_turns_that_are_fast_enough_pass_and_say_by_how_much(settings: Settings) -> None:
    report = evaluated([turn(), whole(), turn(streaming=None), whole()], settings)
    assert report["breaches"] == []
    assert report["figures"]["improvement"]["p50"] == pytest.approx(100 * (1 - 293 / 2001))
    assert report["samples"] == [
        {"turn": 1, "figures": turn().figures, "stages": FAST},
        {"turn": 2, "figures": turn(streaming=None).figures, "stages": FAST},
    ]
    assert json.loads(json.dumps(report)) == report
    text = printed(report)
    assert "passed  first audio: 293 ms at p95, target 500 ms" in text
    assert "passed  improvement: 85 % against waiting for the whole reply (2001 ms), target 50 %" in text
    assert "missed" not in text


def test_a_missed_figure_names_the_stage_and_the_remedy(settings: Settings) -> None:
    report = evaluated([turn(cut=900, tts=300, streaming=400), whole()], settings)
    assert report["blame"] == {"first_audio": "cut", "streaming": "tts", "audio_pipeline": "tts", "improvement": "cut"}
    lines = printed(report, width=200).splitlines()
    reasons = {
        line.split("missed  ")[1].split(":")[0]: reason.strip()
        for line, reason in pairwise(lines)
        if "  missed  " in line
    }
    assert reasons["first audio"].startswith("cut takes longest: lower first_response_threshold")
    assert reasons["streaming"].startswith("tts takes longest: choose a voice that starts sooner")
    assert reasons["streaming"].endswith("playback.prefetch (2)")
    assert reasons["audio pipeline"].startswith("tts takes longest: choose a voice that starts sooner")
    assert reasons["improvement"].startswith("cut takes longest")


def test_the_late_turns_say_who_is_to_blame_and_not_the_usual_ones(settings: Settings) -> None:
    report = evaluated([turn(), turn(), turn(tts=700), whole()], settings)
    assert report["blame"]["first_audio"] == "tts"
    assert "streaming" not in report["blame"]


def test_a_reply_that_is_waited_for_is_told_how_not_to(settings: Settings) -> None:
    config = settings.agent.config.model_copy(update={"enable_streaming": False})
    waiting = replace(settings, agent=replace(settings.agent, config=config))
    report = evaluated([turn(cut=1700), whole()], waiting)
    assert "enable_streaming" in report["remedies"]["improvement"]
    assert "first_response_threshold" in report["remedies"]["first_audio"]


def test_stages_that_only_some_turns_have_are_counted_and_need_no_remedy(settings: Settings) -> None:
    report = evaluated([turn(), turn(surprise=400.0), whole()], settings)
    assert report["stages"]["surprise"] == {"p50": 400, "p95": 400, "p99": 400}
    assert report["blame"]["first_audio"] == "surprise"
    assert report["remedies"]["first_audio"] is None
    assert "surprise takes longest\n" in printed(report, width=200)


def test_every_stage_of_a_turn_has_a_remedy() -> None:
    assert set(STAGES) <= set(REMEDIES)


def test_a_turn_without_sound_cannot_be_measured(settings: Settings) -> None:
    with pytest.raises(HayakuchiError, match="check --probe"):
        evaluated([turn(), Sample(whole_reply=True)], settings)


def test_of_many_turns_the_slowest_are_shown_and_the_median_is_a_turn() -> None:
    samples = [
        {"turn": number, "figures": {"first_audio": 300.0 + number}, "stages": {"llm": 300.0 + number}}
        for number in range(1, 41)
    ]
    samples[4]["figures"]["first_audio"] = 900.0
    shown = slowest(samples)
    assert [sample["turn"] for sample in shown] == [5, *range(30, 41)]
    rows = rows_of(shown, samples)
    assert rows[-1].label == "median"
    assert rows[-1].total_ms == 321
    assert rows[-1].stages == {"llm": 321}


def test_the_heading_counts_what_is_left_out(settings: Settings) -> None:
    many = [turn() for _ in range(20)]
    assert "First audio of the 12 slowest of 20 turns" in printed(evaluated([*many, whole()], settings))
    one = printed(evaluated([turn(), whole()], settings))
    assert "1 turn, in streaming mode" in one
    assert "First audio of each turn" in one
    assert "median" not in one


def test_a_console_that_cannot_hold_blocks_gets_plain_characters(settings: Settings) -> None:
    report = evaluated([turn(llm=600), whole()], settings)
    for encoding in ("cp1252", "cp437", "ascii"):
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        print_report(report, Console(file=file, width=80))
        file.flush()
        text = file.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
        assert text.isascii(), encoding
        assert "l!===" in text


def test_colours_can_be_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    report = evaluated([turn(llm=600), whole()], settings)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;31m" in printed(report, force_terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(report, force_terminal=True)
    assert "31m" not in plain
    assert " ! llm" in plain


def test_whose_speed_it_is_comes_first(settings: Settings) -> None:
    problem = "openai_llm: nothing answers at http://127.0.0.1:11434/v1; start it"
    failed = turn()
    failed.failures += [problem, "edge_tts: too slow"]
    report = evaluated([failed, whole()], settings, problems=(problem,))
    assert report["measured"] == {"llm": "demo_llm", "tts": "espeak_tts", "problems": [problem]}
    text = printed(report, width=200)
    assert text.splitlines()[:2] == ["measured: demo_llm + espeak_tts", f"note: {problem}"]
    assert text.count(problem) == 1
    assert "note: edge_tts: too slow" in text
    assert "config: {" not in text


def test_of_another_server_nothing_is_said_of_the_settings_here(settings: Settings) -> None:
    limits = settings.latency.model_copy(update={"first_audio_ms": 100.0})
    report = evaluate([turn(streaming=400), whole()], Here("en", limits), None)
    assert report["config"] is report["config_items"] is None
    assert report["figures"]["first_audio"]["threshold"] == 100
    assert report["breaches"][0] == "first_audio"
    text = printed(report, width=200)
    assert "measured: no llm + no tts" in text
    assert "note    config items: the settings of the server are not known here" in text


def test_turns_that_a_filler_began_are_counted(settings: Settings) -> None:
    bridged = Sample(False, {"first_audio": 250.0}, {"queue": 1.0, "filler": 200.0, "tts": 49.0}, own_words_ms=1800.0)
    report = evaluated([bridged, turn(), turn(), whole()], settings)
    assert report["fillers"] == {"turns": 1, "own_words_ms": {"p50": 1800, "p95": 1800, "p99": 1800}}
    text = printed(report, width=200)
    assert "note    fillers: 1 of 3 turns began with a filler" in text
    assert "own first words came after 1800 ms (p50)" in text
    bridged.own_words_ms = None
    assert "own first words" not in printed(evaluated([bridged, whole()], settings), width=200)
    assert "filler" not in printed(evaluated([turn(), whole()], settings), width=200)


def test_a_setting_without_effect_is_a_note_and_one_that_gives_way_passes(settings: Settings) -> None:
    report = evaluated([turn(), whole()], settings)
    items = {"known": 32, "set": 2, "overridden": {"a.b": "overridden by c.b"}, "without_effect": {}}
    text = printed(report | {"config_items": items}, width=200)
    assert "passed  config items: 32/32" in text
    assert "a.b: overridden by c.b" in text
    text = printed(report | {"config_items": items | {"without_effect": {"d.e": "f is false"}}}, width=200)
    assert "note    config items: 31/32" in text
    assert "missed" not in text


def test_what_a_provider_says_is_not_taken_for_markup(settings: Settings) -> None:
    sample = turn()
    sample.failures.append("openai_llm: [/red] refused")
    assert "note: openai_llm: [/red] refused" in printed(evaluated([sample, whole()], settings))


@pytest.mark.parametrize("option", [("-c", "conf.yaml"), ("--character", "harry_potter")])
def test_settings_of_this_folder_do_not_go_with_another_server(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["latency", "--url", "http://127.0.0.1:9", *option])
    assert caught.value.code == 2
    assert "the server's own settings are measured" in capsys.readouterr().err
