"""A test double for the module ``sounddevice``: devices as a test lists them, and streams that it runs itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

BUFFER_S = 0.01


class PortAudioError(Exception):
    """As the real one: text first."""


@dataclass
class FakeDevice:
    name: str
    inputs: int = 0
    outputs: int = 0
    rates: Sequence[int] | None = None
    """Hz that it takes, its own one first; None: all."""
    mono: bool = True
    hostapi: int = 0
    opens: bool = True


@dataclass
class FakeStream:
    device: FakeDevice
    samplerate: int
    channels: int
    dtype: str
    callback: Callable[..., None]
    finished_callback: Callable[[], None]
    latency: float = 0.0
    blocksize: int = 0
    running: bool = False
    closed: bool = False
    played: list[np.ndarray] = field(default_factory=list)
    dac_delay: float = 0.02

    def start(self) -> None:
        if not self.device.opens:
            raise PortAudioError("Error starting stream: Device unavailable")
        self.running = True

    def abort(self, ignore_errors: bool = True) -> None:
        if self.running:
            self.running = False
            self.finished_callback()

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True

    def render(self, frames: int) -> None:
        """The device asks for sound."""
        out = np.full((frames, self.channels), np.nan, np.float32)
        buffer = bytearray(out.tobytes())
        self.callback(buffer, frames, self._times(), None)
        self.played.append(np.frombuffer(bytes(buffer), np.float32).reshape(frames, self.channels))

    def capture(self, samples: np.ndarray) -> None:
        """The device heard something, of int16, one column for each channel."""
        self.callback(samples.astype(np.int16).tobytes(), len(samples), self._times(), None)

    async def play(self, seconds: float) -> np.ndarray:
        """Ask for sound in the pace of the loop's clock; what it was."""
        before = len(self.played)
        for _ in range(round(seconds / BUFFER_S)):
            self.render(round(self.samplerate * BUFFER_S))
            await asyncio.sleep(BUFFER_S)
        return np.concatenate(self.played[before:]) if self.played[before:] else np.zeros((0, self.channels))

    def unplug(self) -> None:
        """The device is gone: the stream ends by itself."""
        self.running = False
        self.finished_callback()

    def _times(self) -> Any:
        return SimpleNamespace(currentTime=100.0, outputBufferDacTime=100.0 + self.dac_delay, inputBufferAdcTime=100.0)


class FakeSoundDevice:
    """Stands for the module. ``default_input`` and ``default_output`` are indices, or None."""

    PortAudioError = PortAudioError

    def __init__(
        self, *devices: FakeDevice, default_input: int | None = 0, default_output: int | None = 0, hostapi: int = 0
    ) -> None:
        self.devices = devices
        self.default = SimpleNamespace(hostapi=hostapi)
        self._defaults = {"input": default_input, "output": default_output}
        self.streams: list[FakeStream] = []

    @property
    def speaker(self) -> FakeStream:
        return next(stream for stream in reversed(self.streams) if stream.dtype == "float32")

    @property
    def microphone(self) -> FakeStream:
        return next(stream for stream in reversed(self.streams) if stream.dtype == "int16")

    def query_devices(self, device: int | None = None, kind: str | None = None) -> Any:
        if device is None and kind is None:
            return [self._info(index) for index in range(len(self.devices))]
        index = self._defaults[str(kind)] if device is None else device
        if index is None:
            raise PortAudioError("Error querying device -1")
        return self._info(index)

    def query_hostapis(self, index: int) -> dict[str, Any]:
        return {"name": ("MME", "Windows WASAPI")[index]}

    def check_output_settings(self, **form: Any) -> None:
        self._check("output", **form)

    def check_input_settings(self, **form: Any) -> None:
        self._check("input", **form)

    def RawOutputStream(self, **options: Any) -> FakeStream:
        return self._stream("output", **options)

    def RawInputStream(self, **options: Any) -> FakeStream:
        return self._stream("input", **options)

    def _info(self, index: int) -> dict[str, Any]:
        device = self.devices[index]
        return {
            "index": index,
            "name": device.name,
            "hostapi": device.hostapi,
            "max_input_channels": device.inputs,
            "max_output_channels": device.outputs,
            "default_samplerate": float(device.rates[0] if device.rates else 48_000),
        }

    def _check(self, kind: str, device: int, channels: int, samplerate: float, dtype: str) -> None:
        found = self.devices[device]
        if not 0 < channels <= (found.inputs if kind == "input" else found.outputs) or (
            channels == 1 and not found.mono
        ):
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")
        if found.rates is not None and samplerate not in found.rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    def _stream(self, kind: str, device: int, **options: Any) -> FakeStream:
        form = {name: options[name] for name in ("channels", "samplerate", "dtype")}
        self._check(kind, device, **form)
        latency = options.pop("latency")
        stream = FakeStream(self.devices[device], **options)
        stream.latency = latency if isinstance(latency, float) else 0.01
        self.streams.append(stream)
        return stream
