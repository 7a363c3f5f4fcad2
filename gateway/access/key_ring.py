"""The keys as the server knows them: read from the file at most once a second, so that what the command line changes counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from hmac import compare_digest

from ...core.clock import loop_ms
from ...core.database import Database, StoreError
from ..api.problem import Problem
from .caller import Caller
from .keys import TOKEN, Key, all_keys, digest_of

FRESH_MS = 1000.0
"""How old what is known may be."""
EAGER_MS = 50.0
"""How old it may be when a key does not fit: perhaps it was made a moment ago."""
_NOBODY = digest_of("")


class KeyRing:
    """Finds the key that a token is of, and ends what is going on for keys that end."""

    def __init__(self, database: Callable[[], Database], now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._keys: dict[str, Key] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._leashes: dict[asyncio.Timeout, str] = {}

    async def find(self, token: str) -> Key:
        """The usable key of a token. Raises Problem (401) when there is none, StoreError when keys cannot be read."""
        await self._read(FRESH_MS)
        key = self._fitting(token)
        if key is None:
            await self._read(EAGER_MS)
            key = self._fitting(token)
        if key is None:
            raise Problem(
                401, "this API key is not known; `uv run hayakuchi key new NAME` makes one", "invalid_api_key"
            )
        _check(key, self._now())
        return key

    def _fitting(self, token: str) -> Key | None:
        """An id that is not known takes as long as a secret that does not fit."""
        parts = TOKEN.fullmatch(token)
        key = self._keys.get(parts[1]) if parts else None
        fits = compare_digest(digest_of(token), key.digest if key else _NOBODY)
        return key if fits else None

    async def while_usable(self, caller: Caller, work: Awaitable[None]) -> bool:
        """Wait for ``work``, which is cancelled when the caller's key ends or is revoked; whether it came to its end."""
        key = self._keys.get(caller.id)
        if key is None:  # a caller without a key
            await work
            return True
        left_s = None if key.expires_at is None else max(key.expires_at - self._now(), 0.0)
        leash = asyncio.timeout(left_s)
        self._leashes[leash] = key.id
        try:
            async with leash:
                await work
        except TimeoutError:
            if not leash.expired():
                raise
            return False
        finally:
            self._leashes.pop(leash, None)
        return True

    async def run(self) -> None:
        """End what goes on for keys that were revoked. Never returns."""
        while True:
            await asyncio.sleep(FRESH_MS / 1000)
            if self._leashes:
                try:
                    await self._read(FRESH_MS / 2)
                except StoreError:
                    continue  # nothing is known of a change; whoever comes anew is told of the error
                self._cut()

    def _cut(self) -> None:
        now, loop = self._now(), asyncio.get_running_loop()
        for leash, number in list(self._leashes.items()):
            key = self._keys.get(number)
            if (key is None or key.state(now) != "usable") and not leash.expired():
                del self._leashes[leash]
                leash.reschedule(loop.time())

    async def _read(self, oldest_ms: float) -> None:
        if self._age_ms() < oldest_ms:
            return
        async with self._reading:
            if self._age_ms() >= oldest_ms:
                found = await self._database().read(all_keys)
                self._keys = {key.id: key for key in found}
                self._read_at = loop_ms()

    def _age_ms(self) -> float:
        return float("inf") if self._read_at is None else loop_ms() - self._read_at


def _check(key: Key, now: float) -> None:
    match key.state(now):
        case "revoked":
            raise Problem(401, f"the API key {key.id} was revoked", "key_revoked")
        case "expired":
            raise Problem(401, f"the API key {key.id} has expired", "key_expired")
