"""PocketSphinx: offline English ears of 30 MB without a download. Good for commands, and for trying things out.

It runs in a process of its own (:mod:`.pocketsphinx_worker`), which is started again when it dies. What it understands has no
punctuation and no capitals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from pydantic_core import from_json, to_json

from ..core.errors import Category, ProviderError
from ..core.transcript import Transcript, TranscriptSegment
from ..core.types import BYTES_PER_SAMPLE, Audio
from . import pocketsphinx_worker
from .base import NO_WISHES, SAMPLE_RATE, ASRConfig, Wishes
from .child import Child
from .clip import SHORTEST_MS, resampled

KIND, NAME = "asr", "pocketsphinx_asr"
START_S = 20.0
"""How long the model may take to load."""
FRAME_MS = 10
PART_MS = 10_000
"""A longer clip is heard in parts: nothing can be stopped in the middle of one, and others may go between two."""
FAINTEST = 40
"""Where no sample goes beyond this, of 32,768, nobody speaks. PocketSphinx would make a word of utter silence."""
_BLOCK_MS = 50
PAUSE_MS = 300
"""A silence of that length between two words begins another segment."""
_PATHS = {"hmm": "hmm", "dictionary": "dict", "lm": "lm"}
"""Keys of the block that are paths, and what the decoder calls them."""


class PocketsphinxConfig(ASRConfig):
    """The block ``pocketsphinx_asr``."""

    timeout: float = Field(
        default=30.0, gt=0, le=600, description="Seconds a clip may take, for each half minute of it that is begun"
    )
    hmm: str = Field(default="", max_length=1000, description="Folder of an acoustic model; left out: US English")
    dictionary: str = Field(default="", max_length=1000, description="How words sound, a file; left out: US English")
    lm: str = Field(default="", max_length=1000, description="Language model, a file; left out: US English")
    grammar: str = Field(
        default="",
        max_length=100_000,
        description="All that may be said, as JSGF or a file of it: for commands; much quicker and surer",
    )
    partials: bool | None = Field(
        default=None, description="Listen also while somebody still speaks; left out: only with a grammar"
    )


class PocketsphinxASR:
    """The recogniser. All clips share one process, which hears them one after another."""

    name = NAME
    Config: ClassVar[type[PocketsphinxConfig]] = PocketsphinxConfig

    def __init__(self, config: PocketsphinxConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self.partials = bool(config.grammar) if config.partials is None else config.partials
        self.languages = None if config.hmm else frozenset({"en"})
        """What it understands; None: whatever the model was made for."""
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._closed = True

    async def open(self) -> None:
        """Start the process and load the model. Raises ProviderError."""
        self._closed = False
        await self._process()

    async def probe(self) -> str:
        """Listen to a moment of nothing. Raises ProviderError."""
        await self._hear(bytes(SAMPLE_RATE // 2 * BYTES_PER_SAMPLE), partial=False)
        what = "a grammar" if self.config.grammar else self.config.hmm or "US English"
        return f"PocketSphinx {_version()}, {what}"

    async def aclose(self) -> None:
        """End the process; running requests fail. Idempotent; ``open`` makes it usable again."""
        self._closed = True
        async with self._starting:
            child, self._child = self._child, None
            if child is not None:
                await child.close()

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        """What is said in a clip. Raises ProviderError, also for a language that it does not know."""
        if self.languages is not None and language not in (None, *self.languages):
            message = f"understands English only, and was asked for {language!r}; name another recogniser in conf.yaml"
            raise _error(Category.INVALID_REQUEST, message)
        if clip.duration_ms < SHORTEST_MS:
            return Transcript("", language)
        parts = await asyncio.to_thread(_parts, clip)
        heard = [(offset_ms, await self._hear(pcm, partial=partial)) for offset_ms, pcm in parts]
        return _joined(heard, language or ("en" if self.languages else None))

    async def _hear(self, pcm: bytes, *, partial: bool) -> dict[str, Any]:
        child = await self._process()
        answer = from_json(await child.ask(pcm, can_wait=partial))
        if "error" in answer:
            raise _error(Category.BAD_OUTPUT, answer["error"])
        return answer

    async def _process(self) -> Child:
        """The running process, started when there is none."""
        async with self._starting:
            if self._closed:
                raise _error(Category.UNAVAILABLE, "the recogniser is not open")
            if self._child is not None and not self._child.alive:
                child, self._child = self._child, None
                await child.close()
            if self._child is None:
                self._child = await self._start()
            return self._child

    async def _start(self) -> Child:
        package = find_spec("pocketsphinx")
        if package is None or package.origin is None:
            message = "needs the Python package 'pocketsphinx'; try: pip install 'hayakuchi[pocketsphinx]'"
            raise _error(Category.MISSING_EXTRA, message)
        setup = await asyncio.to_thread(_setup, self.config)
        script = pocketsphinx_worker.__file__
        child = await Child.spawn(KIND, NAME, script, str(Path(package.origin).parent.parent))
        started = False
        try:
            async with asyncio.timeout(START_S):
                answer = from_json(await child.ask(setup))
            if "error" in answer:
                raise _error(Category.INVALID_REQUEST, _refusal(answer["error"], child.said()))
            started = True
        except TimeoutError:
            raise _error(Category.TIMEOUT, f"its model was not loaded within {START_S:g} s") from None
        finally:
            if not started:
                await child.close()
        return child


def _setup(config: PocketsphinxConfig) -> bytes:
    """The first question. Raises ProviderError for a file that is not there."""
    options = {}
    for key, option in _PATHS.items():
        if path := getattr(config, key):
            options[option] = str(Path(path).expanduser())
            if not Path(options[option]).exists():
                raise _error(Category.NOT_FOUND, f"{key}: there is no {options[option]}")
    grammar = config.grammar.strip() or None
    if grammar is not None and not grammar.startswith("#JSGF"):
        try:
            grammar = Path(grammar).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            message = f"grammar is neither JSGF, which begins with #JSGF, nor a file that can be read: {error}"
            raise _error(Category.NOT_FOUND, message) from None
    return to_json({"options": options, "grammar": grammar})


def _refusal(error: str, log: str) -> str:
    return f"its model cannot be loaded; check hmm, dictionary, lm and grammar: {error}{f' ({log})' if log else ''}"


def _parts(clip: Audio) -> list[tuple[float, bytes]]:
    """The clip at 16 kHz in parts of at most ``PART_MS``, cut where it is quietest, each with its time in ms; without those
    that are silent."""
    samples = np.frombuffer(resampled(clip, SAMPLE_RATE).pcm, np.int16)
    loud = ((at, part) for at, part in cut(samples) if part.max() > FAINTEST or part.min() < -FAINTEST)
    return [(at * 1000 / SAMPLE_RATE, part.tobytes()) for at, part in loud]


def cut(samples: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Samples at 16 kHz in parts of at most ``PART_MS``, each with the index of its first one."""
    longest, block = PART_MS * SAMPLE_RATE // 1000, _BLOCK_MS * SAMPLE_RATE // 1000
    at = 0
    while len(samples) - at > longest:
        later_half = samples[at + longest // 2 : at + longest].reshape(-1, block).astype(np.float64)
        quietest = int((later_half**2).sum(axis=1).argmin())
        end = at + longest // 2 + quietest * block + block // 2
        yield at, samples[at:end]
        at = end
    yield at, samples[at:]


def _joined(heard: list[tuple[float, dict[str, Any]]], language: str | None) -> Transcript:
    words = [
        TranscriptSegment(offset_ms + begin * FRAME_MS, offset_ms + end * FRAME_MS, word)
        for offset_ms, answer in heard
        for word, begin, end in answer["words"]
    ]
    sure = [(answer["confidence"], len(answer["words"])) for _, answer in heard if answer["confidence"] is not None]
    return Transcript(
        " ".join(answer["text"] for _, answer in heard if answer["text"]),
        language,
        tuple(_phrases(words)),
        log_probability=sum(value * n for value, n in sure) / sum(n for _, n in sure) if sure else None,
    )


def _phrases(words: list[TranscriptSegment]) -> Iterator[TranscriptSegment]:
    """The words, those together that follow each other without a pause."""
    phrase: list[TranscriptSegment] = []
    for word in words:
        if phrase and word.start_ms - phrase[-1].end_ms >= PAUSE_MS:
            yield _phrase(phrase)
            phrase = []
        phrase.append(word)
    if phrase:
        yield _phrase(phrase)


def _phrase(words: list[TranscriptSegment]) -> TranscriptSegment:
    return TranscriptSegment(words[0].start_ms, words[-1].end_ms, " ".join(word.text for word in words))


def _version() -> str:
    try:
        return version("pocketsphinx")
    except PackageNotFoundError:
        return ""


def _error(category: Category, message: str) -> ProviderError:
    return ProviderError(KIND, NAME, category, message)
