"""A model or a voice that is not that of the stage: whether it can be used, and whether anybody uses it."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, Category, ProviderError
from ..llm.fallback import FallbackLLM
from ..tts.fallback import FallbackTTS
from ..tts.phrase_cache import CachedTTS
from .settings import Component

OPEN_S = 10.0
"""How long somebody who asks for a character waits for its voice."""
CLOSE_S = 5.0
"""How long a chain may take to close; then it is left to itself."""
RETRY_MS = 30_000.0
"""Until then one that did not open is not tried again."""

C = TypeVar("C", FallbackLLM, CachedTTS)
Parts = tuple[Component, ...]

log = logging.getLogger(__name__)


class Loan(Generic[C]):
    """A chain is in use as long as one of these is there: whoever uses it keeps it."""

    __slots__ = ("__weakref__", "chain")

    def __init__(self) -> None:
        self.chain: C | None = None
        """None: it does not open."""


class OwnChain(Generic[C]):
    """``kind`` and ``of``, the character that asked first, name it in errors."""

    def __init__(self, kind: str, parts: Parts, make: Callable[[list[Any]], C], of: str) -> None:
        self.parts = parts
        self.chain: C | None = None
        """None: it was not asked for yet, or cannot be made."""
        self._kind, self._make, self._of = kind, make, of
        self._missing: list[ProviderError] = []
        """Why some of it could not be made."""
        self._closed: str | None = None
        """Why it does not open."""
        self._opened = self._done = False
        self._again_at = 0.0
        self._lock = asyncio.Lock()
        self._loans: weakref.WeakSet[Loan[C]] = weakref.WeakSet()
        self._unused_since: float | None = None
        self._probing = 0

    @property
    def problems(self) -> list[str]:
        if self._closed:
            return [self._closed]
        states = self.chain.states(loop_ms()) if self.chain else []
        errors = [*self._missing, *(error for _, _, error in states if error is not None)]
        return [f"{self._of}: {error}" for error in errors]

    def unused_ms(self, now: float) -> float | None:
        """Since this was first asked while nobody used it; None: it is in use, or just being probed."""
        if self._loans:
            self._unused_since = None
        if self._loans or self._probing:
            return None
        if self._unused_since is None:
            self._unused_since = now
        return now - self._unused_since

    def lent(self) -> Loan[C]:
        """It is in use from here on, and can be used after :meth:`ready`."""
        loan: Loan[C] = Loan()
        self._loans.add(loan)
        self._unused_since = None
        return loan

    async def ready(self, loan: Loan[C]) -> Loan[C]:
        """Open it unless it is, or was tried a moment ago."""
        async with self._lock:
            if not self._opened and loop_ms() >= self._again_at:
                await self._open()
            loan.chain = self.chain if self._opened else None
        return loan

    async def probe_all(self, limit_s: float, *, failing_only: bool) -> None:
        """:meth:`Chain.probe_all`; it is not closed meanwhile."""
        self._probing += 1
        try:
            if self.chain is not None:
                await self.chain.probe_all(limit_s, failing_only=failing_only)
        finally:
            self._probing -= 1

    async def aclose(self) -> None:
        """Takes ``CLOSE_S`` at most. Never raises; one that was cancelled may be called again. Idempotent."""
        if self._done:
            return
        names = ", ".join(part.name for part in self.parts)
        try:
            async with asyncio.timeout(CLOSE_S), self._lock:
                if self.chain is not None:
                    await self.chain.aclose()
        except TimeoutError:
            log.warning("%s of %s did not close within %g s", names, self._of, CLOSE_S)
        except Exception:
            # Nobody waits for what a provider that is not used any longer has to say.
            log.exception("%s of %s did not close as it should", names, self._of)
        self._done = True

    async def _open(self) -> None:
        names = ", ".join(part.name for part in self.parts)
        why = f"nobody of it was ready within {OPEN_S:g} s"
        try:
            chain = self.chain = self.chain or self._made()
            async with asyncio.timeout(OPEN_S):
                await chain.open()
            self._opened = True
        except AllProvidersFailed as error:
            why = str(error)
        except TimeoutError:
            # The others are opened when they are asked.
            self._opened = self.chain is not None and bool(_fallback(self.chain).open_times)
        except Exception as error:
            log.exception("%s of %s broke while it opened", names, self._of)
            why = str(_broken(self._kind, names, "broke while it opened", error))
        if self._opened and self.chain is not None:
            self._closed = None
            self.chain.prepare()
            return
        self._again_at = loop_ms() + RETRY_MS
        self._closed = f"{self._of} goes on with the one on stage, because its own ({names}) does not open: {why}"
        log.warning("%s", self._closed)

    def _made(self) -> C:
        """The chain of those that can be made. Raises AllProvidersFailed where there is none."""
        made: list[Any] = []
        self._missing = []
        for part in self.parts:
            try:
                made.append(part.create())
            except ProviderError as error:
                self._missing.append(error)
            except Exception as error:
                log.exception("%s of %s could not be made", part.name, self._of)
                self._missing.append(_broken(self._kind, part.name, "could not be made", error))
        if not made:
            raise AllProvidersFailed(self._kind, self._missing) from self._missing[-1]
        return self._make(made)


def _broken(kind: str, name: str, what: str, error: Exception) -> ProviderError:
    """What is told of a provider's bug, which the log has in full."""
    told = ProviderError(kind, name, Category.CRASHED, f"{what}; the log has the details")
    told.__cause__ = error
    return told


def _fallback(chain: FallbackLLM | CachedTTS) -> FallbackLLM | FallbackTTS:
    return chain.chain if isinstance(chain, CachedTTS) else chain
