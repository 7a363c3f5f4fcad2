"""A reply for which tools are called: the model's words pass through, what it calls is called, and it goes on with the results.

    model ─ words ──────────────────────────────────────────► said
          ─ calls ─► tools, at the same time ─► results ─► the model again, a bounded number of times

Nothing of a call is ever text of the reply. A call that fails ends nothing: the model is told why.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..core.errors import Category, ProviderError
from ..core.tool_use import ToolStatus, ToolUse
from ..core.types import (
    Finish,
    Generation,
    LLMDelta,
    Message,
    Opener,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from ..llm import LLM, Answerer
from ..llm.calls import Calls
from .offering import Offering, in_words
from .streams import Ended, Streams
from .tools import Tool, ToolError, tool_name

AT_ONCE: Final = 8
"""Calls of one answer that are made; more are refused."""
TOLD: Final = 10
"""Calls of one answer that anything is told of; of more the model is told the number."""
NOTHING: Final = "(no result)"
ONLY_CALLS: Final = "went on calling tools when it had to answer; raise max_tool_rounds, or take a larger model"
SHOWN: Final = 200
"""Characters of arguments that the model is shown when they are no object."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolLimits:
    rounds: int = 5
    """How often the model may call before it has to answer."""
    result_chars: int = 8_000
    """Of a result that the model is shown, and of what is told of a call."""


async def using_tools(
    llm: LLM,
    messages: Sequence[Message],
    stream: AsyncGenerator[LLMDelta, None],
    options: Generation | None,
    tools: Sequence[Tool],
    limits: ToolLimits,
) -> AsyncGenerator[LLMDelta, None]:
    """The reply that ``stream`` begins: what the model was asked with ``messages``, and with the tools offered.

    ``options`` are for what it is asked later on. A ToolUse tells of each call: RUNNING of all calls of an answer before the
    first is made, then, as they end, COMPLETED or ERROR. Usage counts all that was asked so far. Closing this closes the
    model's stream and gives up the calls.

    Raises ProviderError, besides the model's own, where it only calls when it has to answer, even if nothing can be called.
    """
    known = {tool.name: tool for tool in tools}
    messages, used, usage = list(messages), set[str](), Usage(0, 0)
    for left in range(limits.rounds, -2, -1):
        answer = _Answer()
        async with aclosing(stream):
            async for delta in stream:
                if isinstance(delta, Usage):
                    prompt = usage.prompt_tokens + delta.prompt_tokens
                    yield (usage := Usage(prompt, usage.completion_tokens + delta.completion_tokens))
                elif (passed := answer.take(delta)) is not None:
                    yield passed
        called = answer.calls.joined
        if not called or (left <= 0 and answer.text.strip()):
            if answer.finish is not None and not called:
                yield answer.finish
            return
        if left < 0:
            raise ProviderError("llm", llm.name, Category.BAD_OUTPUT, ONLY_CALLS)
        if left == 0:
            # Some servers do not heed that nothing is to be called.
            once_more: Any = llm.stream(in_words(messages), options)
            stream = once_more
            continue
        if answer.text and not answer.text[-1].isspace():
            yield TextDelta(_gap(options))  # what was said is whole, and is spoken while the tools work
        calls, left_out = _with_own_ids(called[:TOLD], used), len(called) - TOLD
        for call in calls:
            yield ToolUse(call.id, call.name, ToolStatus.RUNNING, bounded_text(call.arguments, limits.result_chars))
        results: dict[str, str] = {}
        async with aclosing(_called(calls, known, limits)) as uses:
            async for use in uses:
                results[use.id] = use.content if use.status is ToolStatus.COMPLETED else f"error: {use.content}"
                yield use
        if left_out > 0:
            results[calls[-1].id] += f"\n({left_out} more calls of this answer were not made, either)"
        messages.append(Message("assistant", answer.text, tool_calls=tuple(map(_as_replayed, calls))))
        messages += [Message("tool", results[call.id], tool_call_id=call.id) for call in calls]
        more: Answerer = Offering(llm, tools, choice=None if left > 1 else "none")
        again: Any = more.stream(messages, options)
        stream = again


def _gap(options: Generation | None) -> str:
    """What parts words before a call from those after it, and is no part of what ends the reply."""
    stops = options.stop if options is not None else ()
    return next((gap for gap in ("\n", " ") if not any(gap in stop for stop in stops)), "")


@dataclass(slots=True)
class _Answer:
    """What a model has given of one answer."""

    calls: Calls = field(default_factory=Calls)
    finish: Finish | None = None
    text: str = ""

    def take(self, delta: LLMDelta) -> LLMDelta | None:
        """What is passed on of it."""
        if isinstance(delta, ToolCallDelta):
            self.calls.add(delta)
            return None
        if isinstance(delta, Finish):
            self.finish = delta
            return None
        if isinstance(delta, TextDelta | Opener):
            self.text += delta.text
        return delta


async def _called(
    calls: Sequence[ToolCall], known: Mapping[str, Tool], limits: ToolLimits
) -> AsyncGenerator[ToolUse, None]:
    """How each call ended, in the order in which they do."""
    async with Streams[ToolUse]() as streams:
        running = {
            streams.read(_outcome(call, index, known, limits), f"tool {call.name}"): call
            for index, call in enumerate(calls)
        }
        while running:
            reading, item = await streams.next()
            if isinstance(item, ToolUse):
                del running[reading]
                yield item
            elif isinstance(item, Ended) and (broken := running.pop(reading, None)) is not None:
                log.error("the tool %s broke", broken.name, exc_info=item.error)
                yield ToolUse(broken.id, broken.name, ToolStatus.ERROR, "the tool broke")


async def _outcome(
    call: ToolCall, index: int, known: Mapping[str, Tool], limits: ToolLimits
) -> AsyncGenerator[ToolUse, None]:
    try:
        if index >= AT_ONCE:
            raise ToolError(f"too many calls at once: {AT_ONCE} at most")
        result = await _result(call, known)
        content, status = bounded_text(result, limits.result_chars).strip() or NOTHING, ToolStatus.COMPLETED
    except ToolError as error:
        content, status = bounded_text(str(error), limits.result_chars), ToolStatus.ERROR
    yield ToolUse(call.id, call.name, status, content)


async def _result(call: ToolCall, known: Mapping[str, Tool]) -> str:
    tool = known.get(call.name)
    if tool is None:
        raise ToolError(f"there is no tool {call.name[:100]!r}; there are: {', '.join(known)}")
    arguments = _arguments(call.arguments)
    limit = asyncio.timeout(tool.timeout_s)
    try:
        async with limit:
            return await tool.call(arguments)
    except TimeoutError:
        if not limit.expired():
            raise
        raise ToolError(f"no result within {tool.timeout_s:g} s") from None


def _arguments(text: str) -> Mapping[str, Any]:
    """What a model wrote as arguments; nothing at all is a call without any."""
    try:
        arguments = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise ToolError(f"the arguments are no JSON: {error}; they were {text[:SHOWN]!r}") from None
    if not isinstance(arguments, dict):
        raise ToolError(f"the arguments are no JSON object; they were {text[:SHOWN]!r}")
    return arguments


def _as_replayed(call: ToolCall) -> ToolCall:
    """The call as servers read it again: many refuse a conversation with arguments that are no object, or with such names as
    models make up."""
    try:
        arguments = json.dumps(_arguments(call.arguments), ensure_ascii=False)
    except ToolError:
        arguments = "{}"
    return replace(call, name=tool_name(call.name), arguments=arguments)


def _with_own_ids(calls: Sequence[ToolCall], used: set[str]) -> tuple[ToolCall, ...]:
    """The calls with ids that no other call of the reply has, so that results and what is told can name them."""
    own: list[ToolCall] = []
    for call in calls:
        id, number = call.id, 1
        while id in used:
            number += 1
            id = f"{call.id}_{number}"
        used.add(id)
        own.append(replace(call, id=id))
    return tuple(own)


def bounded_text(text: str, most: int) -> str:
    """A text of at most so many characters, in UTF-8, which says so where something was left out."""
    text = text.encode(errors="replace").decode()
    if len(text) <= most:
        return text
    return f"{text[:most]}\n({len(text) - most} more characters were left out)"
