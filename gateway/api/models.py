"""``GET /v1/models``: the characters and the raw models."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...orchestrator.gateway_settings import Scope
from .answering import chat_of
from .chat_body import Body
from .endpoint import Answer, Endpoint, Parameter

CREATED = 1_790_000_000
"""OpenAI's clients expect a time; a character's means nothing, so it is the same for all."""


class Model(Body):
    """What `model` may say."""

    id: str
    object: str = "model"
    created: int = CREATED
    owned_by: str = Field(description="`hayakuchi` for characters, the provider's name for raw models")


class Models(Body):
    """All of them, the character on stage first."""

    object: str = "list"
    data: list[Model]


async def list_models(request: Request) -> Response:
    """All models."""
    found = await chat_of(request).service.models.listed()
    return JSONResponse({"object": "list", "data": [_model(name, owner) for name, owner in found.items()]})


async def one_model(request: Request) -> Response:
    """One model, by its id or by a character's name."""
    models = chat_of(request).service.models
    mind = await models.find(request.path_params["model"])
    return JSONResponse(_model(mind.id, (await models.listed()).get(mind.id, "hayakuchi")))


def _model(name: str, owner: str) -> dict[str, Any]:
    return Model(id=name, owned_by=owner).model_dump()


_EXAMPLE = {"id": "kiyo", "object": "model", "created": CREATED, "owned_by": "hayakuchi"}
ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/models",
        Scope.CHAT,
        "Who may be asked",
        list_models,
        description="Characters, the one on stage first, then the raw models of conf.yaml.",
        tag="Models",
        answers={200: Answer("The models", Models, example={"object": "list", "data": [_EXAMPLE]})},
        aliases=("/models",),
    ),
    Endpoint(
        "GET",
        "/v1/models/{model:path}",
        Scope.CHAT,
        "One of them",
        one_model,
        tag="Models",
        parameters=(Parameter("model", "path", "Its id", required=True, example="default"),),
        answers={200: Answer("The model", Model, example=_EXAMPLE), 404: Answer("No such model")},
        aliases=("/models/{model:path}",),
    ),
)
