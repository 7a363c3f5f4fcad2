"""Calls that anybody may make, without a key: health and reflection. Those that last are counted, so that they leave room."""

from __future__ import annotations

from typing import Any

import grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha._async import ReflectionServicer

MOST = 64
"""Such calls at a time, of all callers."""


class Crowd:
    """How many there are."""

    def __init__(self) -> None:
        self._there = 0

    async def enter(self, context: Any) -> None:
        """One more; :meth:`leave` when it has gone. Ends the call where there are too many."""
        if self._there >= MOST:
            message = f"{MOST} calls of this kind are open, which is the limit"
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, message)
        self._there += 1

    def leave(self) -> None:
        self._there -= 1


class Health(HealthServicer):
    """Watches are counted, looks are not."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__()
        self._crowd = crowd

    async def Watch(self, request: Any, context: Any) -> None:
        await self._crowd.enter(context)
        try:
            await super().Watch(request, context)
        finally:
            self._crowd.leave()


class Reflection(ReflectionServicer):
    """What the server offers."""

    def __init__(self, names: list[str], crowd: Crowd) -> None:
        super().__init__(names)
        self._crowd = crowd

    async def ServerReflectionInfo(self, request_iterator: Any, unused_context: Any) -> Any:
        await self._crowd.enter(unused_context)
        try:
            answers: Any = super().ServerReflectionInfo(request_iterator, unused_context)
            async for answer in answers:
                yield answer
        finally:
            self._crowd.leave()
