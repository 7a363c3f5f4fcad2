"""How the character listens: the ``ears`` block of conf.yaml."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ..core.block import Block

AUTO = "auto"
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Mode(StrEnum):
    """When what is said into the microphone is meant for the character."""

    OPEN_MIC = "open_mic"
    PUSH_TO_TALK = "push_to_talk"
    WAKE_WORD = "wake_word"
    TYPED_ONLY = "typed_only"


class EarsSettings(Block):
    """How the character listens to a microphone."""

    mode: Mode = Field(
        default=Mode.OPEN_MIC,
        description="open_mic: always; push_to_talk: while a button is held; wake_word: after one of wake_words; "
        "typed_only: never",
    )
    language: str = Field(
        default="",
        pattern=r"^([a-z]{2,3}|auto)?$",
        description="Language that is spoken, as ISO 639-1 code; auto: find out; left out: the character's",
    )
    tick_seconds: float = Field(
        default=0.25, ge=0.05, le=5, description="While somebody speaks, what was said is transcribed so often, s"
    )
    decode_window_seconds: float = Field(
        default=8, ge=2, le=30, description="Speech that is transcribed at a time, s at most"
    )
    end_silence_ms: float = Field(default=800, ge=100, le=10_000, description="Silence that ends an utterance, ms")
    short_pause_ms: float = Field(
        default=300, ge=50, le=10_000, description="Silence that ends an utterance after a whole sentence, ms"
    )
    stable_nochange_ms: float = Field(
        default=1500,
        ge=100,
        le=60_000,
        description="A text that does not change for so long is the whole utterance, ms",
    )
    silence_rms_thresh: float = Field(
        default=0.005, ge=0, le=1, description="Sound below this level is silence, as RMS from 0 to 1"
    )
    vad: Literal["silero", "energy"] = Field(
        default="silero", description="How speech is told from noise: silero, a small model; energy: by its level"
    )
    vad_threshold: float = Field(
        default=0.5, gt=0, lt=1, description="How sure the detector must be that somebody speaks, from 0 to 1"
    )
    smart_turn: str = Field(
        default="", max_length=1000, description="File of a smart-turn v3 ONNX model that hears the end of a turn"
    )
    adaptive: bool = Field(default=True, description="Learn how long this speaker pauses inside sentences")
    think_ahead: bool = Field(
        default=True, description="Get the answer ready while the end of the utterance is being confirmed"
    )
    barge_in: bool = Field(default=True, description="false: the character finishes what it says before it listens")
    interrupt_min_words: int = Field(
        default=2, ge=1, le=20, description="Words (in Chinese or Japanese: pairs of characters) that interrupt it"
    )
    half_duplex: bool = Field(
        default=False, description="Do not listen while it speaks: for speakers without echo cancellation"
    )
    back_channels: tuple[Phrase, ...] = Field(
        default=(), max_length=200, description="Further words that only say that you listen, such as uh-huh"
    )
    wake_words: tuple[Phrase, ...] = Field(
        default=(), max_length=20, description="With wake_word: what the character answers to; left out: its name"
    )
    attention_seconds: float = Field(
        default=10, ge=0, le=600, description="With wake_word: after an answer it listens for so long without one, s"
    )

    def spoken_language(self, character: str) -> str | None:
        """The language to transcribe, where the character speaks ``character``; None: find out."""
        return None if self.language == AUTO else (self.language or character or "en").split("-")[0].lower()
