"""Writes the part of docs/api.md that is about endpoints, from the OpenAPI document: uv run python docs/make_api.py"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from api_examples import EXAMPLES

from hayakuchi.gateway.api.openapi import document
from hayakuchi.gateway.api.table import ALL

FILE = Path(__file__).with_name("api.md")
BEGIN, END = "<!-- made by make_api.py: begin -->\n", "<!-- made by make_api.py: end -->\n"
LANGUAGES = {"curl": "bash", "python": "python", "javascript": "javascript"}
COMMON = ("401", "403", "408", "413", "422", "429", "503")
"""Statuses that the table of errors tells of."""

Json = dict[str, Any]


def written(text: str) -> str:
    """The file with its endpoints as they are."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + endpoints() + END + rest.split(END)[1]


def endpoints() -> str:
    """All of them, by their groups; what deletes something comes last."""
    told = document(ALL)
    operations = [(path, method, one) for path, found in told["paths"].items() for method, one in found.items()]
    operations.sort(key=lambda found: found[1] == "delete")
    parts = []
    for tag in told["tags"]:
        parts.append(f"## {tag['name']}\n\n{tag['description']}\n")
        parts += [
            "\n".join(endpoint(path, method, one, told))
            for path, method, one in operations
            if one["tags"] == [tag["name"]]
        ]
    return "\n".join((*parts, *types(told))) + "\n"


def types(told: Json) -> Iterator[str]:
    """What bodies are made of."""
    schemas = told["components"]["schemas"]
    bodies = [content["schema"] for content in _bodies(told)]
    found = list(dict.fromkeys(name for body in bodies for name in below(body, schemas)))
    yield "## What bodies are made of\n"
    for name in sorted(found):
        yield f"### {name}\n"
        if "enum" in schemas[name]:
            yield f"{kind_of(schemas[name])}\n"
        else:
            yield table(fields({"$ref": name}, told))


def _bodies(told: Json) -> Iterator[Json]:
    for operations in told["paths"].values():
        for operation in operations.values():
            yield from operation.get("requestBody", {}).get("content", {}).values()


def below(schema: Any, schemas: Json, met: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names of what a schema leads to, itself left out."""
    if isinstance(schema, list):
        for one in schema:
            yield from below(one, schemas, met)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in met:
                if met:
                    yield name
                yield from below(schemas[name], schemas, met | {name})
        for key, one in schema.items():
            if key != "discriminator":
                yield from below(one, schemas, met or frozenset({""}))


def endpoint(path: str, method: str, operation: Json, told: Json) -> Iterator[str]:
    yield f"### `{method.upper()} {path}`\n"
    yield f"**{operation['summary']}.** {operation['description']}\n"
    rows = [
        (one["name"], f"{one['in']}, {kind_of(one['schema'])}", one["required"], one["description"])
        for one in operation.get("parameters", ())
    ]
    content = operation.get("requestBody", {}).get("content", {})
    for body in content.values():
        rows += fields(body["schema"], told)
    if rows:
        yield table(rows)
    yield from examples(path, method, operation)
    answers = operation["responses"]
    good = [
        f"`{kind}`" for status, one in answers.items() if status < "400" for kind in one.get("content", ["no body"])
    ]
    bad = [f"{status}: {one['description']}" for status, one in answers.items() if status >= "400"]
    special = [line for line in bad if line[:3] not in COMMON or "`reasons`" in line]
    yield f"Answers {', '.join(good)}. {'. '.join(special)}{'.' if special else ''}".strip() + "\n" if good else ""


def table(rows: list[tuple[str, str, bool, str]]) -> str:
    lines = [
        f"| `{name}`{' (required)' if required else ''} | {kind} | {text} |" for name, kind, required, text in rows
    ]
    return "\n".join(("| field | type | |\n|---|---|---|", *lines, ""))


def fields(schema: Json, told: Json) -> list[tuple[str, str, bool, str]]:
    """Of an object: name, type, whether it is required, and what it is."""
    found = told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return [
        (name, kind_of(one), name in found.get("required", ()), one.get("description", ""))
        for name, one in found["properties"].items()
    ]


def kind_of(schema: Json) -> str:
    """A type in a table's words, ``|`` escaped."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema or "const" in schema:
        return " \\| ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]))
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " \\| ".join(kind_of(one) for one in choices if one != {"type": "null"})
    if schema.get("type") == "array":
        items = kind_of(schema["items"])
        return f"list of ({items})" if "|" in items else f"list of {items}"
    return "file" if schema.get("format") == "binary" else schema.get("type", "any")


def examples(path: str, method: str, operation: Json) -> Iterator[str]:
    """In each language; an endpoint that only refuses has none."""
    if not any(status < "400" for status in operation["responses"]):
        return
    written_by_hand = EXAMPLES.get(operation["operationId"], {})
    for language, fence in LANGUAGES.items():
        for code in written_by_hand.get(language) or [
            plain(language, *request_of(path, method, operation), empty="204" in operation["responses"])
        ]:
            yield f"```{fence}\n{code}\n```\n"


def request_of(path: str, method: str, operation: Json) -> tuple[str, str, Any]:
    """Method, path with its parameters, and body of the first example; None: without a body."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return method, path, next(iter(content["examples"].values()))["value"]
    return method, path, None


def plain(language: str, method: str, path: str, body: Any, *, empty: bool = False) -> str:
    """The request without a client of its own; ``empty``: its answer has no body."""
    text = json.dumps(body, ensure_ascii=False)
    if language == "curl":
        how = "" if method == "get" or (method == "post" and body is not None) else f"-X {method.upper()} "
        sent = "" if body is None else f" \\\n  --json {quote(text)}"
        how += '-w "%{http_code}" ' if empty else ""
        return f'curl {how}"$HAYAKUCHI_URL{path}" -H "Authorization: Bearer $HAYAKUCHI_KEY"{sent}'
    if language == "python":
        sent = "" if body is None else f"json={body!r}, ".replace("'", '"')
        return f'print(http.{method}(f"{{URL}}{path}", {sent}timeout=60){".status_code" if empty else ".json()"})'
    sent = "" if body is None else f", {text}"
    told = "answer.status" if empty else "await answer.json()"
    return f'const answer = await call("{method.upper()}", "{path}"{sent});\nconsole.log({told});'


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text(encoding="utf-8")), encoding="utf-8")
