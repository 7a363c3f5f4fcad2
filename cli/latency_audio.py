"""``hayakuchi latency --audio``: from the last sound of a recorded voice to the first sound of the answer, stage by stage."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from ..asr.clip_file import ClipError, decode
from ..asr.settings import Mode
from ..core.errors import ConfigError, HayakuchiError
from ..core.types import Audio
from ..orchestrator.hearing import CONFIGURE
from ..orchestrator.settings import Settings
from .measure import Here, Sample
from .measure_audio import Heard, SpeakingTo, speaking_to

LONGEST_S = 120.0
LARGEST_MB = 100


def check_ears(settings: Settings) -> None:
    """Raises ConfigError where the settings let nobody listen."""
    if not settings.asr:
        message = f"no speech recognition is configured; put this into conf.yaml: {CONFIGURE}"
        raise ConfigError(f"{message} and fetch its model with: uv run hayakuchi model pull base")
    if settings.ears.mode is Mode.TYPED_ONLY:
        raise ConfigError(
            "the settings say that the character only reads; put this into conf.yaml: ears: {mode: open_mic}"
        )


async def read(file: Path) -> Audio:
    """The clip in a file of any format that is known. Raises HayakuchiError, which names the file."""
    try:
        clip = await decode(await asyncio.to_thread(_bytes_of, file), longest_s=LONGEST_S)
    except OSError as error:
        raise HayakuchiError(f"{file} cannot be read: {error.strerror or error}") from error
    except ClipError as error:
        raise HayakuchiError(f"{file} cannot be heard: {error}") from error
    if not clip.pcm:
        raise HayakuchiError(f"there is no sound in {file}")
    return clip


def _bytes_of(file: Path) -> bytes:
    if file.stat().st_size > LARGEST_MB * 1_000_000:
        raise HayakuchiError(f"{file} is larger than {LARGEST_MB} MB; cut out a sentence or two")
    return file.read_bytes()


async def measure_audio(
    settings: Settings, file: Path, turns: int, tell: Callable[[int], None]
) -> tuple[list[Heard], Here, str | None]:
    """What came of saying the file so many times; where, and what listened. Raises HayakuchiError."""
    clip = await read(file)
    async with speaking_to(settings, clip, lambda line: typer.echo(f"note: {line}", err=True)) as speaking:
        heard = await _said(speaking, settings, clip, file, turns, tell)
        return heard, speaking.here(), speaking.recogniser


async def _said(
    speaking: SpeakingTo, settings: Settings, clip: Audio, file: Path, turns: int, tell: Callable[[int], None]
) -> list[Heard]:
    all_heard: list[Heard] = []
    for number in range(turns):
        heard = await speaking.turn()
        if heard.sample is None:
            raise HayakuchiError(why_not(heard, settings, file, clip))
        all_heard.append(heard)
        tell(number + 1)
    return all_heard


def why_not(heard: Heard, settings: Settings, file: Path, clip: Audio) -> str:
    """Why what was said was not answered, and what to do."""
    if heard.failures:
        return f"{file} was not answered: {'; '.join(dict.fromkeys(heard.failures))}"
    if not heard.voice:
        ears = settings.ears
        limits = f"ears.vad_threshold {ears.vad_threshold:g}, ears.silence_rms_thresh {ears.silence_rms_thresh:g}"
        return f"there is no speech in {file}: nothing in its {clip.duration_ms / 1000:.1f} s is taken for a voice ({limits})"
    if not heard.text:
        return f"nothing was understood of what is said in {file}; is it in the language of ears.language?"
    ignored = ", ".join(dict.fromkeys(str(one.ignored) for one in heard.words if one.ignored))
    if ignored:
        return f"{heard.text!r} was understood of {file}, and not answered ({ignored}); say a whole sentence"
    return f"{heard.text!r} was understood of {file}, and the answer had no sound; what does `hayakuchi check --probe` say?"


def samples_of(all_heard: Sequence[Heard]) -> list[Sample]:
    """One for each time the clip was said, with what failed meanwhile."""
    samples = [heard.sample for heard in all_heard if heard.sample is not None]
    for sample, heard in zip(samples, all_heard, strict=True):
        sample.failures = heard.failures
    return samples


def spoken_part(all_heard: Sequence[Heard], file: Path, recogniser: str | None) -> dict[str, Any]:
    """What the report says of the clip: how it was understood, how often so, and in how many utterances at most."""
    texts = Counter(heard.text for heard in all_heard)
    return {
        "file": str(file),
        "asr": recogniser,
        "understood": [{"text": text, "times": times} for text, times in texts.most_common()],
        "utterances": max(len(heard.words) for heard in all_heard),
    }
