"""Requests that are sent again with the same key are answered as they were the first time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from ...core.clock import loop_ms
from ..api.problem import Problem

KEPT_MS = 600_000.0
MAX_BYTES = 16_000_000
"""Of all answers that are kept; the oldest go first."""
LARGEST = MAX_BYTES // 8
"""An answer that is larger is not kept."""
OVERHEAD = 200
"""What a piece of an answer takes beside its bytes."""
LONGEST_KEY = 255


@dataclass(slots=True)
class _Entry:
    fingerprint: bytes
    answer: Sequence[bytes] | None = None
    """None: it is still being made."""
    size: int = 0
    at: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Replays:
    """Answers by owner and key, for ten minutes. Bounded in bytes; a first try that fails leaves nothing."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pending: dict[tuple[str, str], _Entry] = {}
        self._kept: dict[tuple[str, str], _Entry] = {}
        """In the order in which they were kept."""
        self.size = 0
        """Bytes that are kept."""

    async def once(
        self, owner: str, key: str, body: bytes, chunks: AsyncGenerator[bytes, None], replayed: Callable[[], None]
    ) -> AsyncGenerator[bytes, None]:
        """``chunks``, or what they were the first time: then ``replayed`` is called before the first one. Who comes while the
        first try goes on waits for its end.

        Raises Problem (422) when the key came with another ``body``.
        """
        if len(key) > LONGEST_KEY:
            raise Problem(422, f"the idempotency key has more than {LONGEST_KEY} characters", "invalid_key")
        entry = await self._claimed((owner, key), hashlib.sha256(body).digest())
        async with aclosing(chunks):
            if entry.answer is not None:
                replayed()
                for chunk in entry.answer:
                    yield chunk
                return
            try:
                sent: list[bytes] = []
                async for chunk in chunks:
                    sent.append(chunk)
                    yield chunk
                self._keep(entry, sent)
            finally:
                self._end((owner, key), entry)

    async def _claimed(self, name: tuple[str, str], fingerprint: bytes) -> _Entry:
        """An answer, or an empty entry which is the caller's to fill."""
        while True:
            self._forget()
            entry = self._kept.get(name) or self._pending.get(name)
            if entry is None:
                self._pending[name] = entry = _Entry(fingerprint)
                return entry
            if entry.fingerprint != fingerprint:
                message = "this idempotency key was used for another request; take a new key for each request"
                raise Problem(422, message, "idempotency_key_reused")
            if entry.answer is not None:
                return entry
            await entry.over.wait()

    def _keep(self, entry: _Entry, sent: list[bytes]) -> None:
        size = sum(len(chunk) + OVERHEAD for chunk in sent)
        if size <= min(LARGEST, self._max_bytes):
            entry.answer, entry.size, entry.at = tuple(sent), size, loop_ms()
            self.size += size

    def _end(self, name: tuple[str, str], entry: _Entry) -> None:
        """The first try is over: what it left can be had, or another one may be made."""
        entry.over.set()
        del self._pending[name]
        if entry.answer is not None:
            self._kept[name] = entry
            self._forget()

    def _forget(self) -> None:
        """Drop what is too old, and the oldest of what is too much."""
        while self._kept:
            name, entry = next(iter(self._kept.items()))
            if loop_ms() - entry.at < KEPT_MS and self.size <= self._max_bytes:
                return
            del self._kept[name]
            self.size -= entry.size
