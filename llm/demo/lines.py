"""The lines that each character may say, read from ``data/lines/FLAVOUR.LANGUAGE.yaml``.

A file maps an intent to its lines. ``{first: LINE}`` marks the line to take while none of the others has been said. Places
to fill: ``{call}`` (the viewer's name after a comma, or nothing), ``{name}``, ``{me}``, ``{x}``, ``{coin}``, ``{die}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

GENERIC = "generic"
FLAVOURS: Mapping[str, tuple[str, ...]] = {
    "kiyo": ("kiyo",),
    "sun_wukong": ("sun wukong", "wukong", "monkey king", "孙悟空", "孫悟空", "悟空", "齐天大圣"),
    "harry_potter": ("harry potter", "哈利·波特", "哈利波特", "哈利"),
    "iron_man": ("iron man", "tony stark", "钢铁侠", "托尼·斯塔克", "托尼"),
}
"""Which names in a system prompt call for which lines."""

_PARENTS = {
    "morning": "greeting",
    "afternoon": "greeting",
    "evening": "greeting",
    "chat": "greeting",
    "back": "greeting",
    "night": "bye",
    "knock_who": "question",
    "want_to": "want",
}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Pool:
    """The lines for one intent; ``lead`` is the one to begin with, if any."""

    lines: tuple[str, ...]
    lead: str | None = None


Lines = Mapping[str, Pool]


@dataclass(frozen=True, slots=True)
class Library:
    """All lines, by flavour and language."""

    files: Mapping[tuple[str, str], Lines]

    def pool(self, flavour: str, language: str, intent: str) -> Pool:
        """What may be said: the flavour's own lines, else everybody's, else those for a broader intent.

        There are always two or more, so that nothing need be said twice running.
        """
        own = self.files.get((flavour, language), {})
        common = self.files[GENERIC, language]
        while intent not in own and intent not in common:
            intent = _PARENTS.get(intent, "fallback")
        pool = own.get(intent, Pool(()))
        if len(pool.lines) >= 2:
            return pool
        return Pool((*pool.lines, *common.get(intent, Pool(())).lines), next(iter(pool.lines), None))


def load() -> Library:
    """Read every file of lines that this package holds."""
    library = {}
    for file in files(__package__).joinpath("data", "lines").iterdir():
        flavour, _, rest = file.name.partition(".")
        language, _, kind = rest.partition(".")
        if kind == "yaml":
            library[flavour, language] = _pools(yaml.load(file.read_text("utf-8"), _LOADER))
    return Library(library)


def _pools(data: Mapping[str, list[str | Mapping[str, str]]]) -> Lines:
    pools = {}
    for intent, entries in data.items():
        lines = tuple(_unfolded(entry if isinstance(entry, str) else entry["first"]) for entry in entries)
        lead = next((line for line, entry in zip(lines, entries, strict=True) if not isinstance(entry, str)), None)
        pools[intent] = Pool(lines, lead)
    return pools


def _unfolded(line: str) -> str:
    """Without the space that a folded line leaves after Chinese and Japanese punctuation."""
    return re.sub(r"(?<=[。！？，、]) ", "", line)
