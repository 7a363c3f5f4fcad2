"""The quick reply: a small model reacts in one to three words while the large one thinks, and the two become one reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Final

from ..core.errors import AllProvidersFailed, Category, ProviderError
from ..core.types import Finish, Generation, LLMDelta, Message, Opener, ProviderFailure, TextDelta, ToolCallDelta
from ..llm import LLM, Answerer
from .joiner import Joiner
from .lead_in import LeadIn
from .opener import OpenerReader
from .streams import Ended, Streams

log = logging.getLogger(__name__)

QUICK: Final = "quick_llm"
"""What the quick reply is called in errors: its section in conf.yaml."""


async def duet(
    llm: Answerer,
    ask: Callable[[str], Sequence[Message]],
    words: AsyncGenerator[LLMDelta, None],
    language: str,
    options: Generation | None = None,
) -> AsyncGenerator[LLMDelta, None]:
    """The reply of ``llm``, begun by the opener of ``words`` if that comes first.

    ``ask`` makes the messages for the large model from what was already said, ``""`` at first; ``options`` are for it. Both
    models are asked at once. The opener counts if it comes before the first word of the large model's text; then the large
    model is asked once more, this time knowing the opener, and its first request is closed. That costs the prompt twice, and
    lets the second answer take as long from the opener on as the first one would have taken from the start. If the large model
    is first, the small one's stream is closed and nothing of it is heard. A small model that fails is told as a
    ProviderFailure and changes nothing.

    Errors of the large model pass through. Closing this closes every stream at once.
    """
    async with Streams[LLMDelta]() as streams:
        small = streams.read(words, "quick reply")
        large = streams.read(_stream(llm, ask(""), options), "reply")
        way: _Alone | Joiner = _Alone()
        while True:
            reading, item = await streams.next()
            if reading is small:
                if isinstance(item, Opener):
                    again = _stream(llm, ask(item.text), options)
                    large = streams.read(again, "reply after the opener", instead_of=large)
                    way = Joiner(item.text, language)
                    yield item
                elif isinstance(item, ProviderFailure):
                    yield item
                elif isinstance(item, Ended) and (failure := _failure(item.error)):
                    yield failure
            elif isinstance(item, Ended):
                small.stop()
                if rest := way.flush():
                    yield TextDelta(rest)
                if item.error is not None:
                    raise item.error
                return
            elif isinstance(item, TextDelta):
                if text := way.feed(item.text):
                    small.stop()
                    yield TextDelta(text)
            elif isinstance(item, Finish | ToolCallDelta):
                small.stop()
                if rest := way.flush():
                    yield TextDelta(rest)
                yield item
            else:
                yield item


async def quick_words(
    model: LLM, messages: Sequence[Message], reader: OpenerReader, limit_ms: float
) -> AsyncGenerator[LLMDelta, None]:
    """An Opener, or nothing when the model says nothing fit for one; before it the failures that its chain tells of.

    The model's stream is closed as soon as that is clear. Raises ProviderError (TIMEOUT) when it is not after ``limit_ms``.
    """
    until = asyncio.get_running_loop().time() + limit_ms / 1000
    async with aclosing(_stream(model, messages)) as deltas:
        while not reader.done:
            try:
                async with asyncio.timeout_at(until):
                    delta = await anext(deltas)
            except StopAsyncIteration:
                reader.finish()
            except TimeoutError:
                message = f"no quick reply within {limit_ms:g} ms; take a smaller model, or raise quick_timeout_ms"
                raise ProviderError("llm", QUICK, Category.TIMEOUT, message) from None
            else:
                if isinstance(delta, TextDelta):
                    reader.feed(delta.text)
                elif isinstance(delta, ProviderFailure):
                    yield delta
        if reader.opener is not None:
            yield Opener(reader.opener)


class _Alone:
    """Text of the large model while the small one may still be first: held up to its first word, then passed on as it is."""

    def __init__(self) -> None:
        self._lead = LeadIn()
        self._held = ""

    def feed(self, text: str) -> str:
        if self._lead.rest is not None:
            return text
        self._held += text
        return self.flush() if self._lead.begins(text) else ""

    def flush(self) -> str:
        held, self._held = self._held, ""
        return held


def _failure(error: Exception | None) -> ProviderFailure | None:
    """What to tell of a quick reply that failed; a chain has told of its models itself."""
    if error is None or isinstance(error, AllProvidersFailed):
        return None
    if isinstance(error, ProviderError):
        return ProviderFailure(error, None)
    log.error("the quick reply broke", exc_info=error)
    message = "the quick reply broke; the log has the details"
    return ProviderFailure(ProviderError("llm", QUICK, Category.CRASHED, message), None)


def _stream(model: Answerer, messages: Sequence[Message], options: Generation | None = None) -> Any:
    return model.stream(messages, options)
