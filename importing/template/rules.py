"""Tables of what becomes of each setting of a mapping, and their application.

A rule says for one of their keys which of ours it becomes, or why it becomes none. What is moved is held against the block of
ours that is to take it: a value that it does not take is told and left out, so that what is written can always be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from ...core.block import Block
from ...orchestrator.tree import ListNode, MapNode, Node, Scalar
from ..notes import Outcome
from ..yaml_text import Reference
from .section import Section
from .values import variables

Reading = Literal["text", "number", "whole", "flag", "secret", "address"]


@dataclass(frozen=True, slots=True)
class Rule:
    """``to`` is our key; without one it is gone. Values in ``nothing`` say nothing worth telling as lost."""

    key: str
    to: str | None = None
    read: Reading = "text"
    why: str = ""
    instead: str | None = None
    lost: bool = False
    nothing: tuple[str, ...] = ()


def move(key: str, to: str | None = None, read: Reading = "text") -> Rule:
    return Rule(key, to or key, read)


def gone(key: str, why: str) -> Rule:
    """Something that is not needed."""
    return Rule(key, why=why)


def lost(key: str, why: str, instead: str | None = None, nothing: tuple[str, ...] = ()) -> Rule:
    """Something that is not possible; as long as it says no more than one of ``nothing`` it is only left out."""
    return Rule(key, why=why, instead=instead, lost=True, nothing=nothing)


@dataclass(slots=True)
class Moved:
    """A block of ours in the making. ``target`` is the way to it in our file."""

    section: Section
    target: str
    block: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, tuple[str, Outcome]] = field(default_factory=dict)
    """By our key: where its value came from."""

    def put(self, ours: str, value: Any, key: str | None, outcome: Outcome = Outcome.TRANSLATED) -> None:
        """Set one of our keys from one of theirs; without a key the value is our own addition and is not told."""
        self.block[ours] = value
        if key is not None:
            self.origin[ours] = (self.section.source(key), outcome)


def apply(section: Section, rules: Iterable[Rule], target: str) -> Moved:
    """What the rules make of a section. Keys that no rule names are told as unknown."""
    moved = Moved(section, target)
    for rule in rules:
        if rule.to is None:
            _tell(rule, section)
        elif (value := _read(rule, section)) is not None:
            same = rule.to == rule.key and target.rpartition(".")[2] == section.path[-1]
            moved.put(rule.to, value, rule.key, Outcome.TAKEN if same else Outcome.TRANSLATED)
    section.rest()
    return moved


def settled(moved: Moved, model: type[Block]) -> dict[str, Any] | None:
    """The block with what ``model`` takes of it, told line by line; None where it lacks what it must have."""
    notes, required = moved.section.notes, True
    for wrong, message in _mistakes(moved.block, model).items():
        if wrong not in moved.block:
            required = False
            continue
        source, _ = moved.origin.pop(wrong, (moved.section.source(), Outcome.NOT_POSSIBLE))
        del moved.block[wrong]
        lacks = model.model_fields[wrong].is_required()
        instead = "write it into our file" if lacks else "the default is used"
        notes.not_possible(source, f"{moved.target}.{wrong}: {message}", instead)
        required = required and not lacks
    for ours, (source, outcome) in moved.origin.items():
        notes.add_line(source, outcome, shown(f"{moved.target}.{ours}", moved.block[ours], ours))
    return moved.block if required else None


def shown(path: str, value: object, key: str) -> str:
    """A setting of ours for the report; what may hold a secret is not shown."""
    needs = variables(value) if isinstance(value, str) else ()
    if needs:
        return f"{path} (needs the environment variable {', '.join(needs)})"
    if isinstance(value, bool):
        return f"{path}: {str(value).lower()}"
    if isinstance(value, int | float) or (isinstance(value, str) and key in ("model", "voice", "host", "language")):
        return f"{path}: {str(value)[:80]}"
    return path


def _tell(rule: Rule, section: Section) -> None:
    if not section.has(rule.key):
        return
    if rule.lost and any(text.lower() not in ("", *rule.nothing) for text in _said(section.node.get(rule.key))):
        section.notes.not_possible(section.source(rule.key), rule.why, rule.instead)
    else:
        section.notes.left_out(section.source(rule.key), rule.why)


def _said(node: Node | None) -> Iterator[str]:
    """All texts below a node, as they were written."""
    match node:
        case Scalar():
            yield node.text.strip()
        case ListNode():
            for item in node.items:
                yield from _said(item)
        case MapNode():
            for entry in node.entries.values():
                yield from _said(entry.value)


def _read(rule: Rule, section: Section) -> Any:
    match rule.read:
        case "number":
            return section.number(rule.key)
        case "whole":
            return section.whole(rule.key)
        case "flag":
            return section.flag(rule.key)
        case "secret":
            return secret(section, rule.key)
        case _:
            return section.text(rule.key)


def secret(section: Section, key: str) -> str | None:
    """A key of a service, unless it is what their template writes where one is missing."""
    found = section.text(key)
    if found is None or variables(found):
        return found
    if _is_placeholder(found):
        section.notes.left_out(section.source(key), "not a key, but the words that stand where one is missing")
        return None
    return found


def _is_placeholder(text: str) -> bool:
    low = text.lower()
    return (
        any(char.isspace() or not char.isascii() or not char.isprintable() for char in text)
        or low.startswith(("your", "<", "${"))
        or low in {"xxx", "none", "null", "api_key", "api-key", "azure-api-key", "azure_api_key"}
    )


def _mistakes(block: Mapping[str, Any], model: type[Block]) -> dict[str, str]:
    """By key: what ``model`` says of it. What comes from the environment is judged when it is there."""
    try:
        model.model_validate(dict(block))
    except ValidationError as error:
        found: dict[str, str] = {}
        for mistake in error.errors(include_url=False, include_input=False):
            key = str(mistake["loc"][0]) if mistake["loc"] else ""
            value = block.get(key)
            if not (isinstance(value, Reference) or (isinstance(value, str) and variables(value))):
                found[key] = mistake["msg"].removeprefix("Value error, ").removeprefix("Input ")
        return found
    return {}
