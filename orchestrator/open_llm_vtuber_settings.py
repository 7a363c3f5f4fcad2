"""What conf.yaml says to those who come from Open-LLM-VTuber."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..core.block import Block
from .gateway_settings import origin


class OpenLlmVtuberSettings(Block):
    """The doors that Open-LLM-VTuber's frontends know (docs/open-llm-vtuber.md)."""

    enabled: bool = Field(default=True, description="Serve /client-ws and what belongs to it")
    folder: Path | None = Field(
        default=None,
        description="Folder with live2d-models, backgrounds, avatars and model_dict.json; what is missing in it is not served",
    )
    frontend: Path | None = Field(
        default=None,
        description="Folder of a built web frontend that is served at / in place of the studio, then at /studio",
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The character's Live2D model: a name of model_dict.json; default: its first",
    )
    split: Literal["auto", "pauses", "never"] = Field(
        default="auto",
        description="A sentence is one clip. auto: its beginning goes ahead when waiting for the whole clip would miss "
        "latency.first_audio_ms; pauses: clips are cut where the voice pauses, and nowhere else; never: not at all",
    )
    proxy: bool = Field(default=False, description="Serve /proxy-ws: several clients that speak to one avatar")
    origins: tuple[Annotated[str, AfterValidator(origin)], ...] = Field(
        default=(),
        max_length=20,
        description="Origins of further frontends, as scheme://host[:port]; see docs/open-llm-vtuber.md for those of theirs",
    )
    file_origin: bool = Field(
        default=False,
        description="Let their desktop client in, and other programs whose pages are opened from files (origin file://); pages "
        "that a browser opens from a file (origin null, as any web site may call itself) may only read the avatar's files",
    )
    group_turns: int = Field(
        default=6, ge=1, le=100, description="Replies in a group before a person has to say something again"
    )
    group_sound: bool = Field(
        default=False,
        description="The members of a group hear each other's characters; false: they read what those say",
    )
    proactive_prompt: str | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        description="What the model is told when the avatar is to speak by itself; default: a short instruction in the "
        "character's language",
    )
    playback_patience_s: float = Field(
        default=5,
        ge=0.5,
        le=60,
        description="How long a client that does not tell of its playing is waited for, seconds",
    )
