"""Which voices espeak-ng has, read from its data folder: languages in ``lang/FAMILY/NAME``, variants in ``voices/!v/NAME``."""

from __future__ import annotations

import difflib
from pathlib import Path

_FAMILIAR = ("en-us", "en-gb", "cmn", "ja", "ko", "de", "fr", "es")


def languages(data: Path) -> list[str]:
    """Names of the voices without a variant, in lower case, sorted."""
    return sorted(path.name.lower() for path in (data / "lang").rglob("*") if path.is_file())


def variants(data: Path) -> list[str]:
    """Names that may follow the ``+``; upper and lower case matter."""
    return sorted(path.name for path in (data / "voices" / "!v").glob("*") if path.is_file())


def unknown_variant(data: Path, voice: str) -> str | None:
    """What is wrong with the voice's variant, which the engine would ignore silently; None when nothing is."""
    _, plus, variant = voice.partition("+")
    if not plus or variant.isdecimal() or variant in (known := variants(data)):
        return None
    return f"no voice variant {variant!r}; {_suggest(variant, known, ('f1', 'f2', 'f3', 'm1', 'm2', 'm3'))}"


def unknown_language(data: Path, voice: str) -> str:
    """What to say when the engine has no such voice."""
    language = voice.partition("+")[0]
    return f"no voice {language!r}; {_suggest(language.lower(), languages(data), _FAMILIAR)}"


def _suggest(name: str, known: list[str], familiar: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    some = [*close, *(other for other in familiar if other in known and other not in close)][:6]
    return f"some of the {len(known)} that exist: {', '.join(some)}"
