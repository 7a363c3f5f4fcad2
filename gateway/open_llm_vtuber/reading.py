"""What their clients say on ``/client-ws`` and ``/proxy-ws``: read within bounds, understood, and done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from ...core.clock import loop_ms
from ...core.errors import HayakuchiError, SessionClosed
from ..connection import Connection
from .client_messages import parse_client_message
from .measure import budget, check_values


async def read(
    connection: Connection,
    obey: Callable[[Any, str | None], Awaitable[None]],
    complain: Callable[[HayakuchiError, str | None], None],
) -> NoReturn:
    """``obey`` every message, with its ``request_id``. ``complain`` tells what cannot be done; what is not known is let be.

    Raises Goodbye and WebSocketDisconnect.
    """

    async def take(text: str) -> None:
        request: str | None = None
        try:
            check_values(text)
            parsed = parse_client_message(text)
            if parsed is not None:
                message, request = parsed
                await obey(message, request)
                connection.understood()
        except SessionClosed:
            raise
        except HayakuchiError as error:
            complain(error, request)
            connection.count(error)

    await connection.read_texts(take, budget(loop_ms()))
