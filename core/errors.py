"""What can go wrong, as a small tree with stable codes.

    HayakuchiError
    ├─ ConfigError        a mistake in a file the user wrote, with its place
    ├─ ProviderError      a model, voice or ear failed; ``category`` says how
    ├─ AllProvidersFailed every provider of a chain failed
    ├─ CapacityError      the server is full; try again after ``retry_after_s``
    ├─ ProtocolError      a client sent what the protocol does not allow
    └─ SessionClosed      the session is gone

Interruption is cancellation, never an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class HayakuchiError(Exception):
    """Base of all; ``code`` is stable and safe to show to clients."""

    code: str = "internal"


class ConfigError(HayakuchiError):
    """A mistake in a configuration or character file.

    ``str()`` is ``FILE:LINE:COLUMN: PATH: MESSAGE``, leaving out what is not known. Lines and columns count from 1.
    """

    code = "config"

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        path: str = "",
    ) -> None:
        self.message, self.file, self.line, self.column, self.path = message, file, line, column, path
        place = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(": ".join(part for part in (place, path, message) if part))


class Category(StrEnum):
    """Why a provider failed."""

    AUTH = "auth"
    INVALID_REQUEST = "invalid_request"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    CONNECTIVITY = "connectivity"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    BAD_OUTPUT = "bad_output"
    CRASHED = "crashed"
    MISSING_EXTRA = "missing_extra"

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without anybody changing anything."""
        return self not in _PERMANENT


_PERMANENT = frozenset({Category.AUTH, Category.INVALID_REQUEST, Category.NOT_FOUND, Category.MISSING_EXTRA})


class ProviderError(HayakuchiError):
    """A provider failed. ``str()`` says what happened and, where known, the remedy; it never holds a secret."""

    def __init__(
        self, kind: str, provider: str, category: Category, message: str, *, retry_after_s: float | None = None
    ) -> None:
        self.kind, self.provider, self.category, self.message = kind, provider, category, message
        self.retry_after_s = retry_after_s
        self.code = f"{kind}.{category}"
        super().__init__(f"{provider}: {message}")

    @property
    def retryable(self) -> bool:
        return self.category.retryable


class AllProvidersFailed(HayakuchiError):
    """Every provider of a chain failed; ``attempts`` are their errors in order."""

    def __init__(self, kind: str, attempts: Sequence[ProviderError]) -> None:
        self.kind, self.attempts = kind, tuple(attempts)
        self.code = f"{kind}.all_failed"
        super().__init__("; ".join(str(error) for error in attempts) or f"no {kind} is usable now")


class CapacityError(HayakuchiError):
    """The server is at a limit."""

    code = "capacity"

    def __init__(self, message: str, retry_after_s: float = 5.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ProtocolError(HayakuchiError):
    """A client sent what the protocol does not allow."""

    code = "protocol"


class SessionClosed(HayakuchiError):
    """The session has ended."""

    code = "session_closed"
