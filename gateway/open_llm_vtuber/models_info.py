"""``GET /live2d-models/info``: the models of the user's folder, for programs that let people choose one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...orchestrator.gateway_settings import Scope
from ..api.endpoint import Answer, Endpoint
from ..doors import doors_of
from .folder import UserFolder

BELOW = ("", "runtime/")
"""Where in its folder a model of that name lies."""
PORTRAITS = (".png", ".jpg", ".jpeg")


class ModelInfo(BaseModel):
    """A model; paths are relative to the server's address."""

    name: str
    avatar: str | None = Field(description="A picture of it, where there is one")
    model_path: str


class ModelsInfo(BaseModel):
    """All of them."""

    type: Literal["live2d-models/info"] = "live2d-models/info"
    count: int = Field(ge=0)
    characters: list[ModelInfo]


async def models_info(request: Request) -> Response:
    """Every folder with a model that is named as it is."""
    folder = doors_of(request).user_folder
    found = await asyncio.to_thread(lambda: list(_models(folder)))
    return JSONResponse(ModelsInfo(count=len(found), characters=found).model_dump())


def _models(folder: UserFolder) -> Iterator[ModelInfo]:
    for name in folder.model_folders():
        model = _first(folder, [f"{name}/{below}{name}.model3.json" for below in BELOW])
        if model is not None:
            portraits = [f"{name}/{below}{name}{suffix}" for below in BELOW for suffix in PORTRAITS]
            yield ModelInfo(name=name, avatar=_first(folder, portraits), model_path=model)


def _first(folder: UserFolder, paths: list[str]) -> str | None:
    """The first one that is there."""
    found = next((path for path in paths if folder.file("live2d-models", path)), None)
    return f"live2d-models/{found}" if found else None


_EXAMPLE = {
    "type": "live2d-models/info",
    "count": 1,
    "characters": [
        {
            "name": "mao",
            "avatar": "live2d-models/mao/mao.png",
            "model_path": "live2d-models/mao/mao.model3.json",
        }
    ],
}
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/live2d-models/info",
        Scope.SPEAK,
        "Which Live2D models are there?",
        models_info,
        description="Those of the Open-LLM-VTuber folder (docs/open-llm-vtuber.md); none when there is no such folder.",
        tag="Server",
        answers={200: Answer("The models, by name", ModelsInfo, example=_EXAMPLE)},
    ),
)
