"""espeak-ng: a voice that is always there. Offline, no key, first audio within a few milliseconds, words and phonemes timed.

The library comes in the wheel of ``espeakng-loader`` and runs in a process of its own (:mod:`.espeak_worker`), which is started
again when it dies. A limit of espeak-ng: it knows kana, but reads kanji in Japanese as "Chinese letter".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from ..core.block import Block
from ..core.errors import Category, ProviderError
from ..core.types import Audio, SpeechRequest
from . import espeak_worker as wire
from .base import TTSConfig
from .espeak_process import KIND, NAME, EspeakProcess, command
from .espeak_text import clean, pieces, with_ending
from .espeak_voices import resolve, unknown_language
from .espeak_wire import ClipReader, say_payload
from .reading import Script, voice_for

SAMPLE_RATE = 22050
START_S = 5.0
"""How long a worker may take to say hello."""
CRASHES_IN_A_ROW = 3
"""So many workers that died without having finished a request: requests are refused for ``CRASH_PAUSE_S``."""
CRASH_PAUSE_S = 1.0

VoiceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w/() -]*(\+[\w -]+)?$", max_length=100)]


class EspeakConfig(TTSConfig):
    """The voice's settings. A voice is a language (``en-us``, ``en-gb-x-rp``, ``cmn``, ``ja``), and a variant after a ``+``."""

    voice: VoiceName = Field(default="en-us+f3", description="Language, and a variant after a +")
    rate: int = Field(default=175, ge=80, le=450, description="Words per minute")
    pitch: int = Field(default=50, ge=0, le=99, description="50 is the voice's own")
    pitch_range: int = Field(default=50, ge=0, le=99, description="0 is monotonous, 50 the voice's own")
    volume: int = Field(default=100, ge=0, le=200, description="100 is the normal volume")
    voices: dict[Script, VoiceName] = Field(
        default_factory=lambda: {"zh": "cmn+f3", "ja": "ja+f3", "ko": "ko+f3"},
        description="Voice for text in another script than the voice's own; {}: always the one voice",
    )


class EspeakTTS:
    """The voice. All requests share one worker process, which serves them in order."""

    name = NAME
    Config: ClassVar[type[Block]] = EspeakConfig
    sample_rate = SAMPLE_RATE

    def __init__(self, config: EspeakConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self._process: EspeakProcess | None = None
        self._starting = asyncio.Lock()
        self._crashes = 0
        self._crashed_at = 0.0
        self._data = Path()
        self._closed = False
        self._names: dict[str, str] = {}
        """Voices as configured, and as the engine calls them."""

    async def open(self) -> None:
        """Start the worker and try every configured voice. Raises ProviderError."""
        self._closed = False
        for voice in dict.fromkeys((self.config.voice, *self.config.voices.values())):
            async with aclosing(self._say("a", voice, final=True)) as clip:
                async for _ in clip:
                    pass

    async def probe(self) -> str:
        """Say a word. Raises ProviderError."""
        samples = 0
        async with aclosing(self.synthesize(SpeechRequest("hello"))) as clip:
            async for audio in clip:
                samples += len(audio.pcm)
        if not samples:
            raise _error(Category.BAD_OUTPUT, "espeak-ng said nothing")
        version = self._process.version if self._process else ""
        return f"espeak-ng {version}, voice {self.config.voice}"

    async def aclose(self) -> None:
        """End the worker; running requests fail. Idempotent; ``open`` makes the voice usable again."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            await process.close()

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Audio, None]:
        """Audio in pieces of about 60 ms, with its words and phonemes; nothing for a text without letters or digits."""
        text = clean(request.text)
        voice = voice_for(text, self.config.voice, self.config.voices)
        reader = ClipReader(SAMPLE_RATE)
        for piece in pieces(text):
            if not any(map(str.isalnum, piece.text)):
                continue
            reader.begin(piece)
            async with aclosing(self._say(piece.text, voice, final=request.final and piece.last)) as answers:
                async for payload in answers:
                    if audio := reader.audio(payload):
                        yield audio

    async def _say(self, text: str, voice: str, *, final: bool) -> AsyncGenerator[bytes, None]:
        """The payloads of AUDIO messages."""
        process = await self._worker()
        c = self.config
        payload = say_payload(with_ending(text, final), self._resolved(voice), c.rate, c.pitch, c.pitch_range, c.volume)
        async with aclosing(process.say(payload)) as answers:
            async for kind, data in answers:
                if kind == wire.ERROR:
                    raise self._refusal(voice, data)
                yield data

    def _resolved(self, voice: str) -> str:
        if voice not in self._names:
            try:
                self._names[voice] = resolve(self._data, voice)
            except ValueError as error:
                raise _error(Category.INVALID_REQUEST, str(error)) from None
        return self._names[voice]

    def _refusal(self, voice: str, data: bytes) -> ProviderError:
        if data[0] == wire.UNKNOWN_VOICE:
            return _error(Category.INVALID_REQUEST, unknown_language(self._data, voice))
        return _error(Category.BAD_OUTPUT, data[1:].decode(errors="replace"))

    async def _worker(self) -> EspeakProcess:
        """The running worker, started when there is none."""
        async with self._starting:
            if self._closed:
                raise _error(Category.UNAVAILABLE, "the voice is closed")
            if self._process is not None and self._process.alive:
                return self._process
            if self._process is not None:
                process, self._process = self._process, None
                self._note_crash(served=process.served)
                await process.close()
            self._refuse_crash_loop()
            self._process = await self._start()
            return self._process

    async def _start(self) -> EspeakProcess:
        library, self._data = _find_library()
        try:
            process = await EspeakProcess.spawn(command(library, str(self._data)))
        except OSError as error:
            raise _error(Category.UNAVAILABLE, f"the espeak-ng process cannot be started: {error}") from error
        started = False
        try:
            async with asyncio.timeout(START_S):
                await asyncio.shield(process.ready)
            started = True
        except TimeoutError:
            raise _error(Category.TIMEOUT, f"the espeak-ng process did not start within {START_S:g} s") from None
        except ProviderError:
            self._note_crash(served=False)
            raise
        finally:
            if not started:
                await process.close()
        return process

    def _note_crash(self, *, served: bool) -> None:
        self._crashes = 1 if served else self._crashes + 1
        self._crashed_at = asyncio.get_running_loop().time()

    def _refuse_crash_loop(self) -> None:
        pause = self._crashed_at + CRASH_PAUSE_S - asyncio.get_running_loop().time()
        if self._crashes >= CRASHES_IN_A_ROW and pause > 0:
            message = f"the espeak-ng process died {self._crashes} times in a row; it is left alone for a second"
            raise _error(Category.CRASHED, message, retry_after_s=pause)


def _error(category: Category, message: str, *, retry_after_s: float | None = None) -> ProviderError:
    return ProviderError(KIND, NAME, category, message, retry_after_s=retry_after_s)


def _find_library() -> tuple[str, Path]:
    try:
        loader = import_module("espeakng_loader")
        return loader.get_library_path(), Path(loader.get_data_path())
    except ModuleNotFoundError as error:
        message = "needs the Python package 'espeakng-loader', which is not installed; try: pip install espeakng-loader"
        raise _error(Category.MISSING_EXTRA, message) from error
    except RuntimeError as error:
        raise _error(Category.MISSING_EXTRA, f"its installation is damaged: {error}") from error
