"""``hayakuchi latency``: how fast are the first words, and which stage is to blame."""

from __future__ import annotations

import asyncio
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from ..core.errors import HayakuchiError
from ..orchestrator.latency import HEARING
from ..orchestrator.settings import Settings
from .latency_audio import check_ears, measure_audio, samples_of, spoken_part
from .latency_text import print_report
from .measure import Here, Sample, Speaker, local_speaker, measure, remote_speaker
from .options import CharacterOption, ConfigOption, JsonOption, settings_from
from .remedies import remedy
from .streaming_keys import config_items
from .waterfall import longest


def latency(
    config: ConfigOption = None,
    character: CharacterOption = None,
    url: Annotated[
        str | None, typer.Option(help="Measure a server that runs already, for example http://127.0.0.1:12393")
    ] = None,
    turns: Annotated[
        int, typer.Option(min=1, max=1000, help="Turns in streaming mode, and as many in whole-reply mode")
    ] = 10,
    audio: Annotated[
        Path | None, typer.Option(help="Say this sound file, in real time, and measure from voice to voice")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run turns in streaming and in whole-reply mode and hold the figures against the thresholds; exit 1 on a breach."""
    settings = None if url else settings_from(config, character)
    if url and (config or character):
        raise typer.BadParameter(
            "with --url the server's own settings are measured; leave out --config and --character"
        )
    if audio is not None:
        if settings is None:
            raise typer.BadParameter(
                "--audio measures the recognisers of the settings in this process; leave out --url"
            )
        report = _spoken(settings, audio, turns, quiet=as_json)
    else:
        speaking = local_speaker(settings) if settings else remote_speaker(url or "")
        samples, here = asyncio.run(_run(speaking, turns, quiet=as_json))
        report = evaluate(samples, here, settings)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        print_report(report)
    if report["breaches"]:
        raise typer.Exit(1)


async def _run(speaking: AbstractAsyncContextManager[Speaker], turns: int, *, quiet: bool) -> tuple[list[Sample], Here]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("turns", total=2 * turns)
        async with speaking as speaker:
            samples = await measure(speaker, turns, lambda done: progress.update(task, completed=done))
            return samples, speaker.here()


def _spoken(settings: Settings, file: Path, turns: int, *, quiet: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    check_ears(settings)
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("spoken turns", total=turns)
        measuring = measure_audio(settings, file, turns, lambda done: progress.update(task, completed=done))
        heard, here, recogniser = asyncio.run(measuring)
    return evaluate(samples_of(heard), here, settings) | {"spoken": spoken_part(heard, file, recogniser)}


def evaluate(samples: Sequence[Sample], here: Here, settings: Settings | None) -> dict[str, Any]:
    """Percentiles of the figures and stages of the streaming turns, held against the thresholds; and each turn's own.

    A figure passes when its p95 is within the threshold; the improvement is that of the medians of first audio, and is left out
    where no whole reply was waited for. ``settings`` are None when another program, whose settings are not known, was measured.
    """
    streamed = [sample for sample in samples if not sample.whole_reply]
    if not all("first_audio" in sample.figures for sample in samples):
        message = "a turn had no sound, so there is nothing to measure; what does `hayakuchi check --probe` say?"
        raise HayakuchiError(message)
    thresholds = here.limits.thresholds
    if not any("voice_to_voice" in sample.figures for sample in streamed):
        del thresholds["voice_to_voice"]
    figures = {
        name: _row([s.figures[name] for s in streamed if name in s.figures], thresholds[name]) for name in thresholds
    }
    waited = [sample.figures["first_audio"] for sample in samples if sample.whole_reply]
    baseline = statistics.median(waited) if waited else None
    if baseline is not None:
        improvement = 100 * (1 - figures["first_audio"]["p50"] / baseline)
        target = here.limits.improvement_percent
        figures["improvement"] = {"p50": improvement, "threshold": target, "pass": improvement >= target}
    breaches = [name for name, row in figures.items() if not row["pass"]]
    blame = {name: _blame(name, streamed, thresholds) for name in breaches}
    return {
        "measured": {"llm": here.model, "tts": here.voice, "problems": list(here.problems)},
        "turns": len(streamed),
        "figures": figures,
        "stages": _stages(streamed),
        "fillers": _fillers(streamed),
        "whole_reply_first_audio_ms": baseline,
        "breaches": breaches,
        "blame": blame,
        "remedies": {name: remedy(name, blame[name], settings) for name in breaches},
        "samples": [{"turn": turn, **_sample(sample)} for turn, sample in enumerate(streamed, 1)],
        "config_items": config_items(settings) if settings else None,
        "config": _config(settings) if settings else None,
        "failures": sorted({failure for sample in samples for failure in sample.failures}),
    }


def _sample(sample: Sample) -> dict[str, Any]:
    return {"figures": sample.figures, "stages": sample.stages}


def _fillers(samples: Sequence[Sample]) -> dict[str, Any]:
    """How many turns began with a filler, whose sound is the first audio, and when (ms) the reply itself was heard in those."""
    bridged = [sample for sample in samples if "filler" in sample.stages]
    own = [sample.own_words_ms for sample in bridged if sample.own_words_ms is not None]
    return {"turns": len(bridged), "own_words_ms": percentiles(own)}


def _stages(samples: Sequence[Sample]) -> dict[str, dict[str, float | None]]:
    """Percentiles of every stage that some turn had, in the order in which they were first seen."""
    names = dict.fromkeys(name for sample in samples for name in sample.stages)
    return {name: percentiles([s.stages[name] for s in samples if name in s.stages]) for name in names}


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """p50, p95 and p99 by nearest rank; None for nothing."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p95": None, "p99": None}
    ranks = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
    return {name: ordered[max(math.ceil(share * len(ordered)) - 1, 0)] for name, share in ranks.items()}


def _row(values: Sequence[float], threshold: float) -> dict[str, Any]:
    """A figure that no turn had, as streaming in replies of one segment, misses nothing."""
    row: dict[str, Any] = percentiles(values)
    return {**row, "threshold": threshold, "pass": not values or row["p95"] <= threshold}


def _blame(figure: str, samples: Sequence[Sample], thresholds: Mapping[str, float]) -> str:
    """The stage that takes longest: for first audio and voice to voice, in the turns that were too late."""
    if figure in ("streaming", "audio_pipeline"):
        return "tts"
    late = [sample for sample in samples if sample.figures.get(figure, 0.0) > thresholds.get(figure, math.inf)]
    stages = _stages(late or samples)
    if figure != "voice_to_voice":
        stages = {name: row for name, row in stages.items() if name not in HEARING}
    return longest({name: row["p50"] or 0.0 for name, row in stages.items()}) or "unknown"


def _config(settings: Settings) -> dict[str, Any]:
    """The providers and the streaming settings that were measured."""
    return {
        "character": settings.character.name,
        "asr": [component.name for component in settings.asr],
        "llm": [component.name for component in settings.llm],
        "tts": [component.name for component in settings.tts],
        "agent": {settings.agent.name: settings.agent.config.model_dump(mode="json")},
        "playback": settings.playback.model_dump(),
    }
