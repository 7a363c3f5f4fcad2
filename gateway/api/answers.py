"""What is answered, told for the documentation; what answers are made by is beside the endpoints."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from .chat_body import Call

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
Time = Field(description="Unix time, s")


class TokenUsage(BaseModel):
    """Tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    estimated: bool = Field(default=False, description="Nobody counted them: it is a guess")


class AnswerMessage(BaseModel):
    """The reply."""

    role: Literal["assistant"]
    content: str | None = Field(description="null where there are only calls of tools")
    refusal: None = None
    reasoning_content: str | None = Field(default=None, description="What the model thought, where it shows that")
    tool_calls: list[Call] | None = None


class ChatChoice(BaseModel):
    """There is one."""

    index: int
    message: AnswerMessage
    logprobs: None = None
    finish_reason: FinishReason


class ChatCompletion(BaseModel):
    """A whole reply."""

    id: str
    object: Literal["chat.completion"]
    created: int = Time
    model: str = Field(description="Who answered")
    session_id: str | None = Field(default=None, description="The conversation, where one was named")
    message_ids: list[int | None] | None = Field(
        default=None, description="Of what was said and of the reply, where they are kept in a conversation"
    )
    choices: list[ChatChoice]
    usage: TokenUsage


class TextChoice(BaseModel):
    """One for each prompt."""

    index: int
    text: str
    logprobs: None = None
    finish_reason: FinishReason


class TextCompletion(BaseModel):
    """Whole completions."""

    id: str
    object: Literal["text_completion"]
    created: int = Time
    model: str
    choices: list[TextChoice]
    usage: TokenUsage


class Embedding(BaseModel):
    """A vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str = Field(description="Numbers; with `base64` 32-bit floats, little-endian")


class EmbeddingUsage(BaseModel):
    """Tokens."""

    prompt_tokens: int
    total_tokens: int
    estimated: bool = Field(default=False, description="Nobody counted them: it is a guess")


class EmbeddingList(BaseModel):
    """Vectors, in the order of the texts."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage


class SessionSummary(BaseModel):
    """A conversation."""

    id: str = Field(description="Its name")
    object: Literal["session"]
    title: str
    character: str = Field(description="Who answered in it last")
    created_at: float = Time
    updated_at: float = Time
    messages: int = Field(description="How many there are, without those of other branches")


class SessionList(BaseModel):
    """Conversations, the one that was used last first."""

    object: Literal["list"]
    data: list[SessionSummary]
    next: float | None = Field(description="`before` of the next page; null: there is none")


class HistoryEntry(BaseModel):
    """A message, as it was heard."""

    id: int | None
    role: str
    content: str
    viewer: str | None = Field(description="Who said it, of a user's message")
    siblings: list[int] = Field(description="What was said in the same place, itself included, oldest first")
    parent: int | None = Field(description="What was said before it")
    status: str | None = Field(description="Of a reply: whether it was completed or interrupted")
    created_at: float = Time


class SessionHistory(BaseModel):
    """What was said, oldest first."""

    id: str = Field(description="Name of the conversation")
    object: Literal["session.history"]
    messages: list[HistoryEntry]
    next: int | None = Field(description="`before` of the page with what was said earlier; null: there is none")


class RolledBack(SessionHistory):
    """What is left."""

    removed: int = Field(description="How many messages went")


class DeletedSession(BaseModel):
    """It is gone."""

    id: str
    object: Literal["session"]
    deleted: Literal[True]


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Open(BaseModel):
    """The WebSocket would be accepted."""

    status: Literal["open"]


class Served(BaseModel):
    """Who answered last."""

    name: str
    seconds_ago: float


class Ready(BaseModel):
    """Whether a turn can be taken on, and by whom."""

    status: Literal["ready", "not ready"]
    reasons: list[str] = Field(description="Why not")
    answered: dict[str, Served | None] = Field(description="`llm` and `tts`: who answered of late")
    llm: str | None = Field(description="The model that answers next")
    tts: str | None = Field(description="The voice that speaks next")
    first_choice: dict[str, str] = Field(description="Whom conf.yaml puts first")
    demo: bool = Field(description="The built-in demo answers")
    problems: list[str] = Field(description="What is wrong with the others")
    not_kept: bool = Field(description="Conversations end with the server, because their file cannot be used")


class FiguresSummary(BaseModel):
    """How fast replies were, in seconds."""

    quick_response_mode: dict[str, Any]
    direct_mode: dict[str, Any]
    comparison: dict[str, float | None]
    text: dict[str, Any] = Field(description="The same of replies of the API: to their first text")
    phrase_cache: dict[str, Any] | None
    server: dict[str, Any] = Field(description="What goes on at the moment")
