"""The collection for Postman is up to date, and each of its requests is answered as documented."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
from clip_files import wav_file
from whole_api import whole_api

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "postman" / "hayakuchi.postman_collection.json"
EXPECTED = {"Refused": 404, "Begin a conversation": 201}
"""Statuses by how the name of the request begins. Those that refuse are there to say what to do instead."""


def requests(item: Any) -> Iterator[tuple[str, Any]]:
    for one in item["item"]:
        if "request" in one:
            yield one["name"], one["request"]
        else:
            yield from requests(one)


def filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    assert "{{" not in text, text
    return text


def sent(request: Any, collection: Any, values: dict[str, str]) -> dict[str, Any]:
    """What Postman makes of it, as aiohttp takes it."""
    auth = request.get("auth", collection["auth"])
    headers = {one["key"]: one["value"] for one in request["header"] if not one.get("disabled")}
    if auth["type"] == "bearer":
        headers["Authorization"] = f"Bearer {filled(auth['bearer'][0]['value'], values)}"
    url = request["url"]
    variables = {f":{one['key']}": one["value"] for one in url.get("variable", ())}
    path = "/".join(variables.get(part, part) for part in url["path"])
    assert url["raw"] == f"{{{{base_url}}}}/{'/'.join(url['path'])}"
    assert all(one["disabled"] for one in url.get("query", ()))
    told: dict[str, Any] = {"url": f"{filled(url['host'][0], values)}/{path}", "headers": headers}
    body = request.get("body", {"mode": "none"})
    if body["mode"] == "raw":
        json.loads(body["raw"])
        told["data"] = body["raw"]
    elif body["mode"] == "formdata":
        told["data"] = form = aiohttp.FormData()
        for field in body["formdata"]:
            if field["type"] == "file":
                form.add_field(field["key"], wav_file(), filename="hello.wav")
            else:
                form.add_field(field["key"], field["value"])
    return told | {"method": request["method"]}


def test_it_is_what_the_document_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_postman", ROOT / "deploy" / "postman" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert FILE.read_text(encoding="utf-8") == made.written(), "uv run python deploy/postman/make.py"


async def test_each_request_is_answered(tmp_path: Path) -> None:
    collection = json.loads(FILE.read_text(encoding="utf-8"))
    wrong = []
    async with whole_api(tmp_path) as server, aiohttp.ClientSession() as client:
        values = {one["key"]: one["value"] for one in collection["variable"]}
        values |= {"base_url": server.url, "api_key": server.key}
        await server.seed("main", ["Hello!", "Who are you?", "Sing!", "Thank you.", "Goodbye!"])
        for name, request in requests(collection):
            async with client.request(**sent(request, collection, values)) as answer:
                text = await answer.read()
                expected = EXPECTED.get(name.partition(":")[0], 200)
                if answer.status != expected or not text:
                    wrong.append((name, answer.status, text[:300]))
    assert wrong == []
    assert len(list(requests(collection))) >= 22
