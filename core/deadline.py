"""Reading a provider's stream without ever waiting for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar

from .errors import Category, ProviderError
from .provider import Deadlines

T = TypeVar("T")


async def within(
    stream: AsyncIterator[T], deadlines: Deadlines, *, kind: str, provider: str
) -> AsyncGenerator[T, None]:
    """Pass on a stream's items; ProviderError(TIMEOUT) when one does not come in time.

    Only the stream's own silence counts: a slow reader breaks no deadline. Leaving early closes the stream.
    """
    closing: Any = stream
    async with aclosing(closing):
        limit_s, what = deadlines.first_s, "no first answer"
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    item = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise ProviderError(kind, provider, Category.TIMEOUT, f"{what} within {limit_s:g} s") from None
            yield item
            limit_s, what = deadlines.next_s, "the answer stopped, nothing more came"
