"""Whisper as it runs in a thread: loading it onto a device, and what it understands of a clip. Everything here blocks.

What goes wrong is raised as Trouble, whose text says what to do.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ..core.transcript import Transcript, TranscriptSegment, TranscriptWord
from ..core.types import Audio
from .base import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from numpy.typing import NDArray

AUTO, CPU, CUDA = "auto", "cpu", "cuda"
SENTENCE_TOKENS, TOKENS_PER_S, MOST_TOKENS = 20, 12, 220
"""How much text a clip may have. Without a limit, noise is written down as the same word over and over, which takes seconds."""
NO_SPEECH, GUESSWORK = 0.6, -1.0
"""A segment that is probably none, of unlikely words, was not spoken: the limits that Whisper's authors use."""
MOST_THREADS = 4
WINDOW_MS = 30_000.0
"""What Whisper looks at in one go."""
_RENEW = "if it was downloaded, delete that folder, and it is fetched again"

log = logging.getLogger(__name__)


class Trouble(Exception):
    """The engine cannot be loaded, or cannot go on."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A model that is loaded."""

    model: WhisperModel
    folder: Path
    device: str
    compute_type: str

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self.model.supported_languages)


def load(folder: Path, device: str, compute_type: str, threads: int) -> Engine:
    """The model in ``folder``, warmed up. ``auto`` takes the GPU if there is one that works. Raises Trouble."""
    _check_json(folder)
    try:
        import ctranslate2

        import_module("faster_whisper")
    except (ImportError, OSError) as error:  # OSError: Windows, where a library that it needs is missing
        message = (
            f"its libraries cannot be loaded ({error}): install them anew with `uv sync --reinstall-package ctranslate2 "
            "--reinstall-package faster-whisper`; on Windows they need the Microsoft Visual C++ Redistributable as well"
        )
        raise Trouble(message) from error

    gpus = ctranslate2.get_cuda_device_count()
    if device == CUDA and not gpus:
        raise Trouble("no CUDA device was found: look with nvidia-smi whether the driver works, or set device: cpu")
    if device == AUTO and gpus:
        try:
            return _loaded(folder, CUDA, compute_type, threads)
        except Trouble as trouble:
            log.warning("Whisper runs on the CPU: %s", trouble)
    return _loaded(folder, CPU if device == AUTO else device, compute_type, threads)


def _loaded(folder: Path, device: str, compute_type: str, threads: int) -> Engine:
    import ctranslate2
    import numpy as np
    from faster_whisper import WhisperModel

    try:
        supported = ctranslate2.get_supported_compute_types(device)
        chosen = _compute_type(device, compute_type, supported)
        model = WhisperModel(
            str(folder),
            device=device,
            compute_type=chosen,
            cpu_threads=threads or min(os.cpu_count() or MOST_THREADS, MOST_THREADS),
            local_files_only=True,
        )
        engine = Engine(model, folder, device, chosen)
        # Libraries that are missing, and a model that is none, show when it is used first. A first clip is faster, too.
        for _ in _segments(engine, np.zeros(SAMPLE_RATE // 2, np.float32), "en", "", 1, partial=True)[0]:
            pass
    except (RuntimeError, ValueError, OSError, MemoryError, KeyError) as error:
        raise _trouble(error, folder, device) from error
    return engine


def _compute_type(device: str, asked: str, supported: Iterable[str]) -> str:
    """Raises Trouble for one that the device does not have."""
    names = sorted(supported)
    if asked == AUTO:
        best = "int8" if device == CPU else "float16"
        return best if best in names else AUTO
    if asked not in names:
        message = f"compute_type {asked} is not supported here on {device}: leave it out, or take {', '.join(names)}"
        raise Trouble(message)
    return asked


def _trouble(error: Exception, folder: Path, device: str) -> Trouble:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, MemoryError) or "out of memory" in said.lower() or "bad_alloc" in said:
        return Trouble(f"there is not enough memory on {device} ({said}): take a smaller model, or compute_type: int8")
    if "is not found or cannot be loaded" in said:
        return Trouble(f"{said}: install it, for example with `uv pip install nvidia-cublas-cu12`, or set device: cpu")
    if "cuda" in said.lower() or "cublas" in said.lower() or "cudnn" in said.lower():
        return Trouble(f"the GPU fails: {said}; update its driver, or set device: cpu")
    return Trouble(f"the model in {folder} cannot be used ({said}); {_RENEW}")


def _check_json(folder: Path) -> None:
    """What reads these files tells nobody which of them is broken."""
    for name in ("config.json", "tokenizer.json"):
        try:
            from_json((folder / name).read_bytes())
        except (OSError, ValueError) as error:
            raise Trouble(f"{folder / name} cannot be read ({error}); {_RENEW}") from error


def samples_of(clip: Audio) -> NDArray[np.float32]:
    """A clip at 16 kHz, from -1 to 1."""
    import numpy as np

    samples: NDArray[np.float32] = np.frombuffer(clip.pcm, "<i2", len(clip.pcm) // 2).astype(np.float32)
    samples /= 32768
    if clip.sample_rate != SAMPLE_RATE and samples.size:
        import soxr

        return np.asarray(soxr.resample(samples, clip.sample_rate, SAMPLE_RATE), np.float32)
    return samples


class Listening:
    """A clip that is being understood. One of more than half a minute is, piece by piece, so that others are heard in between.

    ``language`` is one that the engine has, or None: find out, which takes as long again.
    """

    def __init__(
        self,
        engine: Engine,
        clip: Audio,
        *,
        language: str | None,
        hint: str,
        beam_size: int,
        partial: bool,
        words: bool = False,
    ) -> None:
        self._engine, self._clip = engine, clip
        self._how = (language, hint, beam_size)
        self._partial, self._words = partial, words
        self._pieces: Iterator[Any] | None = None
        self._found: list[Any] = []
        self._spoken = ""

    def go_on(self, unwanted: threading.Event) -> Transcript | None:
        """The transcript; None: there is more to hear, or nobody wants it any more. Raises Trouble."""
        try:
            if self._pieces is None:
                samples = samples_of(self._clip)
                pieces, self._spoken = _segments(
                    self._engine, samples, *self._how, partial=self._partial, words=self._words
                )
                self._pieces = iter(pieces)
            for piece in self._pieces:
                self._found.append(piece)
                if unwanted.is_set() or self._clip.duration_ms > WINDOW_MS:
                    return None
        except (RuntimeError, ValueError, MemoryError) as error:
            raise _trouble(error, self._engine.folder, self._engine.device) from error
        return None if unwanted.is_set() else _transcript(self._found, self._spoken)


def _segments(
    engine: Engine,
    samples: NDArray[np.float32],
    language: str | None,
    hint: str,
    beam_size: int,
    *,
    partial: bool,
    words: bool = False,
) -> tuple[Iterable[Any], str]:
    seconds = min(len(samples) / SAMPLE_RATE, 30.0)
    segments, info = engine.model.transcribe(
        samples,
        language=language,
        beam_size=1 if partial else beam_size,
        temperature=0.0,
        condition_on_previous_text=False,
        without_timestamps=partial,
        word_timestamps=words,
        # What is taken for silence is dropped below, where its figures are kept.
        no_speech_threshold=None,
        log_prob_threshold=None,
        compression_ratio_threshold=None,
        hotwords=hint or None,
        max_new_tokens=min(SENTENCE_TOKENS + ceil(TOKENS_PER_S * seconds), MOST_TOKENS),
    )
    return segments, info.language


def _transcript(segments: list[Any], language: str) -> Transcript:
    spoken = [part for part in segments if part.no_speech_prob <= NO_SPEECH or part.avg_logprob >= GUESSWORK]
    weights = [max(len(part.tokens), 1) for part in segments]
    return Transcript(
        "".join(part.text for part in spoken).strip(),
        language,
        tuple(TranscriptSegment(part.start * 1000, part.end * 1000, part.text.strip()) for part in spoken),
        _mean([part.no_speech_prob for part in segments], weights),
        _mean([part.avg_logprob for part in segments], weights),
        tuple(
            TranscriptWord(max(word.start, 0) * 1000, max(word.end, 0) * 1000, word.word.strip())
            for part in spoken
            for word in part.words or ()
        ),
    )


def _mean(values: list[float], weights: list[int]) -> float | None:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights) if values else None
