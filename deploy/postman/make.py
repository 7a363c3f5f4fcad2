"""Writes the collection for Postman from the OpenAPI document: uv run python deploy/postman/make.py"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hayakuchi.gateway.api.openapi import document
from hayakuchi.gateway.api.table import ALL

FILE = Path(__file__).with_name("hayakuchi.postman_collection.json")
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

Json = dict[str, Any]


def collection(told: Json) -> Json:
    """A folder for each group, a request for each example of a body; what deletes something comes last in its folder."""
    found = [(path, method, one) for path, methods in told["paths"].items() for method, one in methods.items()]
    found.sort(key=lambda operation: operation[1] == "delete")
    folders = [
        {
            "name": tag["name"],
            "description": tag["description"],
            "item": [
                one for operation in found if operation[2]["tags"] == [tag["name"]] for one in requests(*operation)
            ],
        }
        for tag in told["tags"]
    ]
    return {
        "info": {"name": "Hayakuchi", "description": told["info"]["description"], "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{api_key}}", "type": "string"}]},
        "variable": [
            {"key": "base_url", "value": "http://127.0.0.1:12393", "type": "string"},
            {"key": "api_key", "value": "none", "type": "string"},
        ],
        "item": folders,
    }


def requests(path: str, method: str, operation: Json) -> Iterator[Json]:
    """One for each example, or one."""
    bodies = [
        (name, kind, example["value"])
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        for name, example in content["examples"].items()
    ]
    for name, kind, value in bodies or [("", "", None)]:
        request: Json = {
            "method": method.upper(),
            "description": operation["description"],
            "header": headers(operation, kind),
            "url": url(path, operation),
        }
        if not operation["security"]:
            request["auth"] = {"type": "noauth"}
        if kind:
            request["body"] = body(kind, value)
        title = f"{operation['summary']}: {name}" if len(bodies) > 1 else operation["summary"]
        yield {"name": title, "request": request, "response": []}


def url(path: str, operation: Json) -> Json:
    """With its parameters as variables; what may be left out is not sent until it is ticked."""
    parameters = operation.get("parameters", ())
    parts = [re.sub(r"\{(\w+)\}", r":\1", part) for part in path.strip("/").split("/")]
    variables = [_parameter(one) for one in parameters if one["in"] == "path"]
    query = [_parameter(one) | {"disabled": not one["required"]} for one in parameters if one["in"] == "query"]
    told = {"raw": f"{{{{base_url}}}}/{'/'.join(parts)}", "host": ["{{base_url}}"], "path": parts}
    return told | ({"variable": variables} if variables else {}) | ({"query": query} if query else {})


def headers(operation: Json, kind: str) -> list[Json]:
    """Those of the endpoint, and the body's type; a form says its own."""
    told = [
        _parameter(one) | {"disabled": not one["required"]}
        for one in operation.get("parameters", ())
        if one["in"] == "header"
    ]
    return told + ([{"key": "Content-Type", "value": kind}] if kind == "application/json" else [])


def body(kind: str, value: Json) -> Json:
    if kind == "application/json":
        text = json.dumps(value, indent=2, ensure_ascii=False)
        return {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    fields = [{"key": name, "value": _text(one), "type": "text"} for name, one in value.items()]
    return {"mode": "formdata", "formdata": [{"key": "file", "type": "file", "src": []}, *fields]}


def _parameter(parameter: Json) -> Json:
    value = parameter.get("example", parameter["schema"].get("default", ""))
    return {"key": parameter["name"], "value": _text(value), "description": parameter["description"]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def written() -> str:
    return json.dumps(collection(document(ALL)), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
