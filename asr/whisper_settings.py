"""The block of ``faster_whisper`` in conf.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from .base import ASRConfig
from .hub_listing import tidy_hub
from .settings import Phrase
from .whisper_models import known_name

ComputeType = Literal[
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]
Folder = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class FasterWhisperConfig(ASRConfig):
    """Which model, where it is, and how it runs."""

    model: Annotated[str, Field(max_length=1000), AfterValidator(known_name)] = Field(
        default="base",
        description="tiny, base, small, medium, large-v3, large-v3-turbo, distil-large-v3 …, with .en for English only; or a "
        "folder that holds a model for CTranslate2 (MODEL_PATH), or the owner/name of one at Hugging Face",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where it runs (WHISPER_DEVICE); auto: on an NVIDIA GPU if there is one that works"
    )
    compute_type: ComputeType = Field(
        default="auto", description="How it calculates (WHISPER_COMPUTE_TYPE); auto: int8 on cpu, float16 on cuda"
    )
    cpu_threads: int = Field(default=0, ge=0, le=256, description="Threads on the CPU; 0: one for each core, 4 at most")
    beam_size: int = Field(default=1, ge=1, le=10, description="Ways that are followed at a time; more takes longer")
    vocabulary: tuple[Phrase, ...] = Field(
        default=(), max_length=50, description="Names and words that it is to recognise, such as the character's name"
    )
    prompt: str = Field(
        default="", max_length=400, description="A text in the style that is to be written: spelling, punctuation"
    )
    mirror: Annotated[str, Field(max_length=1000), AfterValidator(tidy_hub)] = Field(
        default="",
        description="Where models are fetched instead of https://huggingface.co; left out: HF_ENDPOINT of the environment",
    )
    folder: Folder = Field(
        default="",
        description="Where models are kept, relative to the current folder; left out: in the user's cache folder",
    )
    local_files_only: bool = Field(default=False, description="true: never fetch a model")
