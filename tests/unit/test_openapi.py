"""The OpenAPI document: valid, complete, and its examples are what its schemas say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from hayakuchi.gateway.api.endpoint import COMMON, Answer, Endpoint
from hayakuchi.gateway.api.openapi import TAGS, document, plain_path
from hayakuchi.gateway.api.table import ALL
from hayakuchi.orchestrator.gateway_settings import Scope

TOLD = document(ALL)
REFUSED = {"post /v1/audio/translations", "post /v1/responses"}
"""What is only there to say what to do instead."""
OPERATIONS = [(f"{method} {path}", told) for path, each in TOLD["paths"].items() for method, told in each.items()]


def content_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    return [kind for part in (*bodies, *operation["responses"].values()) for kind in part.get("content", {}).values()]


def mistakes(schema: Any, value: Any) -> list[str]:
    whole = {"allOf": [schema], "components": TOLD["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(TOLD).validate()
    for schema in TOLD["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_endpoint_is_told_once() -> None:
    assert sorted(name for name, _ in OPERATIONS) == sorted(
        f"{endpoint.method.lower()} {plain_path(endpoint.path)}" for endpoint in ALL
    )
    ids = [told["operationId"] for _, told in OPERATIONS]
    assert len(set(ids)) == len(ids)
    for endpoint in ALL:
        told = TOLD["paths"][plain_path(endpoint.path)][endpoint.method.lower()]
        assert told["tags"] == [endpoint.tag]
        assert endpoint.tag in TAGS
        for alias in endpoint.aliases:
            assert f"`{plain_path(alias)}`" in told["description"]
        in_path = [parameter["name"] for parameter in told.get("parameters", ()) if parameter["in"] == "path"]
        assert in_path == re.findall(r"\{(\w+)\}", plain_path(endpoint.path)), endpoint.path


def test_the_scope_is_told() -> None:
    for endpoint in ALL:
        told = TOLD["paths"][plain_path(endpoint.path)][endpoint.method.lower()]
        assert told["security"] == ([{"key": [endpoint.scope]}] if endpoint.scope else [])
        assert (f"scope `{endpoint.scope}`" if endpoint.scope else "Open to all") in told["description"]


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_examples_are_what_the_schema_says(name: str, operation: dict[str, Any]) -> None:
    for kind in content_of(operation):
        for value in [example["value"] for example in kind.get("examples", {}).values()]:
            missing = {"file": "sound"} if name in ("post /v1/audio/transcriptions", "post /asr") else {}
            assert mistakes(kind["schema"], value | missing) == []
        if "example" in kind:
            assert mistakes(kind["schema"], kind["example"]) == []
    for parameter in operation.get("parameters", ()):
        if "example" in parameter:
            assert mistakes(parameter["schema"], parameter["example"]) == []


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_each_is_described_with_examples_and_what_may_go_wrong(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert {str(status) for status in COMMON} <= operation["responses"].keys()
    assert [status for status in operation["responses"] if status < "400"] or name in REFUSED
    if "requestBody" in operation:
        (kind,) = operation["requestBody"]["content"].values()
        assert kind["examples"]
        assert {"408", "413", "422"} <= operation["responses"].keys()
    for status, answer in operation["responses"].items():
        model = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
        expected = "Ready" if (name, status) == ("get /readiness", "503") else "ErrorAnswer"
        assert status < "400" or model.endswith(f"/{expected}"), f"{name}: {status}"


def test_an_answer_of_several_types() -> None:
    async def handler(request: Any) -> Any:
        raise AssertionError

    further = {"audio/wav": "Wide", "text/event-stream": "In pieces", "text/vtt": "Words"}
    sound = Answer("Sound", content_type="audio/mpeg", further=further)
    told = document([Endpoint("POST", "/x/{y:path}", Scope.SPEAK, "X", handler, answers={200: sound})])
    content = told["paths"]["/x/{y}"]["post"]["responses"]["200"]["content"]
    assert content == {
        "audio/mpeg": {"schema": {"description": "Sound", "contentMediaType": "audio/mpeg"}},
        "audio/wav": {"schema": {"description": "Wide", "contentMediaType": "audio/wav"}},
        "text/event-stream": {"schema": {"description": "In pieces"}},
        "text/vtt": {"schema": {"type": "string", "description": "Words"}},
    }
