"""Faster or slower speech, at the same pitch."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...core.types import BYTES_PER_SAMPLE, Audio

SLOWEST, FASTEST = 0.25, 4.0
_FILTER_SLOWEST = 0.5
"""What FFmpeg's filter can do at a time."""
_LEAST = 8 * BYTES_PER_SAMPLE
"""A shorter piece would be less than a sample afterwards, for which the filter takes no memory, and says that there is none."""


class Tempo:
    """One stream at one rate (Hz), ``speed`` times as fast; what it gives has no marks. Its work belongs into a thread."""

    def __init__(self, speed: float, sample_rate: int) -> None:
        import av.filter  # takes its time to load

        self._rate, self._position = sample_rate, 0
        self._held = b""
        graph = av.filter.Graph()
        time_base = Fraction(1, sample_rate)
        chain: list[Any] = [
            graph.add_abuffer(sample_rate=sample_rate, format="s16", layout="mono", time_base=time_base)
        ]
        while speed < _FILTER_SLOWEST:
            chain.append(graph.add("atempo", str(_FILTER_SLOWEST)))
            speed /= _FILTER_SLOWEST
        chain += [graph.add("atempo", f"{speed:.6f}"), graph.add("aformat", "sample_fmts=s16:channel_layouts=mono")]
        chain.append(graph.add("abuffersink"))
        graph.link_nodes(*chain).configure()
        self._graph = graph

    def feed(self, audio: Audio) -> Audio:
        """What is ready; it may be empty."""
        self._held += audio.pcm
        if len(self._held) >= _LEAST:
            self._push(self._held)
            self._held = b""
        return self._ready()

    def flush(self) -> Audio:
        """What the filter still holds; the stream ends here."""
        if self._held:
            self._push(self._held.ljust(_LEAST, b"\0"))
        self._graph.push(None)
        return self._ready()

    def _push(self, pcm: bytes) -> None:
        import av
        import numpy as np

        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._position, Fraction(1, self._rate)
        self._position += frame.samples
        self._graph.push(frame)

    def _ready(self) -> Audio:
        from av.error import BlockingIOError, EOFError

        pcm = bytearray()
        while True:
            try:
                frame: Any = self._graph.pull()
            except (BlockingIOError, EOFError):
                return Audio(bytes(pcm), self._rate)
            pcm += bytes(frame.planes[0])[: frame.samples * BYTES_PER_SAMPLE]
