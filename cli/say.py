"""``hayakuchi say``: speak a text through the configured voice."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
import wave
from array import array
from pathlib import Path
from typing import Annotated

import typer

from ..core.deadline import within
from ..core.errors import HayakuchiError
from ..core.types import BYTES_PER_SAMPLE, Audio, SpeechRequest
from ..orchestrator.cutter import Cutter
from ..orchestrator.settings import Settings
from .options import CharacterOption, ConfigOption, settings_from

PLAYERS = (
    ("afplay",),
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
"""Programs that play a WAV file, on systems other than Windows; the first one found is taken."""
REST_MS = 100
"""Silence at the end at least: some sound systems swallow what comes last."""
QUIET = 32
"""A sample of at most so much, of 32767, is silence."""


def say(
    text: Annotated[str, typer.Argument(help="What to say")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write a WAV file instead of playing")] = None,
    config: ConfigOption = None,
    character: CharacterOption = None,
) -> None:
    """Speak TEXT to the speaker or into a file."""
    settings = settings_from(config, character)
    sample_rate, pcm = asyncio.run(_synthesize(settings, text))
    if not pcm:
        raise HayakuchiError("there is nothing in this text that can be spoken")
    if output is not None:
        write_wav(output, pcm, sample_rate)
        seconds = len(pcm) / BYTES_PER_SAMPLE / sample_rate
        typer.echo(f"{output}: {seconds:.2f} s, {sample_rate} Hz")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "say.wav"
        write_wav(file, pcm, sample_rate)
        play(file)


async def _synthesize(settings: Settings, text: str) -> tuple[int, bytes]:
    from ..tts.fallback import FallbackTTS

    voice = FallbackTTS([component.create() for component in settings.tts])
    cutter = Cutter(expressions=settings.character.expressions, lexicon=settings.character.lexicon)
    segments = [*cutter.feed(text, 0.0), *cutter.flush()]
    pcm = bytearray()
    try:
        await voice.open()
        for segment in segments:
            if segment.speech:
                async for item in within(
                    voice.synthesize(SpeechRequest(segment.speech)), voice.deadlines, kind="tts", provider="voice"
                ):
                    if isinstance(item, Audio):
                        pcm += item.pcm
                    else:
                        typer.echo(f"note: {item.error}; {item.fallback or 'nothing'} speaks instead", err=True)
    finally:
        await voice.aclose()
    return voice.sample_rate, rested(bytes(pcm), voice.sample_rate)


def rested(pcm: bytes, sample_rate: int) -> bytes:
    """The sound with ``REST_MS`` of silence at its end, or more if it has more; nothing stays nothing."""
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    wanted = sample_rate * REST_MS // 1000
    quiet = 0
    while quiet < min(wanted, len(samples)) and abs(samples[-1 - quiet]) <= QUIET:
        quiet += 1
    return pcm + bytes((wanted - quiet) * BYTES_PER_SAMPLE) if pcm else pcm


def write_wav(file: Path, pcm: bytes, sample_rate: int) -> None:
    """Write mono 16-bit PCM. Raises HayakuchiError when the file cannot be written."""
    try:
        with file.open("wb") as out, wave.open(out, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(BYTES_PER_SAMPLE)
            wav.setframerate(sample_rate)
            wav.writeframes(pcm)
    except OSError as error:
        raise HayakuchiError(f"cannot write {file}: {error.strerror or error}") from error


def play(file: Path) -> None:
    """Play a WAV file and wait for its end. Raises HayakuchiError when this machine has nothing to play it with."""
    if sys.platform == "win32":
        import winsound

        try:
            winsound.PlaySound(str(file), winsound.SND_FILENAME)
        except RuntimeError as error:
            raise HayakuchiError(f"Windows could not play the sound ({error}); write a file: -o speech.wav") from error
        return
    player = next((command for command in PLAYERS if shutil.which(command[0])), None)
    if player is None:
        names = ", ".join(command[0] for command in PLAYERS)
        raise HayakuchiError(
            f"no program to play sound was found ({names}); install one, on Debian and Ubuntu with `apt install alsa-utils` "
            "or pulseaudio-utils, or write a file instead: -o speech.wav"
        )
    result = subprocess.run([*player, str(file)], capture_output=True, text=True, check=False)
    if result.returncode:
        raise HayakuchiError(
            f"{player[0]} could not play the sound: {result.stderr.strip() or 'no reason given'}; try -o speech.wav"
        )
