"""YAML into trees: what values mean, where mistakes are, and what is refused."""

from pathlib import Path

import pytest

from hayakuchi.core.errors import ConfigError
from hayakuchi.orchestrator.expand import expanded
from hayakuchi.orchestrator.tree import MapNode, Scalar, data, dotted, merged
from hayakuchi.orchestrator.yaml_source import MAX_BYTES, parse_yaml, read_yaml

FILE = Path("conf.yaml")


def parse(text: str | bytes) -> MapNode:
    return parse_yaml(text.encode() if isinstance(text, str) else text, FILE)


def mistake(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value)


def test_scalars_mean_what_yaml_1_2_says():
    text = "{a: no, b: 12:30, c: true, d: 0x1F, e: 0o17, f: 1e3, g: .5, h: ~, i: '5', j: 2024-01-01, k: 007, l: 1_000}"
    assert data(parse(text)) == {
        "a": "no",
        "b": "12:30",
        "c": True,
        "d": 31,
        "e": 15,
        "f": 1000.0,
        "g": 0.5,
        "h": None,
        "i": "5",
        "j": "2024-01-01",
        "k": 7,
        "l": "1_000",
    }


def test_places_of_keys_and_values_count_from_one():
    tree = parse("server:\n  port: 12\nlist:\n  - a\n")
    server = tree.entries["server"]
    assert isinstance(server.value, MapNode)
    port = server.value.entries["port"]
    assert (server.place.line, server.place.column) == (1, 1)
    assert (port.place.line, port.place.column) == (2, 3)
    assert (port.value.place.line, port.value.place.column) == (2, 9)


def test_a_byte_order_mark_is_skipped():
    assert data(parse(b"\xef\xbb\xbfa: 1\n")) == {"a": 1}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n...\n", "~", "null"])
def test_an_empty_file_is_an_empty_mapping(text: str):
    assert data(parse(text)) == {}


def test_aliases_share_their_value():
    assert data(parse("a: &x {b: 1}\nc: *x\n")) == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: [", "conf.yaml:2:5: not valid YAML"),
        ("a:\n\t- b\n", "conf.yaml:2:1: not valid YAML: while scanning for the next token found character '\\t'"),
        (
            "a: 1\nb: [x,\nc: d\ne: f\n",
            "conf.yaml:4:2: not valid YAML: while parsing a flow sequence from line 2 expected",
        ),
        (
            "a: 'x\nb: c\n",
            "conf.yaml:3:1: not valid YAML: while scanning a quoted scalar from line 1 found unexpected end",
        ),
        ("a: 1\n  b: 2\n", "conf.yaml:2:4: not valid YAML: mapping values are not allowed here"),
        ("- a\n", "conf.yaml:1:1: expected settings of the form 'key: value'"),
        ("hello", "conf.yaml:1:1: expected settings of the form"),
        ("a: 1\nb: 2\na: 3\n", "conf.yaml:3:1: the key 'a' is already set in line 1"),
        ("a: 1\n---\nb: 2\n", "conf.yaml:2:1: a second document begins here"),
        ("a: !!python/object/apply:os.system [id]", "conf.yaml:1:4: a tag (!…) is not allowed here"),
        ("a: !secret x", "conf.yaml:1:4: a tag"),
        ("a: !!binary eA==", "conf.yaml:1:4: a tag"),
        ("a: *b", "conf.yaml:1:4: '*' begins an alias here, and no anchor has that name"),
        ("a: &a [*a]", "conf.yaml:1:8: an alias to what it stands in"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "conf.yaml:3:3: merge keys (<<) are not supported"),
        ("{[a]: 1}", "conf.yaml:1:2: a key must be a word"),
        ("&a [1]: 1", "conf.yaml:1:1: a key must be a word"),
        (b"a: 1\nb: \xff\n", "conf.yaml:2:4: a character here is not UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfb: \xff\n", "conf.yaml:1:4: a character here is not UTF-8"),
        ("é: ".encode() + b"\xff", "conf.yaml:1:4: a character here is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "conf.yaml:1:1: the file is saved as UTF-16; save it as UTF-8"),
        ("a: 1\nb: \x07\n", "conf.yaml:2:4: a character that YAML does not allow"),
        ('a: "\\UFFFFFFFF"', "conf.yaml:1:1: not valid YAML: an escape or a number"),
        ('a: "\\ud800"', "conf.yaml:1:4: an escape here is half of a character"),
        (f"%YAML 1.{'1' * 5000}\n---\n", "conf.yaml:1:1: not valid YAML"),
    ],
)
def test_mistakes_name_their_place(text: str | bytes, expected: str):
    assert mistake(text).startswith(expected)


def test_a_file_that_is_too_large_is_refused():
    assert mistake(b"#" * (MAX_BYTES + 1)) == "conf.yaml: the file is larger than 1 MB"


def test_depth_is_bounded_also_through_aliases():
    assert data(parse("a: " + "[" * 31 + "]" * 31)) is not None
    assert mistake("a: " + "[" * 32 + "]" * 32).endswith("nested more than 32 levels deep")
    assert mistake("[" * 100_000).endswith("nested more than 32 levels deep")
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert mistake(chain).endswith("nested more than 32 levels deep")


def test_an_alias_bomb_is_refused_before_it_goes_off():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    assert mistake(bomb).endswith("more than 20000 values")


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path):
    for file in (tmp_path / "none.yaml", tmp_path, Path("a\0b")):
        with pytest.raises(ConfigError, match="cannot read the file"):
            read_yaml(file)


def test_no_repr_shows_a_scalar():
    assert "sk-secret" not in repr(parse("key: sk-secret"))


def test_merging_goes_key_by_key_and_keeps_places():
    over = parse_yaml(b"\n\nlatency: {first_audio_ms: 9}\ntop: [1]", Path("kiyo.yaml"))
    tree = merged(parse("latency: {first_audio_ms: 5, streaming_ms: 3}\ntop: {a: 1}\nlow: 1"), over)
    assert data(tree) == {"latency": {"first_audio_ms": 9, "streaming_ms": 3}, "top": [1], "low": 1}
    assert isinstance(tree, MapNode)
    latency = tree.get("latency")
    assert isinstance(latency, MapNode)
    values = {key: entry.value.place for key, entry in latency.entries.items()}
    assert (values["first_audio_ms"].file, values["first_audio_ms"].line) == (Path("kiyo.yaml"), 3)
    assert values["streaming_ms"].file == FILE


def test_a_strange_key_is_quoted_in_a_path():
    assert dotted(("tts", 0, "edge_tts")) == "tts.0.edge_tts"
    assert dotted(("a b", "")) == "'a b'.''"


# Environment variables


def fill(text: str, **environ: str) -> tuple[object, list[str]]:
    problems: list[ConfigError] = []
    tree = expanded(parse(text), environ, problems)
    return data(tree), [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: ${PORT:-12393}", 12393),
        ("a: ${SET}", 80),
        ("a: '${SET}'", "80"),
        ("a: x${SET}y${SET}", "x80y80"),
        ("a: ${EMPTY:-no}", "no"),
        ("a: ${EMPTY}", ""),
        ("a: ${NONE:-}", ""),
        ("a: ${NONE:-~}", None),
        ("a: $${SET}", "${SET}"),
        ("a: $$$${SET}", "$$${SET}"),
        ("a: $SET $5", "$SET $5"),
        ("a: ${AGAIN}", "${SET}"),
        ("a: ${NONE:-${SET}", "${SET"),
        ("a: 'http://${HOST:-127.0.0.1:11434}/v1'", "http://127.0.0.1:11434/v1"),
        ("a: ${BOOL}", True),
    ],
)
def test_variables(text: str, expected: object):
    assert fill(text, SET="80", EMPTY="", AGAIN="${SET}", BOOL="true") == ({"a": expected}, [])


def test_a_variable_that_is_not_set_says_the_remedy():
    _, problems = fill("llm:\n  - {key: '${MY_KEY}'}\n")
    assert problems == [
        "conf.yaml:2:11: llm.0.key: the environment variable MY_KEY is not set; set it, or write ${MY_KEY:-default}"
    ]


@pytest.mark.parametrize("text", ["a: ${", "a: ${}", "a: ${1X}", "a: '${A B}'", "a: ${A:+b}"])
def test_a_reference_that_is_none_says_how_to_write_one(text: str):
    _, problems = fill(text, A="1")
    assert len(problems) == 1
    assert "'${' begins no variable; write ${NAME}" in problems[0]


def test_an_environment_that_is_not_utf8_is_told():
    _, problems = fill("a: ${A}", A="\udcff")
    assert problems == ["conf.yaml:1:4: a: what the environment variable A holds is not UTF-8"]


def test_what_a_scalar_was_filled_from_is_kept():
    tree = expanded(parse("a: ${X}-${Y:-2}"), {"X": "1"}, [])
    assert isinstance(tree, MapNode)
    node = tree.get("a")
    assert isinstance(node, Scalar)
    assert node.variables == ("X", "Y")
