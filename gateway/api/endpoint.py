"""An endpoint, told once: its route, who may call it, and all that its documentation says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from ...orchestrator.gateway_settings import Scope

Handler = Callable[[Request], Awaitable[Response]]
Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint may answer with. Errors of :data:`COMMON` and :data:`OF_BODIES` need not be told.

    Without a ``model`` an error is :class:`ErrorAnswer`, and anything else may be whatever its type holds.
    """

    description: str
    model: type[BaseModel] | None = None
    content_type: str = "application/json"
    example: Any = None
    further: Mapping[str, str] = field(default_factory=dict)
    """Further content types, and what they hold."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the path, the query or a header."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    example: Any = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``handler`` raises HayakuchiError for what goes wrong: a :class:`Problem`, or what ``problem_of`` makes one of."""

    method: Method
    path: str
    """As Starlette writes it: ``/v1/models/{model:path}``."""
    scope: Scope | None
    """None: open to all."""
    summary: str
    handler: Handler
    description: str = ""
    tag: str = "Chat"
    body: type[BaseModel] | None = None
    body_type: str = "application/json"
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Bodies by name; each is sent by a test."""
    parameters: tuple[Parameter, ...] = ()
    answers: Mapping[int, Answer] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    """Further paths, which the documentation names but does not repeat."""


COMMON: Mapping[int, str] = {
    401: "No key, or one that is not known, has ended or was revoked",
    403: "The key does not allow this, or the Host or Origin is not one of this server's",
    429: "The caller's limit is reached; `Retry-After` says when to come back",
    503: "The server is full, is about to end, or no model answers; `Retry-After` says when to come back",
}
"""What any endpoint may answer."""
OF_BODIES: Mapping[int, str] = {
    408: "The body came too slowly",
    413: "The body, or the prompt, is too long",
    422: "The body is not what is expected; `param` names the field",
}
"""What those with a body may answer, too."""


class Mistake(BaseModel):
    """What went wrong."""

    message: str = Field(description="For people: what is wrong, and what to do where that is known")
    type: str = Field(description="As OpenAI's clients know it: `invalid_request_error`, `rate_limit_error` …")
    code: str = Field(description="For programs: a word that stays")
    param: str | None = Field(description="The field, where it is one")


class ErrorAnswer(BaseModel):
    """Every error has this form."""

    error: Mistake
