"""Which intent a text has: the first rule that fits, in the order of ``data/rules/LANGUAGE.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Rule:
    """``pattern`` may name a group: what the talk is about."""

    intent: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one language needs to be understood. ``first`` wins over sums, and sums win over ``rules``."""

    greeting: re.Pattern[str]
    first: tuple[Rule, ...]
    rules: tuple[Rule, ...]


def load() -> Mapping[str, Rules]:
    """The rules by language."""
    folder = files(__package__).joinpath("data", "rules")
    return {
        file.name.removesuffix(".yaml"): _rules(yaml.load(file.read_text("utf-8"), _LOADER))
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    }


def first_match(rules: Iterable[Rule], text: str) -> tuple[str, str] | None:
    """The intent, and what the talk is about (or an empty string)."""
    for rule in rules:
        if match := rule.pattern.search(text):
            return rule.intent, next((group for group in match.groupdict().values() if group), "")
    return None


def _rules(data: Mapping[str, Any]) -> Rules:
    parts: Mapping[str, str] = data["parts"]

    def compiled(patterns: Iterable[str]) -> re.Pattern[str]:
        whole = "|".join(patterns)
        for name, part in parts.items():
            whole = whole.replace(f"%{name}%", part)
        return re.compile(whole, re.IGNORECASE)

    def table(section: Mapping[str, Iterable[str]]) -> tuple[Rule, ...]:
        return tuple(Rule(intent, compiled(patterns)) for intent, patterns in section.items())

    return Rules(compiled(data["greeting"]), table(data["first"]), table(data["rules"]))
