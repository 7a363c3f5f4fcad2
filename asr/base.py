"""Ears: what a recogniser of speech is, and what listens for voices and for the end of a turn beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import Field

from ..core.block import Block
from ..core.provider import Deadlines, Provider
from ..core.transcript import Transcript
from ..core.types import Audio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Hz of all audio inside the ears."""
FRAME_SAMPLES = 512
"""What is judged at a time: 32 ms."""
LONG_CLIP_MS = 30_000.0
"""``deadlines.first_s`` of a recogniser holds for a clip of this length at most; longer ones get as much again for each."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be asked for with a clip."""

    prompt: str = ""
    """Text that goes before, or names and words that may come: they are spelt like that."""
    words: bool = False
    """Tell when each word was said, which takes longer."""


NO_WISHES = Wishes()


@runtime_checkable
class TimesWords(Protocol):
    """A recogniser that can fulfil the wish for the times of words."""

    @property
    def times_words(self) -> bool: ...


class ASR(Provider, Protocol):
    """Recognises the speech of whole clips; ``asr/recogniser.py`` makes a stream of that.

    Adding an engine is one file with a class that has a ``Config`` (an ``ASRConfig``), and a line in ``PROVIDERS``.
    """

    @property
    def partials(self) -> bool:
        """Whether it may be asked again and again while somebody still speaks: not where each request costs money."""
        ...

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        """What is said in a clip at any sample rate; ``language`` is an ISO 639-1 code, None: find out.

        ``partial``: the speaker goes on, so that other clips go first. ``wishes`` are fulfilled as far as it can. Cancelling it
        lets go of the work. Raises ProviderError.
        """
        ...


class ASRConfig(Block):
    """What every recogniser's block may say."""

    timeout: float = Field(
        default=10.0, gt=0, le=600, description="Seconds a clip may take, for each half minute of it that is begun"
    )

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.timeout, self.timeout)


class VoiceActivity(Protocol):
    """Tells speech from other sound. It has a memory, so that each stream needs its own."""

    def probability(self, frame: NDArray[np.float32]) -> float:
        """From 0 to 1, whether there is speech in the next ``FRAME_SAMPLES`` samples, which lie between -1 and 1."""
        ...

    def reset(self) -> None:
        """Forget what was heard."""
        ...


class TurnModel(Protocol):
    """Tells from how something was said whether the speaker has come to an end."""

    async def completeness(self, clip: Audio) -> float:
        """From 0 to 1; ``clip`` ends where the speaker paused. Raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Download:
    """What a provider has to fetch before it can serve."""

    name: str
    """For people: ``Whisper base``."""
    size_mb: float
    command: str
    """What fetches it beforehand: ``uv run hayakuchi model pull base``."""


Progress = Callable[[float], None]
"""Told how much of a download is there, from 0 to 1; from any thread, it must neither wait nor raise."""


@runtime_checkable
class Fetching(Protocol):
    """A provider whose model may have to be downloaded first."""

    def wanted(self) -> Download | None:
        """What is missing on this machine; None: all is here. Looks at files only, and never raises."""
        ...

    async def fetch(self, tell: Progress) -> None:
        """Download it; what was begun before goes on where it stopped. Raises ProviderError with the remedy."""
        ...
