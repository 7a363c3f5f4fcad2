"""Who has the floor, what turn-taking sees of the avatar's voice, and what it wants done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from ..core.events import VoiceHeard, WordsHeard
from ..core.types import SpeechTimes


class Floor(Enum):
    QUIET = auto()
    """Nobody is heard."""
    LISTENING = auto()
    """Somebody speaks, and she does not."""
    PAUSED = auto()
    """Both speak; her voice is held."""
    BESIDE = auto()
    """Both speak, and she goes on."""


@dataclass(frozen=True, slots=True)
class VoiceNow:
    """The avatar's voice at this moment."""

    speaking: bool
    """A turn's sound is being heard; also while it is paused."""
    paused: bool
    said: str
    """What was heard of it in the last 15 s or so."""
    quiet_since: float | None
    """When its last sound ended (ms of the loop's clock); None while it speaks, or if it never did."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold the voice where it is."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the voice go on."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """End what is being said; listening goes on."""


@dataclass(frozen=True, slots=True)
class Think:
    """Get the answer to this ready; it takes the place of what was to be got ready before."""

    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget what was got ready."""


@dataclass(frozen=True, slots=True)
class Say:
    """This was said to the avatar. It ends what is being said, and takes what was got ready for the same words."""

    text: str
    times: SpeechTimes


@dataclass(frozen=True, slots=True)
class Show:
    """Tell the stage."""

    event: VoiceHeard | WordsHeard


Action = Pause | Resume | Interrupt | Think | Drop | Say | Show
