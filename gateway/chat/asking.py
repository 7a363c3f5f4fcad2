"""How a character or a raw model is asked, and what of its answer is given out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...agents.basic_memory import BasicMemoryAgent
from ...agents.memory import bounded
from ...core.deadline import within
from ...core.provider import Deadlines
from ...core.types import Message, UserInput
from ...orchestrator.cast import Part
from ..doors import Doors
from .models import Mind, RawModel
from .prompt import Prompt
from .reply import Reply
from .reply_text import ReplyText
from .request import ChatRequest

MAX_HISTORY = 20
"""Messages of a conversation that a raw model sees; a character's agent has a setting for it."""
MAX_HISTORY_CHARS = 12_000


def heard_of(request: ChatRequest, prompt: Prompt) -> UserInput:
    """What was said, as a character's agent takes it; with no words where the reply goes on from the history."""
    said = prompt.heard or Message("user", "")
    return UserInput(
        said.content,
        said.viewer or request.user,
        whole_reply=request.whole_reply,
        disable_quick_response=request.disable_quick_response,
        images=said.images,
        generation=request.generation,
        instructions=prompt.instructions,
    )


def asked(doors: Doors, request: ChatRequest, mind: Mind, prompt: Prompt) -> tuple[Reply, Any]:
    """An empty reply, and the stream of deltas that it is to be made of. The stream keeps the model's deadlines; a character's
    may be silent for longer while it calls a tool."""
    wanted, figures = request.generation, doors.figures
    raw_model = isinstance(mind, RawModel)
    if raw_model:
        visible = ReplyText(stop=wanted.stop, max_tokens=wanted.max_tokens)
        raw: Any = mind.llm.stream(_raw(request, prompt), wanted)
        stream: Any = within(raw, mind.llm.deadlines, kind="llm", provider=mind.id)
    else:
        visible = ReplyText(expressions=mind.expressions, stop=wanted.stop, max_tokens=wanted.max_tokens)
        stream = _answered(mind, heard_of(request, prompt), prompt.history)
    reply = Reply(visible, thoughts=raw_model, failed=figures.provider_failed, called=figures.tool_call)
    return reply, stream


def _answered(mind: Part, heard: UserInput, history: Sequence[Message]) -> Any:
    """A character's reply. Our own agent's models keep their deadlines, and its tools theirs, while what it gives out may pause
    for as long as a model writes a call; an agent that others wrote may be silent for as long as its model and a tool may."""
    stream: Any = mind.agent.reply(heard, history)
    if isinstance(mind.agent, BasicMemoryAgent):
        return stream
    tool_s = max((tool.timeout_s for tool in mind.tools.tools), default=0.0) if mind.tools is not None else 0.0
    limits = Deadlines(mind.llm.deadlines.first_s + tool_s, mind.llm.deadlines.next_s + tool_s)
    return within(stream, limits, kind="agent", provider=mind.id)


def _raw(request: ChatRequest, prompt: Prompt) -> list[Message]:
    if request.session is None:
        return list(request.messages)
    system = [Message("system", prompt.instructions)] if prompt.instructions else []
    history = bounded(prompt.history, MAX_HISTORY, MAX_HISTORY_CHARS)
    return [*system, *history, *([prompt.heard] if prompt.heard else [])]
