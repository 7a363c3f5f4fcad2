"""The endpoints as an OpenAPI 3.1 document. Everything in it comes from their table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from ... import __version__
from .endpoint import COMMON, OF_BODIES, Answer, Endpoint, ErrorAnswer, Parameter

Json = dict[str, Any]

VERSION = "3.1.1"
KEY = "key"
"""Name of the security scheme."""
REFS = "#/components/schemas/{model}"
TAGS: Mapping[str, str] = {
    "Chat": "Replies of characters and raw models.",
    "Models": "Who may be asked, and vectors of texts.",
    "Sessions": "Conversations. The page, the stage, the sockets, gRPC and these endpoints see the same ones.",
    "Audio": "The voice and the ears.",
    "Server": "How the server is, and what it can do.",
}
_ABOUT = (
    "The doors of an AI VTuber: OpenAI's API for chat, speech and transcriptions, so that OpenAI's own clients can be used "
    "(their base URL ends with `/v1`), and conversations of her own.\n\n"
    "Where keys are asked for (`gateway.auth` in conf.yaml) send `Authorization: Bearer hk_…`; `hayakuchi key new` makes one. "
    "Errors are `ErrorAnswer`, as OpenAI's clients expect them. There are WebSockets, too (`/chat/ws`, `/stage/ws`, `/ws`), "
    "which a document like this cannot describe: see docs/api.md."
)
_RETRY = {
    "Retry-After": {"description": "Seconds", "required": False, "schema": {"type": "integer", "minimum": 1}},
}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def document(endpoints: Iterable[Endpoint]) -> Json:
    """The document, as JSON."""
    told = tuple(endpoints)
    schemas, components = _schemas(told)
    paths: dict[str, Json] = {}
    for endpoint in told:
        operations = paths.setdefault(plain_path(endpoint.path), {})
        operations[endpoint.method.lower()] = _operation(endpoint, schemas)
    security = {"type": "http", "scheme": "bearer", "description": "A key, as `hayakuchi key new` makes it"}
    return {
        "openapi": VERSION,
        "info": {
            "title": "Hayakuchi",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "./", "description": "Where this document is from"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {KEY: security}},
    }


def plain_path(path: str) -> str:
    """A path as OpenAPI writes it: ``/v1/models/{model}``."""
    return _PARAMETER.sub(r"{\1}", path)


class _Schema(GenerateJsonSchema):
    """Without titles: they only say the names of the fields again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schemas(endpoints: tuple[Endpoint, ...]) -> tuple[Mapping[type[BaseModel], Json], Json]:
    """A reference for each model, and what the references lead to."""
    found: dict[type[BaseModel], None] = {ErrorAnswer: None}
    for endpoint in endpoints:
        for model in (endpoint.body, *(answer.model for answer in endpoint.answers.values())):
            if model is not None:
                found[model] = None
    mode: JsonSchemaMode = "validation"
    references, told = models_json_schema(
        [(model, mode) for model in found], ref_template=REFS, schema_generator=_Schema
    )
    components = {name: _untitled(schema) for name, schema in sorted(told["$defs"].items())}
    return {model: references[model, mode] for model in found}, components


def _untitled(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if name != "title"}


def _operation(endpoint: Endpoint, schemas: Mapping[type[BaseModel], Json]) -> Json:
    operation: Json = {
        "operationId": _operation_id(endpoint),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": _description(endpoint),
        "responses": _responses(endpoint, schemas),
        "security": [{KEY: [endpoint.scope.value]}] if endpoint.scope else [],
    }
    if endpoint.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in endpoint.parameters]
    if endpoint.body is not None:
        examples = {name: {"value": value} for name, value in endpoint.examples.items()}
        content = {"schema": schemas[endpoint.body], "examples": examples}
        operation["requestBody"] = {"required": True, "content": {endpoint.body_type: content}}
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[A-Za-z0-9]+", plain_path(endpoint.path))
    return "_".join((endpoint.method.lower(), *words))


def _description(endpoint: Endpoint) -> str:
    scope = "Open to all." if endpoint.scope is None else f"Needs the scope `{endpoint.scope}`."
    others = ", ".join(f"`{plain_path(path)}`" for path in endpoint.aliases)
    return "\n\n".join(filter(None, (endpoint.description, scope, others and f"Also at {others}.")))


def _parameter(parameter: Parameter) -> Json:
    told: Json = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }
    return told if parameter.example is None else told | {"example": parameter.example}


def _responses(endpoint: Endpoint, schemas: Mapping[type[BaseModel], Json]) -> Json:
    """What the endpoint tells of, and the errors that all have."""
    common = {**COMMON, **(OF_BODIES if endpoint.body else {})}
    answers = {status: Answer(text) for status, text in common.items()} | dict(endpoint.answers)
    return {str(status): _response(status, answers[status], schemas) for status in sorted(answers)}


def _response(status: int, answer: Answer, schemas: Mapping[type[BaseModel], Json]) -> Json:
    if status == HTTPStatus.NO_CONTENT:
        return {"description": answer.description}
    model = answer.model or (ErrorAnswer if status >= HTTPStatus.BAD_REQUEST else None)
    first: Json = {"schema": schemas[model]} if model else _of_type(answer.content_type, answer.description)
    if answer.example is not None:
        first["example"] = answer.example
    content = {answer.content_type: first}
    content |= {kind: _of_type(kind, text) for kind, text in answer.further.items()}
    response: Json = {"description": answer.description, "content": content}
    retries = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    return response | {"headers": _RETRY} if retries else response


def _of_type(kind: str, text: str) -> Json:
    """What is no JSON of a model's: text, bytes, or anything. Events have no schema: some take one for the stream's, some for
    an event's."""
    if kind in ("application/json", "text/event-stream"):
        return {"schema": {"description": text}}
    if kind.startswith("audio/"):
        return {"schema": {"description": text, "contentMediaType": kind}}
    return {"schema": {"type": "string", "description": text}}
