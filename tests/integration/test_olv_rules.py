"""Every row of Open-LLM-VTuber's wire has a rule, and every rule a test."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from olv_rules import BESIDE_THE_TABLES, CLIENT_IS_TOLD, CLIENT_SAYS, HELD_ELSEWHERE

from hayakuchi.gateway.open_llm_vtuber import server_messages
from hayakuchi.gateway.open_llm_vtuber.client_messages import ClientMessage
from hayakuchi.gateway.open_llm_vtuber.table import HANDLERS

TESTS = Path(__file__).resolve().parents[1]
OURS = {"request-audio-stream"}
"""Said by clients that want the sound as a stream: not of their wire."""


@cache
def found_in(file: str) -> dict[str, str]:
    """The tests of a file, and the first line of each."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {
        function.name: (ast.get_docstring(function) or "").partition("\n")[0]
        for function in functions
        if function.name.startswith("test_")
    }


def here() -> dict[str, str]:
    """The tests that were written from the rules."""
    files = sorted((TESTS / "integration").glob("test_olv_conformance*.py"))
    return {name: rule for file in files for name, rule in found_in(f"integration/{file.name}").items()}


def row_of(rule: str) -> str:
    return rule.partition(":")[0]


@pytest.mark.parametrize(("rule", "where"), HELD_ELSEWHERE.items())
def test_a_rule_that_is_held_elsewhere_is(rule: str, where: str) -> None:
    file, _, name = where.partition("::")
    assert name in found_in(file)


def test_every_test_that_was_written_from_a_rule_says_it() -> None:
    rows = CLIENT_SAYS | CLIENT_IS_TOLD | BESIDE_THE_TABLES
    assert len(here()) >= 18
    assert {name: rule for name, rule in here().items() if row_of(rule) not in rows} == {}
    assert {rule for rule in HELD_ELSEWHERE if row_of(rule) not in rows} == set()


def test_every_row_has_a_rule() -> None:
    held = {row_of(rule) for rule in [*HELD_ELSEWHERE, *here().values()]}
    assert (CLIENT_SAYS | CLIENT_IS_TOLD | BESIDE_THE_TABLES) - held == set()


def test_the_server_reads_all_that_clients_say_and_does_something_about_it() -> None:
    read = {message.model_fields["type"].annotation: message for message in get_args(ClientMessage)}
    assert {get_args(kind)[0] for kind in read} == CLIENT_SAYS | OURS
    assert set(read.values()) == set(HANDLERS)


def test_the_server_tells_clients_nothing_that_they_do_not_know() -> None:
    source = Path(server_messages.__file__).read_text(encoding="utf-8")
    told = {
        value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
    }
    assert {kind for kind in told if not str(kind).startswith("audio-stream-")} == CLIENT_IS_TOLD
