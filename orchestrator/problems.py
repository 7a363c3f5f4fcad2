"""Mistakes in plain words: what pydantic found wrong with a block becomes errors with places that say what to do.

No message ever holds a value that was written: it may be a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..core.block import Block
from ..core.errors import ConfigError
from ..core.registry import Kind, Registry
from .tree import Entry, Node, Path_, Scalar, data, dotted, kind, steps

B = TypeVar("B", bound=Block)


_HOMES: Mapping[Kind, tuple[str, str]] = {
    "llm": ("a model", "llm"),
    "tts": ("a voice", "tts"),
    "asr": ("an ear", "asr"),
    "agents": ("an agent", "agent"),
    "embeddings": ("a model for embeddings", "embeddings"),
}
"""What providers of a kind are called, and the section where they stand."""


class ConfigErrors(ConfigError):
    """Everything that is wrong with the settings. It reads as its first problem; ``others`` are the rest, in file order."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        first = problems[0]
        super().__init__(first.message, file=first.file, line=first.line, column=first.column, path=first.path)
        self.problems = tuple(problems)

    @property
    def others(self) -> tuple[ConfigError, ...]:
        return self.problems[1:]


def meant(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'voice'?)``, or nothing when no known name is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def unknown_key(name: str, known: Sequence[str]) -> str:
    hint = meant(name, known)
    if hint or not known:
        return f"unknown key{hint}"
    return f"unknown key; known are {', '.join(known)}"


def misplaced(name: str, registry: Registry) -> str | None:
    """What to do with a provider's block that stands at the top of the file; None: no provider has this name."""
    for kind_, (noun, section) in _HOMES.items():
        if name in registry.names(kind_):
            return f"unknown key: {name} is {noun}: put it under {section}:"
    return None


def built(model: type[B], entry: Entry, path: Path_, problems: list[ConfigError]) -> B | None:
    """The block that an entry of a tree describes, or None with what is wrong added to ``problems``.

    A number or true/false where text is expected is taken as it was written: ``name: 1.10`` is the text "1.10".
    """
    as_text: frozenset[Path_] = frozenset()
    while True:
        try:
            return model.model_validate(data(entry.value, as_text))
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            written = frozenset(found["loc"] for found in errors if _is_written_text(found, entry)) - as_text
            if not written:
                problems += _joined([_problem(found, model, entry, path) for found in errors])
                return None
            as_text |= written


def _is_written_text(error: ErrorDetails, entry: Entry) -> bool:
    if error["type"] != "string_type":
        return False
    nodes = [step for step, _ in steps(entry, error["loc"])]
    return (
        len(nodes) == len(error["loc"]) + 1
        and isinstance(nodes[-1], Scalar)
        and isinstance(nodes[-1].value, int | float)
    )


def _problem(error: ErrorDetails, model: type[Block], root: Entry, path: Path_) -> ConfigError:
    way = list(steps(root, error["loc"]))
    node, key_place = way[-1]
    inside = error["loc"][: len(way) - 1]
    if error["type"] == "missing":
        return key_place.error(f"missing key {str(error['loc'][-1])!r}", dotted((*path, *inside)))
    if error["type"] == "extra_forbidden":
        known = _keys(_model_at(model, error["loc"][:-1]))
        return key_place.error(unknown_key(str(error["loc"][-1]), known), dotted((*path, *inside)))
    message = _in_words(error, node, _description(model, error["loc"]))
    return node.place.error(message + _from_environment(node), dotted((*path, *inside)))


def _joined(problems: Sequence[ConfigError]) -> list[ConfigError]:
    """What two members of a union say of the same value, as one: ``expected 'auto' or true or false``."""
    found: dict[tuple[object, ...], ConfigError] = {}
    for problem in problems:
        key = (problem.line, problem.column, problem.file, problem.path)
        first = found.get(key)
        if first is None:
            found[key] = problem
        elif first.message.startswith("expected ") and problem.message.startswith("expected "):
            message = f"{first.message.split(', found ')[0]} or {problem.message.removeprefix('expected ')}"
            found[key] = ConfigError(
                message, file=problem.file, line=problem.line, column=problem.column, path=problem.path
            )
    return list(found.values())


def _from_environment(node: Node) -> str:
    variables = node.variables if isinstance(node, Scalar) else ()
    return f" (from {', '.join(f'${{{name}}}' for name in variables)})" if variables else ""


_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
}

_LIMITS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda context: f"must be greater than {_figure(context['gt'])}",
    "greater_than_equal": lambda context: f"must be at least {_figure(context['ge'])}",
    "less_than": lambda context: f"must be less than {_figure(context['lt'])}",
    "less_than_equal": lambda context: f"must be at most {_figure(context['le'])}",
    "finite_number": lambda _: "must be a finite number",
    "string_too_short": lambda context: f"must have at least {_counted(context['min_length'], 'character')}",
    "string_too_long": lambda context: f"must have at most {_counted(context['max_length'], 'character')}",
    "too_short": lambda context: f"must have at least {_counted(context['min_length'], 'entry')}",
    "too_long": lambda context: f"must have at most {_counted(context['max_length'], 'entry')}",
    "value_error": lambda context: str(context["error"]),
    "assertion_error": lambda context: str(context["error"]) or "is not allowed",
}


def _in_words(error: ErrorDetails, node: Node, description: str) -> str:
    name, context = error["type"], error.get("ctx", {})
    if name in _EXPECTED:
        return f"expected {_EXPECTED[name]}, found {kind(node)}"
    if name in _LIMITS:
        return _LIMITS[name](context)
    if name in ("literal_error", "enum"):
        written = node.text if isinstance(node, Scalar) else ""
        choices = [choice.strip("'") for choice in str(context["expected"]).replace(" or ", ", ").split(", ")]
        return f"expected {context['expected']}{meant(written, choices)}"
    if name == "string_pattern_mismatch":
        return f"has not the expected form{f': {description}' if description else ''}"
    return error["msg"].removeprefix("Input ")[:200]


def _figure(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) else str(limit)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun.removesuffix('y') + ('ies' if noun.endswith('y') else 's')}"


def _keys(model: type[Block] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(model: type[Block], path: Sequence[str | int]) -> type[Block] | None:
    """The block that stands at a path of a block's fields, if one does."""
    for part in path:
        if isinstance(part, int):
            continue
        field = next((field for name, field in model.model_fields.items() if part in (name, field.alias)), None)
        found = _block_in(field.annotation) if field else None
        if found is None:
            return None
        model = found
    return model


def _block_in(annotation: Any) -> type[Block] | None:
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    return next((found for found in map(_block_in, get_args(annotation)) if found), None)


def _description(model: type[Block], path: Sequence[str | int]) -> str:
    owner = _model_at(model, path[:-1]) if path else None
    field = owner.model_fields.get(str(path[-1])) if owner else None
    return (field.description or "") if field else ""
