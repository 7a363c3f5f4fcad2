"""``/sessions`` and ``/chat/history``: a caller's conversations, and what was said in them."""

from __future__ import annotations

from ...orchestrator.gateway_settings import Scope
from .answers import DeletedSession, RolledBack, SessionHistory, SessionList, SessionSummary
from .endpoint import Answer, Endpoint, Parameter
from .session_handlers import (
    MOST,
    NewSession,
    Rollback,
    Selection,
    Title,
    deleted,
    history,
    listed,
    made,
    renamed,
    rolled_back,
    selected,
)

_SESSION = Parameter(
    "session",
    "path",
    "Name of the conversation; the studio's is `main`",
    {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    required=True,
    example="main",
)
_LIMIT = Parameter(
    "limit", "query", "At most so many", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50}
)
_SUMMARY = {
    "id": "0a6c5b1e5a0f4e7f9a6b1c2d3e4f5061",
    "object": "session",
    "title": "Tell me a story",
    "character": "Kiyo",
    "created_at": 1763740800.25,
    "updated_at": 1763740860.5,
    "messages": 2,
}
_MESSAGE = {
    "id": 12,
    "role": "user",
    "content": "Tell me a story",
    "viewer": None,
    "siblings": [8, 12],
    "parent": None,
    "status": None,
    "created_at": 1763740860.5,
}
_HISTORY = {"id": _SUMMARY["id"], "object": "session.history", "messages": [_MESSAGE], "next": None}
_MISSING = Answer("There is no such conversation of yours, or no such message in it")
_QUERY = Answer("The query is not what is expected; `param` names the parameter")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/sessions",
        Scope.CHAT,
        "List your conversations",
        listed,
        "The one that was used last comes first. `next`, where it is not null, is the `before` of the next page.",
        "Sessions",
        parameters=(
            _LIMIT,
            Parameter("before", "query", "Only those used before this time, `next` of an answer", {"type": "number"}),
        ),
        answers={
            200: Answer("The conversations", SessionList, example={"object": "list", "data": [_SUMMARY], "next": None}),
            422: _QUERY,
        },
    ),
    Endpoint(
        "POST",
        "/sessions",
        Scope.CHAT,
        "Begin a conversation",
        made,
        "Its name, `id`, cannot be guessed. Naming a conversation that is not there, in a chat request or on the stage, "
        "begins it, too.",
        "Sessions",
        body=NewSession,
        examples={"untitled": {}, "titled": {"title": "Stories"}},
        answers={201: Answer("The conversation", SessionSummary, example={**_SUMMARY, "messages": 0})},
    ),
    Endpoint(
        "PATCH",
        "/sessions/{session}",
        Scope.CHAT,
        "Rename a conversation",
        renamed,
        tag="Sessions",
        body=Title,
        examples={"renamed": {"title": "Stories for the night"}},
        parameters=(_SESSION,),
        answers={200: Answer("The conversation", SessionSummary, example=_SUMMARY), 404: _MISSING},
    ),
    Endpoint(
        "GET",
        "/chat/history/{session}",
        Scope.CHAT,
        "Read what was said",
        history,
        "Oldest first, as it was heard: of a reply that was interrupted the part that had been spoken. `siblings` are the "
        "messages that were said in the same place, after an edit or a rollback. `next`, where it is not null, is the `before` "
        "of the page with what was said earlier.",
        "Sessions",
        parameters=(
            _SESSION,
            _LIMIT,
            Parameter(
                "before",
                "query",
                "Only what was said before the message with this `id`",
                {"type": "integer", "minimum": 1},
            ),
        ),
        answers={200: Answer("The messages", SessionHistory, example=_HISTORY), 404: _MISSING, 422: _QUERY},
    ),
    Endpoint(
        "DELETE",
        "/chat/history/{session}",
        Scope.CHAT,
        "Delete a conversation",
        deleted,
        "For good, with all its branches. On a stage that shows it another one begins.",
        "Sessions",
        parameters=(_SESSION,),
        answers={
            200: Answer("It is gone", DeletedSession, example={"id": "main", "object": "session", "deleted": True}),
            404: _MISSING,
        },
    ),
    Endpoint(
        "POST",
        "/chat/history/{session}/rollback",
        Scope.CHAT,
        "Take back the newest messages",
        rolled_back,
        "They are not deleted: they are a branch beside what is said next, and `select` goes back to it.",
        "Sessions",
        body=Rollback,
        examples={"last exchange": {"count": 2}},
        parameters=(_SESSION,),
        answers={
            200: Answer("How many went, and what is left", RolledBack, example={"removed": 2, **_HISTORY}),
            404: _MISSING,
        },
    ),
    Endpoint(
        "POST",
        "/chat/history/{session}/select",
        Scope.CHAT,
        "Go to another branch",
        selected,
        "The history is then the one that ends with the newest message below the one named.",
        "Sessions",
        body=Selection,
        examples={"first version": {"message": 8}},
        parameters=(_SESSION,),
        answers={200: Answer("What was said on that branch", SessionHistory, example=_HISTORY), 404: _MISSING},
    ),
)
