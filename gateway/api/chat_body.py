"""The body of a chat completion, as OpenAI's clients send it. Unknown fields do not matter; known ones are checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from ...core.types import Generation, Image, Message, ToolCall
from ..chat.request import ChatRequest
from .pictures import EXPECTED, is_picture

SESSION = r"^[A-Za-z0-9_-]{1,64}$"
LONGEST_TEXT = 10_000_000

SessionId = Annotated[str, StringConstraints(pattern=SESSION)]


class Body(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TextPart(Body):
    """Words."""

    type: Literal["text"]
    text: str = Field(max_length=LONGEST_TEXT)


class ImageUrl(Body):
    """Where a picture is."""

    url: str = Field(description="A data: URL, or an https: one, which the model's server fetches")
    detail: Literal["auto", "low", "high"] | None = None

    @field_validator("url")
    @classmethod
    def _fetchable(cls, url: str) -> str:
        if not is_picture(url):
            raise ValueError(EXPECTED)
        return url


class ImagePart(Body):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageUrl


class Function(Body):
    """Which function is to be called, and with what."""

    name: str = Field(max_length=200)
    arguments: str = Field(default="", max_length=LONGEST_TEXT, description="JSON")


class Call(Body):
    """A call that the assistant asked for."""

    id: str = Field(max_length=200)
    type: Literal["function"] = "function"
    function: Function


class ChatMessage(Body):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]] | None = Field(
        default=None, description="Text, or parts: text and image_url"
    )
    name: str | None = Field(default=None, max_length=200, description="Of a user: who speaks; the character is told")
    tool_calls: list[Call] | None = Field(default=None, max_length=128, description="Of an assistant's message")
    tool_call_id: str | None = Field(default=None, max_length=200, description="Of a tool's message")

    def message(self) -> Message:
        """As models take it."""
        parts = self.content if isinstance(self.content, list) else []
        texts = [part.text for part in parts if isinstance(part, TextPart)]
        return Message(
            "system" if self.role == "developer" else self.role,
            self.content if isinstance(self.content, str) else "\n".join(texts),
            self.name if self.role == "user" else None,
            tuple(Image(part.image_url.url, part.image_url.detail) for part in parts if isinstance(part, ImagePart)),
            tuple(ToolCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()),
            self.tool_call_id,
        )


class ToolFunction(Body):
    """A function that the model may ask its caller to call."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")
    description: str | None = None
    parameters: dict[str, Any] | None = Field(default=None, description="JSON Schema of its arguments")


class Tool(Body):
    """As in OpenAI's API."""

    type: Literal["function"]
    function: ToolFunction


class StreamOptions(Body):
    """What a stream is to hold beside the reply."""

    include_usage: bool | None = Field(default=None, description="A last chunk with the tokens")


class Sampling(Body):
    """How the model is to write. What is left out is as the model's settings say."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Longest reply; the server has a limit"
    )
    stop: str | Annotated[list[str], Field(max_length=16)] | None = Field(default=None, description="Ends the reply")
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    n: int | None = Field(default=None, ge=1, le=128, description="Only 1")

    @field_validator("n")
    @classmethod
    def _one(cls, n: int | None) -> int | None:
        if n not in (None, 1):
            raise ValueError("only one reply is made per request: leave n out, and ask again for another")
        return n

    @property
    def stops(self) -> tuple[str, ...]:
        """What ends the reply."""
        given = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return tuple(stop for stop in given if stop)


class ChatBody(Sampling):
    """A chat completion is asked for."""

    model: str = Field(default="", max_length=200, description="A character or a raw model; empty: who is on stage")
    messages: list[ChatMessage] = Field(min_length=1, max_length=2000)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1, le=1_000_000, description="The same as max_tokens")
    tools: list[Tool] | None = Field(default=None, max_length=128)
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    session_id: SessionId | None = Field(
        default=None, description="The conversation that this belongs to: its history is used, and the exchange kept"
    )
    disable_quick_response: bool | None = Field(default=None, description="No quick first words before the reply")
    speak: bool | None = Field(default=None, description="With session_id: the avatar on stage says the reply")

    @model_validator(mode="after")
    def _speaks_in_a_session(self) -> Self:
        if self.speak and self.session_id is None:
            raise ValueError("speak needs a session_id: the conversation whose avatar is to speak")
        return self

    def request(self) -> ChatRequest:
        """What the service is asked."""
        return ChatRequest(
            self.model,
            tuple(message.message() for message in self.messages),
            self.generation(),
            self.session_id,
            disable_quick_response=bool(self.disable_quick_response),
            whole_reply=not self.stream,
            speak=bool(self.speak),
        )

    def generation(self) -> Generation:
        """How the model is to reply."""
        limits = [limit for limit in (self.max_tokens, self.max_completion_tokens) if limit is not None]
        return Generation(
            self.temperature,
            self.top_p,
            min(limits, default=None),
            self.stops,
            self.seed,
            self.presence_penalty,
            self.frequency_penalty,
            tuple(tool.model_dump(exclude_none=True) for tool in self.tools or ()),
            self.tool_choice,
            self.parallel_tool_calls,
            self.response_format,
        )
