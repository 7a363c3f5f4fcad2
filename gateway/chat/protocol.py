"""The messages of ``/chat/ws``, checked field by field. docs/chat-socket.md tells of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ...core.errors import HayakuchiError, ProtocolError
from ...core.types import Image, Message, TextDelta
from ...orchestrator.conversation import StoredMessage
from ..api.chat_body import ImageUrl
from ..api.problem import Problem
from ..api.serving import problem_of
from ..api.wire import usage_of
from ..stage.entries import entries
from .reply import ChatEvent, Done

MAX_TEXT = 60_000
MAX_IMAGES = 8


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Say(_Message):
    """Something is said; a reply that is running is stopped first."""

    type: Literal["say"]
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    viewer: str | None = Field(default=None, max_length=200)
    images: list[ImageUrl] = Field(default=[], max_length=MAX_IMAGES)
    disable_quick_response: bool = False
    speak: bool = False

    @property
    def message(self) -> Message:
        """As models take it."""
        return Message("user", self.text, self.viewer, tuple(Image(image.url, image.detail) for image in self.images))


class Edit(_Message):
    """Something else is said in place of an earlier message; None: of the last one."""

    type: Literal["edit"]
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    message: int | None = Field(default=None, ge=1)


class Regenerate(_Message):
    """Another reply is wanted to what this message says, or answers; None: the last one."""

    type: Literal["regenerate"]
    message: int | None = Field(default=None, ge=1)


class Stop(_Message):
    """The reply that is running is to end."""

    type: Literal["stop"]


ClientMessage = Say | Edit | Regenerate | Stop
_PARSED: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


def parse(text: str) -> ClientMessage:
    """Read a text frame. Raises ProtocolError with a text for the client."""
    try:
        return _PARSED.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ProtocolError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def opened(session: str, model: str, history: Sequence[StoredMessage]) -> str:
    """The first message."""
    return _text("session", session=session, model=model, messages=entries(history))


def changed(history: Sequence[StoredMessage]) -> str:
    """The history is another one."""
    return _text("history", messages=entries(history))


def event(reply: int, happened: ChatEvent) -> str | None:
    """What happens in a reply; None: nothing that is told."""
    match happened:
        case TextDelta(text):
            return _text("delta", reply=reply, text=text)
        case Done():
            return _text(
                "done",
                reply=reply,
                status="completed",
                finish_reason=str(happened.finish),
                message_ids=list(happened.message_ids),
                model=happened.model,
                usage=usage_of(happened),
            )
        case _:
            return None


def stopped(reply: int) -> str:
    """The reply was stopped; what was told of it is kept."""
    return _text("done", reply=reply, status="interrupted")


def error(mistake: HayakuchiError, reply: int | None = None) -> str:
    """What went wrong; with ``reply``: that reply is over."""
    if isinstance(mistake, ProtocolError):
        mistake = Problem(422, str(mistake), mistake.code)
    found = problem_of(mistake)
    told: dict[str, Any] = {"code": found.code, "message": str(found), "status": found.status}
    if reply is not None:
        told["reply"] = reply
    if found.retry_after_s is not None:
        told["retry_after_s"] = found.retry_after_s
    return _text("error", **told)


def _text(kind: str, **fields: Any) -> str:
    text = json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode()
