"""Who does what about which message."""

from __future__ import annotations

from collections.abc import Mapping

from . import groups, hello, proactive, turns
from .client import Handler

HANDLERS: Mapping[type, Handler] = {
    **hello.HANDLERS,
    **turns.HANDLERS,
    **groups.HANDLERS,
    **proactive.HANDLERS,
}
