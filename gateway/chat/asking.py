"""How a character or a raw model is asked, and what of its answer is given out."""

from __future__ import annotations

from typing import Any

from ...agents.memory import bounded
from ...core.deadline import within
from ...core.types import Message, UserInput
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
    does so itself, and may be silent for longer while it calls a tool."""
    wanted = request.generation
    if isinstance(mind, RawModel):
        visible = ReplyText(stop=wanted.stop, max_tokens=wanted.max_tokens)
        raw: Any = mind.llm.stream(_raw(request, prompt), wanted)
        stream: Any = within(raw, mind.llm.deadlines, kind="llm", provider=mind.id)
    else:
        visible = ReplyText(expressions=mind.expressions, stop=wanted.stop, max_tokens=wanted.max_tokens)
        stream = mind.agent.reply(heard_of(request, prompt), prompt.history)
    figures = doors.figures
    raw_model = isinstance(mind, RawModel)
    reply = Reply(visible, thoughts=raw_model, failed=figures.provider_failed, called=figures.tool_call)
    return reply, stream


def _raw(request: ChatRequest, prompt: Prompt) -> list[Message]:
    if request.session is None:
        return list(request.messages)
    system = [Message("system", prompt.instructions)] if prompt.instructions else []
    history = bounded(prompt.history, MAX_HISTORY, MAX_HISTORY_CHARS)
    return [*system, *history, *([prompt.heard] if prompt.heard else [])]
