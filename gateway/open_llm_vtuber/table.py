"""Who does what about which message."""

from __future__ import annotations

from collections.abc import Mapping

from . import backgrounds, configs, hello, histories, microphone, turns
from .client import Handler

HANDLERS: Mapping[type, Handler] = {
    **hello.HANDLERS,
    **turns.HANDLERS,
    **histories.HANDLERS,
    **configs.HANDLERS,
    **backgrounds.HANDLERS,
    **microphone.HANDLERS,
}
