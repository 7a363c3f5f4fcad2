"""What is written for a person to read is read back by us as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.importing.notes import Note, Notes, Outcome
from hayakuchi.importing.template import character_text, conf_text
from hayakuchi.importing.yaml_text import Reference
from hayakuchi.orchestrator.expand import expanded_map
from hayakuchi.orchestrator.tree import data
from hayakuchi.orchestrator.yaml_source import parse_yaml

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6))
TREES = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=8),
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
    ),
    max_size=4,
)


def read(text: str) -> Any:
    return data(parse_yaml(text.encode(), Path("conf.yaml")))


@settings(deadline=None)
@given(TREES)
def test_every_tree_is_read_back(tree: dict[str, Any]) -> None:
    assert read(conf_text(tree, "x")) == tree
    assert read(character_text(tree, "x")) == tree


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "Yes",
        "null",
        "~",
        "0o17",
        "0x1F",
        "1e5",
        ".5",
        "-.inf",
        "12:30",
        "1_000",
        "=",
        "<<",
        "a: b",
        "# a",
        "- a",
        " a",
        "a ",
        "\ta",
        "a\n",
        "\na\n",
        "a\n\n\nb\n\n",
        "  a\n b",
        "a\r\nb",
        "a\x85b\u2028c",
        "a\nb\x85",
        "a\nb\u2028c\n",
        "a\n\u2029b",
        "'\"\\",
        "&a *b !c",
        "🌸" * 3,
        "%TAG",
        "---",
        "...",
        "@a",
        "`a`",
        "{}",
        "[]",
        "a #b",
        "\x07",
        "\ufeff",
        "$${a}",
        "中文：，",
    ],
)
def test_texts_that_look_like_something_else(text: str) -> None:
    assert read(conf_text({"persona": text, "list": [text], text or "key": 1}, "x"))["persona"] == text


def test_a_variable_where_a_number_stands_is_read_as_what_it_holds() -> None:
    text = conf_text({"server": {"port": Reference("${PORT}"), "host": "${HOST}"}}, "x")
    problems: list[Any] = []
    tree = expanded_map(parse_yaml(text.encode(), Path("conf.yaml")), {"PORT": "80", "HOST": "10"}, problems)
    assert data(tree) == {"server": {"port": 80, "host": "10"}}
    assert problems == []


def test_the_head_names_the_file_on_one_line() -> None:
    text = conf_text({"llm": "demo_llm"}, "conf.yaml\nllm: evil")
    assert read(text) == {"llm": "demo_llm"}
    assert text.startswith("# Made from conf.yaml?llm: evil by `hayakuchi import`.")


def test_notes_keep_their_order_and_say_each_line_once() -> None:
    notes = Notes()
    notes.taken("b", "one")
    notes.not_possible("a", "two", "three")
    notes.taken("b", "one")
    assert list(notes) == [Note("b", Outcome.TAKEN, "one"), Note("a", Outcome.NOT_POSSIBLE, "two", "three")]
    assert notes.counts() == {Outcome.TAKEN: 1, Outcome.NOT_POSSIBLE: 1}
    assert len(notes) == 2
