"""Which voices espeak-ng has, read from its data folder: languages in ``lang/FAMILY/NAME``, variants in ``voices/!v/NAME``."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

_FAMILIAR = ("en-us", "en-gb", "cmn", "ja", "ko", "de", "fr", "es")


def languages(data: Path) -> dict[str, str]:
    """Language tags in lower case, and the voice for each: its file's name. ``en-gb`` is the file ``en``."""
    found: dict[str, tuple[int, str]] = {}
    for path in sorted((data / "lang").rglob("*")):
        if path.is_file():
            for tag, priority in [(path.name.lower(), -1), *_tags(path)]:
                found[tag] = min(found.get(tag, (99, "")), (priority, path.name.lower()))
    return {tag: name for tag, (_, name) in found.items()}


def _tags(path: Path) -> Iterator[tuple[str, int]]:
    """A voice file's lines ``language TAG [PRIORITY]``; the lowest priority is preferred."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match line.partition("//")[0].split():
            case ["language", tag]:
                yield tag.lower(), 5
            case ["language", tag, priority] if priority.isdecimal():
                yield tag.lower(), int(priority)


def resolve(data: Path, voice: str) -> str:
    """The voice as espeak-ng knows it. Raises ValueError for a variant that it has not: it would ignore it silently."""
    language, plus, variant = voice.partition("+")
    if plus and not variant.isdecimal() and variant not in (known := variants(data)):
        raise ValueError(
            f"no voice variant {variant!r}; {_suggest(variant, known, ('f1', 'f2', 'f3', 'm1', 'm2', 'm3'))}"
        )
    return languages(data).get(language.lower(), language) + plus + variant


def variants(data: Path) -> list[str]:
    """Names that may follow the ``+``; upper and lower case matter."""
    return sorted(path.name for path in (data / "voices" / "!v").glob("*") if path.is_file())


def unknown_language(data: Path, voice: str) -> str:
    """What to say when the engine has no such voice."""
    language = voice.partition("+")[0]
    return f"no voice {language!r}; {_suggest(language.lower(), sorted(languages(data)), _FAMILIAR)}"


def _suggest(name: str, known: list[str], familiar: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    some = [*close, *(other for other in familiar if other in known and other not in close)][:6]
    return f"some of the {len(known)} that exist: {', '.join(some)}"
