"""Whatever stands anywhere in their settings: it is taken over or told, and what is written can be used."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from olv_template import KEY, template
from taking_over import Taken, take

from hayakuchi.core.errors import ConfigError
from hayakuchi.orchestrator.problems import ConfigErrors

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(
        ["", " ", "null", "yes", "0o17", "1e400", "-", "${", "${}", "${A}", "$${A}", "~", "../x", "x" * 300, "\0"]
    ),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    st.lists(st.one_of(st.none(), st.integers(), st.text("ab${}", max_size=5)), max_size=3),
    st.dictionaries(st.text("ab<:", max_size=3), st.one_of(st.none(), st.text("ab", max_size=3)), max_size=2),
)
ENGINES = {
    "llm_provider": ["claude_llm", "llama_cpp_llm", "openai_llm", "stateless_llm_with_template", "groq_llm"],
    "tts_model": ["azure_tts", "openai_tts", "siliconflow_tts", "edge_tts", "fish_api_tts"],
    "asr_model": ["faster_whisper", "whisper_cpp", "whisper", "groq_whisper_asr", "azure_asr"],
    "vad_model": ["silero_vad", None],
}


def ways(node: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(node, dict):
        return [path]
    return [path, *(way for key, value in node.items() for way in ways(value, (*path, key)))]


WAYS = [way for way in ways(template()) if way]


def put(tree: dict[str, Any], way: tuple[str, ...], value: Any) -> None:
    for part in way[:-1]:
        if not isinstance(tree.get(part), dict):
            return
        tree = tree[part]
    tree[way[-1]] = value


def taken(theirs: Path, tree: dict[str, Any], other: dict[str, Any]) -> Taken | ConfigError:
    try:
        return take(theirs, tree, {"other.yaml": other})
    except ConfigError as refused:
        return refused


def mistakes(made: Taken, character: str | None) -> list[str]:
    try:
        made.settings({"A": "1"}, character)
    except ConfigErrors as wrong:
        return [str(problem) for problem in wrong.problems]
    return []


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries({key: st.sampled_from(names) for key, names in ENGINES.items()}),
    st.lists(st.tuples(st.sampled_from(WAYS), JUNK), min_size=1, max_size=6),
    st.lists(st.tuples(st.sampled_from([way for way in WAYS if way[0] == "character_config"]), JUNK), max_size=3),
)
def test_anything_anywhere(
    engines: dict[str, str], changes: list[tuple[tuple[str, ...], Any]], others: list[tuple[tuple[str, ...], Any]]
) -> None:
    tree, other = template(), {"character_config": {"agent_config": {"llm_configs": {"ollama_llm": {}}}}}
    for way in WAYS:
        if way[-1] in engines:
            put(tree, way, engines[way[-1]])
    for way, value in changes:
        put(tree, way, value)
    for way, value in others:
        put(other, way, value)
    with tempfile.TemporaryDirectory() as folder:
        made = taken(Path(folder) / "theirs", tree, other)
        if isinstance(made, ConfigError):
            assert str(made).endswith("'<<' takes a mapping, or a list of them")
            return
        for who in (None, *(who.stem for who in made.made.people)):
            # What a variable holds is not known before it is set.
            assert [wrong for wrong in mistakes(made, who) if not wrong.endswith("(from ${A})")] == []
        assert KEY not in "".join(map(str, made.notes))
