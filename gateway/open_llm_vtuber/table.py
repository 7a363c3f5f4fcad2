"""Who does what about which message."""

from __future__ import annotations

from collections.abc import Mapping

from . import hello, turns
from .client import Handler

HANDLERS: Mapping[type, Handler] = {
    **hello.HANDLERS,
    **turns.HANDLERS,
}
