"""Providers by name: built-in ones, and those that other packages announce as entry points.

A provider's module is imported when the provider is asked for, never before: an idle server loads what it uses.

    [project.entry-points."hayakuchi.tts"]
    my_voice = "my_package.voice:MyVoice"
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from .errors import Category, HayakuchiError, ProviderError

Kind = Literal["llm", "tts", "asr", "agents", "embeddings"]
KINDS: tuple[Kind, ...] = ("llm", "tts", "asr", "agents", "embeddings")


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """Where a provider is found."""

    name: str
    target: str
    """``module:Class``."""
    extra: str | None = None
    """The optional dependency group of this package that it needs, if any."""


class UnknownProvider(HayakuchiError):
    """No provider of that name; ``suggestion`` is a similar name, if there is one."""

    code = "unknown_provider"

    def __init__(self, kind: Kind, name: str, known: Sequence[str]) -> None:
        self.known = tuple(known)
        self.suggestion = next(iter(difflib.get_close_matches(name, known, n=1)), None)
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        names = ", ".join(known) or "none is installed"
        super().__init__(f"no {kind} provider {name!r}{hint}; known: {names}")


class Registry:
    """Looks providers up by kind and name."""

    def __init__(self, built_in: dict[Kind, Iterable[ProviderSpec]], *, plugins: bool = True) -> None:
        self._specs: dict[Kind, dict[str, ProviderSpec]] = {
            kind: {spec.name: spec for spec in built_in.get(kind, ())} for kind in KINDS
        }
        if plugins:
            for kind in KINDS:
                for point in entry_points(group=f"hayakuchi.{kind}"):
                    self._specs[kind].setdefault(point.name, ProviderSpec(point.name, f"{point.module}:{point.attr}"))

    def names(self, kind: Kind) -> list[str]:
        return sorted(self._specs[kind])

    def load(self, kind: Kind, name: str) -> type[Any]:
        """The provider's class. Raises UnknownProvider, or ProviderError when something it needs is not installed."""
        spec = self._specs[kind].get(name)
        if spec is None:
            raise UnknownProvider(kind, name, self.names(kind))
        module_name, _, attribute = spec.target.partition(":")
        try:
            module = import_module(module_name)
        except ModuleNotFoundError as error:
            missing = (error.name or module_name).partition(".")[0]
            remedy = f"pip install 'hayakuchi[{spec.extra}]'" if spec.extra else f"pip install {missing}"
            message = f"needs the Python package {missing!r}, which is not installed; try: {remedy}"
            raise ProviderError(kind, name, Category.MISSING_EXTRA, message) from error
        except (ImportError, OSError) as error:
            message = f"something it needs is installed but cannot be loaded: {error}"
            raise ProviderError(kind, name, Category.MISSING_EXTRA, message) from error
        if not hasattr(module, attribute):
            message = f"its package announces {spec.target!r}, which does not exist"
            raise ProviderError(kind, name, Category.MISSING_EXTRA, message)
        return getattr(module, attribute)
