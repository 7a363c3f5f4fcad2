"""The loudspeakers and microphones of this machine, through PortAudio: which one is meant, and what it takes.

``sounddevice`` is imported when somebody asks for local audio and not before. Whatever is missing becomes a ConfigError with
what to do about it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...core.errors import ConfigError

Kind = Literal["input", "output"]
NONE = "none"
"""Instead of a device: do without."""
OPTION = {"input": "--microphone", "output": "--speaker"}
THING = {"input": "microphone", "output": "loudspeaker"}
INSTALL = {
    "linux": "install it with `apt install libportaudio2` (Debian, Ubuntu), `dnf install portaudio` (Fedora) "
    "or `pacman -S portaudio` (Arch)",
    "darwin": "install it with `brew install portaudio`, or sounddevice anew: `uv sync --reinstall-package sounddevice`",
    "win32": "install sounddevice anew, which has it inside: `uv sync --reinstall-package sounddevice`",
}
"""How PortAudio comes onto a machine, by ``sys.platform``."""
NO_DEVICE = {
    "linux": "plug one in, or see that a sound server runs (PipeWire or PulseAudio, and for those `apt install "
    "libasound2-plugins`)",
    "darwin": "plug one in, and choose it in System Settings > Sound",
    "win32": "plug one in, and see in Settings > System > Sound that it is not disabled",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the form of sound that it was found to take."""

    index: int
    name: str
    rate: int
    """Hz; not always the one that was wished for."""
    channels: int


def sound_system() -> Any:
    """The module ``sounddevice``. Raises ConfigError when it, or PortAudio, is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: no PortAudio
        remedy = INSTALL.get(sys.platform, INSTALL["linux"])
        raise ConfigError(f"no sound can be played here: {error}; {remedy}", path="--local-audio") from error
    return sounddevice


def find(sd: Any, kind: Kind, wanted: str | None, rate: int, sample_type: str) -> Device:
    """The device that ``wanted`` names: its number, words of its name, or None for the default one. Raises ConfigError."""
    info = _default(sd, kind) if wanted is None else _chosen(sd, kind, wanted)
    return _form(sd, kind, info, rate, sample_type)


def listing(sd: Any) -> list[str]:
    """A line for each device: number, name, what it is."""
    lines = []
    for info in sd.query_devices():
        can = [THING[kind] for kind in ("input", "output") if info[f"max_{kind}_channels"]]
        lines.append(f"{info['index']:>3}  {_full_name(sd, info)}  ({', '.join(can) or 'nothing'})")
    return lines


def _default(sd: Any, kind: Kind) -> dict[str, Any]:
    try:
        return sd.query_devices(kind=kind)
    except (sd.PortAudioError, ValueError) as error:
        if others := _of_kind(sd, kind):
            remedy = f"choose one with {OPTION[kind]}: {_names(sd, others)}"
        else:
            remedy = f"{NO_DEVICE.get(sys.platform, NO_DEVICE['linux'])}; or do without: {OPTION[kind]} {NONE}"
        raise ConfigError(f"this machine has no default {THING[kind]}; {remedy}", path=OPTION[kind]) from error


def _chosen(sd: Any, kind: Kind, wanted: str) -> dict[str, Any]:
    devices = _of_kind(sd, kind)
    found = [info for info in devices if wanted.strip() == str(info["index"])] or _named(sd, devices, wanted)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(
            f"there is no {THING[kind]} {wanted!r}; there is: {_names(sd, devices) or 'none at all'}", path=OPTION[kind]
        )
    raise ConfigError(f"{wanted!r} may be any of these, give its number: {_names(sd, found)}", path=OPTION[kind])


def _named(sd: Any, devices: Sequence[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Windows has each device once for each of its sound systems; the default one's is meant unless another is named."""
    words = wanted.lower().split()
    found = [info for info in devices if words and all(word in _full_name(sd, info).lower() for word in words)]
    found = [info for info in found if info["name"].lower() == wanted.strip().lower()] or found
    return [info for info in found if info["hostapi"] == sd.default.hostapi] or found


def _of_kind(sd: Any, kind: Kind) -> list[dict[str, Any]]:
    return [info for info in sd.query_devices() if info[f"max_{kind}_channels"]]


def _full_name(sd: Any, info: dict[str, Any]) -> str:
    return f"{info['name']}, {sd.query_hostapis(info['hostapi'])['name']}"


def _names(sd: Any, devices: Sequence[dict[str, Any]]) -> str:
    return "; ".join(f"{info['index']} {_full_name(sd, info)}" for info in devices)


def _form(sd: Any, kind: Kind, info: dict[str, Any], rate: int, sample_type: str) -> Device:
    """The first form the device takes: mono before stereo, the wished rate before its own."""
    check = sd.check_input_settings if kind == "input" else sd.check_output_settings
    own = round(info["default_samplerate"])
    error: Exception | None = None
    for device_rate in dict.fromkeys((rate, own)):
        for channels in range(1, min(info[f"max_{kind}_channels"], 2) + 1):
            try:
                check(device=info["index"], channels=channels, samplerate=device_rate, dtype=sample_type)
            except sd.PortAudioError as refused:
                error = refused
            else:
                return Device(info["index"], info["name"], device_rate, channels)
    raise ConfigError(
        f"the {THING[kind]} {info['name']} takes sound neither at {rate} nor at {own} Hz ({error}); is another program "
        f"using it alone? Else choose another one: `hayakuchi run --list-devices`",
        path=OPTION[kind],
    )
