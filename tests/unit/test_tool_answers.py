"""What a server of tools says, as a model is shown it."""

from types import SimpleNamespace as Block
from typing import Any

import pytest

from hayakuchi.agents.mcp_tools.answers import LARGEST_SCHEMA, parameters_of, text_of
from hayakuchi.agents.tools import tool_name


@pytest.mark.parametrize(
    ("content", "structured", "text"),
    [
        ([Block(type="text", text="one"), Block(type="text", text="two")], None, "one\ntwo"),
        ([Block(type="text", text="one")], {"a": 1}, "one"),
        ([], {"a": "あ"}, '{"a": "あ"}'),
        ([Block(type="text", text="")], {"a": 1}, '{"a": 1}'),
        ([], None, ""),
        ([Block(type="image", data="aGk=")], None, "[image]"),
        ([Block(type="audio", data="aGk=")], None, "[audio]"),
        ([Block(type="resource", resource=Block(text="words", uri="file:///a"))], None, "words"),
        ([Block(type="resource", resource=Block(blob="aGk=", uri="file:///a"))], None, "[file:///a]"),
        ([Block(type="resource_link", uri="file:///a")], None, "[file:///a]"),
        ([Block()], None, ""),
    ],
)
def test_a_result_in_words(content: list[Any], structured: Any, text: str):
    assert text_of(content, structured) == text


@pytest.mark.parametrize(
    ("name", "ours"), [("get_time", "get_time"), ("a.b c", "a_b_c"), ("時", "_"), ("", "_"), ("x" * 99, "x" * 64)]
)
def test_names_that_models_take(name: str, ours: str):
    assert tool_name(name) == ours


def test_parameters_are_an_object_that_a_model_can_be_shown():
    assert parameters_of({}) == {"type": "object", "properties": {}}
    schema = {"$schema": "x", "type": "object", "properties": {"a": {}}, "required": ["a"]}
    assert parameters_of(schema) == {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    assert parameters_of({"properties": {"a": {"description": "x" * LARGEST_SCHEMA}}}) is None
    assert parameters_of(["no", "object"]) is None
