"""The recognisers that are held to their contract. A further one is one more entry in ``SUBJECTS``."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import tempfile
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from clip_files import tone
from fake_transcriptions import FakeTranscriptions
from requirements import require
from scripted_asr import ScriptedASR

from hayakuchi.asr import ASR
from hayakuchi.asr.clip import resampled
from hayakuchi.asr.fallback import FallbackASR
from hayakuchi.asr.openai import OpenAIASR, OpenAIASRConfig
from hayakuchi.asr.pocketsphinx import PocketsphinxASR, PocketsphinxConfig
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio

KEY = "sk-0123456789abcdef"
SENTENCE = "What time is it now"
RATES = (8_000, 16_000, 22_050, 44_100, 48_000)


def openai_asr(server: FakeTranscriptions, **block: Any) -> OpenAIASR:
    return OpenAIASR(OpenAIASRConfig.model_validate({"base_url": server.url, "api_key": KEY} | block))


@asynccontextmanager
async def served_openai_asr() -> AsyncIterator[ASR]:
    async with FakeTranscriptions() as server:
        yield openai_asr(server)


def pocketsphinx_asr(**block: Any) -> PocketsphinxASR:
    require(importlib.util.find_spec("pocketsphinx"), "needs pocketsphinx")
    return PocketsphinxASR(PocketsphinxConfig.model_validate(block))


@asynccontextmanager
async def offline_asr() -> AsyncIterator[ASR]:
    yield pocketsphinx_asr()


@asynccontextmanager
async def canned_faster_whisper() -> AsyncIterator[ASR]:
    try:
        canned: Any = importlib.import_module("canned_whisper")
        module: Any = importlib.import_module("hayakuchi.asr.faster_whisper")
    except ModuleNotFoundError as error:
        require(False, f"needs {error.name}")
        raise
    with tempfile.TemporaryDirectory() as folder:
        model = canned.write_canned_whisper(Path(folder) / "model", SENTENCE)
        provider = module.FasterWhisperASR
        yield provider(provider.Config(model=str(model)))


@asynccontextmanager
async def scripted_asr() -> AsyncIterator[ASR]:
    yield ScriptedASR(lambda clip: SENTENCE if any(clip.pcm) else "", takes_ms=5)


@asynccontextmanager
async def chain() -> AsyncIterator[ASR]:
    down = ProviderError("asr", "scripted_asr", Category.UNAVAILABLE, "is down")
    yield FallbackASR([ScriptedASR(lambda clip: down), ScriptedASR(lambda clip: SENTENCE if any(clip.pcm) else "")])


SUBJECTS: dict[str, Callable[[], AbstractAsyncContextManager[ASR]]] = {
    "openai_asr": served_openai_asr,
    "pocketsphinx_asr": offline_asr,
    "faster_whisper": canned_faster_whisper,
    "scripted_asr": scripted_asr,
    "fallback_asr": chain,
}
"""Recognisers that are not open yet, and understand something in :func:`spoken`."""

DOUBLES = frozenset({"scripted_asr", "fallback_asr"})
"""Those that have nothing to close."""
LISTENING = frozenset({"pocketsphinx_asr", "scripted_asr", "fallback_asr"})
"""Those that hear that there is nothing to hear: the others say the same of any sound."""


@cache
def flite(text: str, voice: str = "rms") -> Audio:
    """English speech, 16 kHz."""
    require(shutil.which("flite"), "needs flite")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "speech.wav")
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file], check=True, timeout=60)
        with wave.open(file) as speech:
            return Audio(speech.readframes(speech.getnframes()), speech.getframerate())


def spoken(sample_rate: int = 16_000) -> Audio:
    """Somebody says SENTENCE; a tone where this machine cannot speak."""
    return resampled(flite(SENTENCE) if shutil.which("flite") else tone(1.5), sample_rate)
