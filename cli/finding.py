"""One line of ``hayakuchi check``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..core.errors import ConfigError


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``place`` is the mistake's file, line, column and path, for a mistake in a file."""

    status: Status
    subject: str
    message: str
    place: ConfigError | None = None
