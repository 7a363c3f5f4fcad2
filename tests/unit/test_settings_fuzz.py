"""Whatever a file holds, the loader gives Settings or says where the mistake is; it never tells a secret."""

import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from hayakuchi.core.character import Character
from hayakuchi.core.registry import Kind
from hayakuchi.orchestrator.loader import BLOCKS, SECTIONS, load_settings
from hayakuchi.orchestrator.problems import ConfigErrors
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings

EVERYTHING = os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1"
EXAMPLES = 600 if EVERYTHING else 75
"""Of each of the four tests."""
SECRET = "sk-0f1e2d3c4b5a69788796a5b4c3d2e1f0"
REGISTRY = default_registry()
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
CONF = b"\n".join(
    line for line in (Path(__file__).parents[2] / "conf.yaml").read_bytes().splitlines() if not line.startswith(b"#")
)

fuzz = settings(max_examples=EXAMPLES, deadline=None, derandomize=not EVERYTHING)

KINDS: tuple[Kind, ...] = ("llm", "tts", "asr", "agents")
CONFIGS = [REGISTRY.load(kind, name).Config.model_fields for kind in KINDS for name in REGISTRY.names(kind)]
NAMES = st.sampled_from([name for kind in KINDS for name in REGISTRY.names(kind)])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.binary(max_size=4)
    | NAMES
    | st.sampled_from(
        ["${A}", "${B:-1}", "${", "$${A}", "${NOT_SET}", "puppet", "kiyo", "../kiyo", "x.yaml", "http://a", "~"]
    )
)
FIELDS = st.sampled_from(
    sorted(
        {name for block in BLOCKS.values() for name in block.model_fields}
        | {"picture", "auth", "enabled"}.union(*CONFIGS)
    )
)
KEYS: Any = FIELDS | NAMES | st.text(max_size=6) | st.integers() | st.none() | st.booleans()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
SECRETIVE: Any = st.just(SECRET).flatmap(
    lambda key: st.sampled_from([key, [key], {"a": key}, {key: 1}, key + "${", f"{key}\n{key}", f"${{{key}", "${KEY}"])
)
BLOCK = st.dictionaries(FIELDS, ANYTHING, max_size=3) | ANYTHING
WITH_KEY = st.builds(
    lambda block, key: {**block, "api_key": key}, st.dictionaries(FIELDS, ANYTHING, max_size=2), SECRETIVE
)
CHOICE = st.dictionaries(NAMES, BLOCK | WITH_KEY, max_size=2) | NAMES | ANYTHING
SECTION = CHOICE | st.lists(CHOICE, max_size=3)
DAMAGE = st.binary(max_size=3) | st.sampled_from([b"\n", b"- ", b": ", b"}", b"&a ", b"*a "])
CONF_TREES = st.dictionaries(st.sampled_from(SECTIONS), SECTION, max_size=4) | ANYTHING
CHARACTER_TREES = (
    st.dictionaries(st.sampled_from([*Character.model_fields, *SECTIONS]), SECTION, max_size=4).map(
        lambda tree: {"name": "K", **tree}
    )
    | ANYTHING
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("settings")
    (path / "characters").mkdir()
    with chdir(path):
        yield path


def outcome(conf: bytes, kiyo: bytes = b"name: Kiyo") -> Settings | ConfigErrors:
    Path("conf.yaml").write_bytes(conf)
    Path("characters/kiyo.yaml").write_bytes(kiyo)
    try:
        return load_settings(Path("conf.yaml"), registry=REGISTRY, environ={"A": "1", "EMPTY": "", "KEY": SECRET})
    except ConfigErrors as errors:
        return errors


def judge(found: Settings | ConfigErrors) -> None:
    event("Settings" if isinstance(found, Settings) else "ConfigErrors")
    if isinstance(found, Settings):
        assert SECRET not in repr(found)
        return
    for problem in found.problems:
        text = str(problem)
        assert problem.message
        assert problem.file in ("conf.yaml", "characters/kiyo.yaml")
        assert problem.line is None or problem.line >= 1
        assert text.encode()
        assert SECRET not in text
        assert len(text) < 2000


def dump(tree: object) -> bytes:
    return yaml.dump(tree, Dumper=DUMPER, allow_unicode=True, sort_keys=False).encode("utf-8", "replace")


@fuzz
@given(conf=CONF_TREES)
def test_wild_trees(folder: Path, conf: object) -> None:
    judge(outcome(dump(conf)))


@fuzz
@given(conf=CONF_TREES, kiyo=CHARACTER_TREES)
def test_wild_characters(folder: Path, conf: object, kiyo: object) -> None:
    judge(outcome(dump(conf), dump(kiyo)))


@fuzz
@given(
    conf=st.text(alphabet=st.sampled_from("ab:-?*&!|>%@`{}[],#'\"\\ \n\t\r~<$x0\u0085é🌸\ud800"), max_size=60)
    .map(lambda text: text.encode("utf-8", "surrogatepass"))
    .flatmap(lambda raw: st.sampled_from([raw, b"\xef\xbb\xbf" + raw, b"llm: " + raw]))
    | st.binary(max_size=60)
)
def test_wild_text_and_bytes(folder: Path, conf: bytes) -> None:
    judge(outcome(conf))


@fuzz
@given(data=st.data())
def test_a_good_file_that_was_damaged(folder: Path, data: st.DataObject) -> None:
    conf = CONF.replace(b"${OPENAI_API_KEY:-none}", b"none")
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(conf)))
        end = data.draw(st.integers(start, min(len(conf), start + 20)))
        conf = conf[:start] + data.draw(DAMAGE) + conf[end:]
    judge(outcome(conf))
