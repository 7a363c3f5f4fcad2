"""Answers that are made while they are sent, and given up when nobody takes them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...core.errors import HayakuchiError
from .problem import Problem
from .serving import problem_of, refused_as

STALL_S = 30.0
"""How long a client may take nothing of what is ready for it."""

log = logging.getLogger(__name__)


class _Gone(Exception):
    """Whoever asked has hung up."""


class _Stalled(Exception):
    """Whoever asked takes nothing."""


class Streamed(Response):
    """``parts`` as they come. Until the first of them is there, an error is an answer of its own.

    Later the connection is broken off in the middle of the body, so that nobody takes the part for the whole. ``parts`` is
    closed as soon as the client has hung up, or has taken nothing for ``STALL_S``.
    """

    def __init__(self, parts: AsyncGenerator[bytes, None], media_type: str) -> None:
        self._parts = parts
        self.status_code, self.media_type, self.background = 200, media_type, None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: Problem | None = None
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(_until_gone(receive), name="streamed: watch")
                refusal = await self._send_all(send)
                watching.cancel()
        except* _Gone:
            pass
        if refusal is not None:
            await refused_as(refusal, scope)(scope, receive, send)

    async def _send_all(self, send: Send) -> Problem | None:
        """What is wrong, if that is known before anything was sent."""
        begun = False
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        try:
            async with aclosing(self._parts) as parts:
                async for part in parts:
                    if not begun:
                        begun = True
                        await send(start)
                    await _taken(send, part, more=True)
            if not begun:
                await send(start)
            await _taken(send, b"", more=False)
        except HayakuchiError as error:
            if not begun:
                return problem_of(error)
            log.warning("an answer was broken off: %s", error)
        except _Stalled:
            log.warning("an answer was broken off: the client took nothing of it for %g s", STALL_S)
        return None


async def _taken(send: Send, part: bytes, *, more: bool) -> None:
    try:
        async with asyncio.timeout(STALL_S):
            await send({"type": "http.response.body", "body": part, "more_body": more})
    except TimeoutError:
        raise _Stalled from None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise _Gone
