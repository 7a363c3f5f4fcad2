"""English speech from Debian's ``flite``, what tests do to it, and how well it was understood.

Clips are bytes of 16 kHz mono 16-bit PCM. The voices that recognisers understand well are rms and slt.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from requirements import require

RATE = 16_000
MICROPHONE_RATE = 48_000
"""What Chromium's fake microphone is fed with, so that the browser has to resample."""
VOICES = ("rms", "slt", "awb", "kal16")
"""Those that speak at 16 kHz; flite takes another one without a word where it does not know the name."""
MISSING = "flite is not installed: apt install flite"
TIMEOUT_S = 30.0

requires_flite = pytest.mark.skipif(
    shutil.which("flite") is None and os.environ.get("HAYAKUCHI_REQUIRE_ALL") != "1", reason=MISSING
)
"""For tests that do other things before they call :func:`speech`, which skips or fails by itself."""


@lru_cache(maxsize=512)
def speech(text: str, voice: str = "rms") -> bytes:
    """``text`` as it is spoken; the same clip each time in a process."""
    flite = shutil.which("flite")
    require(flite, MISSING)
    if voice not in VOICES or not text.strip():
        raise ValueError(f"flite cannot say {text!r} with the voice {voice!r}; it has {', '.join(VOICES)}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "clip.wav")
        command = [str(flite), "-voice", voice, "-t", text, "-o", str(file)]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
        return read_wav(file)


def read_wav(file: Path) -> bytes:
    """The PCM of a WAV file that is as clips are here."""
    with wave.open(str(file), "rb") as clip:
        assert (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) == (RATE, 1, 2), clip.getparams()
        return clip.readframes(clip.getnframes())


def write_wav(file: Path, pcm: bytes, rate: int = RATE) -> Path:
    with wave.open(str(file), "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(rate)
        clip.writeframes(pcm)
    return file


def write_microphone_wav(file: Path, pcm: bytes) -> Path:
    """A file for Chromium's ``--use-file-for-fake-audio-capture``, which plays it again and again without ``%noloop``."""
    return write_wav(file, to_pcm(soxr.resample(to_floats(pcm), RATE, MICROPHONE_RATE)), MICROPHONE_RATE)


def to_floats(pcm: bytes) -> NDArray[np.float32]:
    """Samples between -1 and 1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def to_pcm(samples: NDArray[np.floating[Any]]) -> bytes:
    return np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes()


def duration_ms(pcm: bytes) -> float:
    return len(pcm) / 2 * 1000 / RATE


def silence(ms: float) -> bytes:
    return bytes(2 * round(ms * RATE / 1000))


def with_pause(pcm: bytes, at_ms: float, pause_ms: float) -> bytes:
    """The clip with silence put in at ``at_ms``."""
    cut = 2 * round(at_ms * RATE / 1000)
    return pcm[:cut] + silence(pause_ms) + pcm[cut:]


def bounds(pcm: bytes, below_db: float = 40.0) -> tuple[int, int]:
    """The first sample of speech in a clip without noise and the one after its last, to 10 ms: what lies ``below_db`` under
    the loudest is silence. (0, 0) when all is."""
    loud = np.flatnonzero(_loud(pcm, below_db))
    return (int(loud[0]) * _HOP, min(int(loud[-1] + 1) * _HOP, len(pcm) // 2)) if loud.size else (0, 0)


def trimmed(pcm: bytes) -> bytes:
    """The clip without the silence before and after its speech."""
    first, end = bounds(pcm)
    return pcm[2 * first : 2 * end]


def noise(ms: float, rms: float, *, seed: int = 1, pink: bool = False) -> bytes:
    """Noise of that level (0 to 1), the same each time. ``pink``: with the low-pitched hum of a room, else white."""
    return to_pcm(_noise(round(ms * RATE / 1000), seed, pink) * rms)


def with_noise(pcm: bytes, snr_db: float, *, seed: int = 1, pink: bool = False) -> bytes:
    """The clip under noise; the ratio is that of the speech, without its pauses, to the noise."""
    samples = to_floats(pcm)
    level = speech_rms(pcm)
    if level == 0:
        raise ValueError("there is no speech in the clip that noise could be measured by")
    return to_pcm(samples + _noise(samples.size, seed, pink) * level * 10 ** (-snr_db / 20))


def speech_rms(pcm: bytes) -> float:
    """The level of the speech in a clip (0 to 1), without its pauses."""
    power = _power(pcm)[_loud(pcm, 40.0)]
    return float(np.sqrt(power.mean())) if power.size else 0.0


def word_error_rate(reference: str, heard: str) -> float:
    """Words put in, left out or wrong for each word that was said; 0 is perfect, and it can be more than 1."""
    said = _words(reference)
    if not said:
        raise ValueError("nothing was said")
    return _distance(said, _words(heard)) / len(said)


_HOP = RATE // 100


def _power(pcm: bytes) -> NDArray[np.floating[Any]]:
    """Of each 10 ms, the last ones filled up with silence."""
    samples = to_floats(pcm)
    return np.mean(np.pad(samples, (0, -samples.size % _HOP)).reshape(-1, _HOP) ** 2, axis=1)


def _loud(pcm: bytes, below_db: float) -> NDArray[np.bool_]:
    power = _power(pcm)
    return (power > power.max(initial=0.0) * 10 ** (-below_db / 10)) & (power > 0)


def _noise(samples: int, seed: int, pink: bool) -> NDArray[np.floating[Any]]:
    """Noise with an RMS of 1."""
    white = np.random.default_rng(seed).standard_normal(samples)
    if not pink or samples < 2:
        return white
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    shaped = np.fft.irfft(spectrum, samples)
    return shaped / np.sqrt(np.mean(shaped**2))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def _distance(said: Sequence[str], heard: Sequence[str]) -> int:
    row = list(range(len(heard) + 1))
    for done, word in enumerate(said, 1):
        diagonal, row[0] = row[0], done
        for column, other in enumerate(heard, 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
    return row[-1]
