"""The book of a character card: what the character knows, in entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 8_000
"""Characters of all entries together that become part of the persona."""
MOST = 2_000
"""Entries that are looked at."""


def as_text(book: Any) -> str:
    """The entries that count and have room, in the book's own order, a line each."""
    return "\n".join(f"- {text}" for text in _taken(book))


def entry_count(book: Any) -> tuple[int, int]:
    """How many entries ``as_text`` takes, and how many there are."""
    return sum(1 for _ in _taken(book)), len(_entries(book))


def _entries(book: Any) -> list[Mapping[str, Any]]:
    entries = book.get("entries") if isinstance(book, Mapping) else None
    if isinstance(entries, Mapping):  # a world of SillyTavern's own, exported beside cards
        entries = list(entries.values())
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _taken(book: Any) -> Iterator[str]:
    """What is always told comes first."""
    entries = [entry for entry in _entries(book)[:MOST] if entry.get("enabled", True) is not False]
    entries.sort(key=lambda entry: (entry.get("constant") is not True, _order(entry)))
    room = LONGEST
    for entry in entries:
        content = entry.get("content")
        text = " ".join(content.split()) if isinstance(content, str) else ""
        if text and len(text) + 3 <= room:
            room -= len(text) + 3
            yield text


def _order(entry: Mapping[str, Any]) -> float:
    order = entry.get("insertion_order")
    return order if isinstance(order, int | float) and order == order else 0
