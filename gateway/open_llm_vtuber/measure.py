"""How much a client may send: reading a message must not keep the others from their turn."""

from __future__ import annotations

from ...core.errors import ProtocolError
from ..connection import Budget
from .client_messages import MAX_SAMPLES

MAX_MESSAGE_BYTES = 32 << 20
"""Two pictures of the largest size, and more of the usual one."""
MAX_VALUES = MAX_SAMPLES + 4096
"""Of a message: the samples of a microphone, and some. A picture is a single one."""
PER_S = 2 << 20
"""Characters: a microphone sends a third of a million a second, as numbers."""
AT_ONCE = 3 * MAX_MESSAGE_BYTES


def check_values(text: str) -> None:
    """Raises ProtocolError for a message that would take long to be read, which is found out quickly."""
    if text.count(",") > MAX_VALUES:
        raise ProtocolError(f"a message has at most {MAX_VALUES} values")


def budget(now: float) -> Budget:
    """Of one connection; ``now`` in ms."""
    return Budget(AT_ONCE, PER_S, now)
