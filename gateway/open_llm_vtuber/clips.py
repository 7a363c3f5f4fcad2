"""Clips that are fetched by name soon after they were made. In memory: few, not large, gone after minutes."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ...core.clock import loop_ms
from ...core.errors import CapacityError

LIFE_MS = 300_000.0
MAX_CLIPS = 256
MAX_BYTES = 64_000_000
MAX_CLIP_BYTES = 16_000_000
_NAME = re.compile(r"[A-Za-z0-9_-]{32}\.wav")


@dataclass(frozen=True, slots=True)
class _Clip:
    owner: str
    data: bytes
    ends: float


class Clips:
    """One per server. A name cannot be guessed: who knows it may have the clip."""

    def __init__(self, now: Callable[[], float] = loop_ms) -> None:
        self._now = now
        self._clips: dict[str, _Clip] = {}
        """By name, oldest first."""
        self._bytes: Counter[str] = Counter()
        """By owner."""

    def keep(self, owner: str, data: bytes) -> str:
        """The name of a WAV file that is kept for a while. When there is no room, the oldest clip of whoever has most goes.

        Raises CapacityError for one that is too large by itself.
        """
        if len(data) > MAX_BYTES:
            raise CapacityError(f"a clip is larger than {MAX_BYTES // 1_000_000} MB")
        self._forget_old()
        while len(self._clips) >= MAX_CLIPS or self._bytes.total() + len(data) > MAX_BYTES:
            most = self._bytes.most_common(1)[0][0]
            self._drop(next(name for name, clip in self._clips.items() if clip.owner == most))
        name = f"{secrets.token_urlsafe(24)}.wav"
        self._clips[name] = _Clip(owner, data, self._now() + LIFE_MS)
        self._bytes[owner] += len(data)
        return name

    def find(self, name: str) -> bytes | None:
        """The clip, where there is (still) one of that name."""
        self._forget_old()
        clip = self._clips.get(name) if _NAME.fullmatch(name) else None
        return clip.data if clip else None

    def _forget_old(self) -> None:
        now = self._now()
        while self._clips and (oldest := next(iter(self._clips))) and self._clips[oldest].ends <= now:
            self._drop(oldest)

    def _drop(self, name: str) -> None:
        clip = self._clips.pop(name)
        self._bytes[clip.owner] -= len(clip.data)
        if not self._bytes[clip.owner]:
            del self._bytes[clip.owner]
