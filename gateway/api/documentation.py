"""``GET /openapi.json``: what this server can be asked for. The page ``/docs`` shows it."""

from __future__ import annotations

import asyncio
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from ...orchestrator.gateway_settings import Scope
from .endpoint import Answer, Endpoint
from .openapi import document
from .wire import json_bytes


async def described(request: Request) -> Response:
    """The document."""
    return Response(await asyncio.to_thread(_document), media_type="application/json")


@cache
def _document() -> bytes:
    from .table import ALL  # this endpoint is in it

    return json_bytes(document(ALL))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/openapi.json",
        Scope.ADMIN,
        "This document",
        described,
        description="OpenAPI 3.1. The page `/docs` shows it, and sends requests.",
        tag="Server",
        answers={200: Answer("An OpenAPI document")},
    ),
)
