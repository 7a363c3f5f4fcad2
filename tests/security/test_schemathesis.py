"""Requests by the hundred, made from the server's own OpenAPI document: nothing breaks, and all answers are documented ones."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from requirements import program
from whole_api import whole_api

THOROUGH = os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1"
EXAMPLES = 40 if THOROUGH else 8
"""Per endpoint, beside those that cover each field."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)


async def test_every_answer_is_documented_and_none_is_an_error_of_the_server(tmp_path: Path) -> None:
    schemathesis = program("schemathesis", "the dev group")
    async with whole_api(tmp_path) as server:
        await server.seed("main", [f"Line {number}" for number in range(4)])
        process = await asyncio.create_subprocess_exec(
            schemathesis,
            "run",
            f"{server.url}/openapi.json",
            f"--url={server.url}",
            f"--header=Authorization: Bearer {server.key}",
            "--phases=examples,coverage,fuzzing",
            f"--checks={','.join(CHECKS)}",
            f"--max-examples={EXAMPLES}",
            "--seed=20260101",
            "--generation-database=none",
            "--request-timeout=20",
            "--suppress-health-check=all",
            "--warnings=off",
            "--continue-on-failure",
            "--no-color",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(600):
            told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert b"No issues found" in told, told.decode()
