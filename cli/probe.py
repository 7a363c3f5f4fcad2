"""Asking the providers whether they would answer: each is opened, probed and closed, all at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ..asr.base import Download, Fetching
from ..core.errors import Category, ProviderError
from ..core.registry import Kind
from ..orchestrator.settings import Component, Settings
from .finding import Finding, Status

DEADLINE_S = 10.0
LOADING_S = 120.0
"""For a recogniser, which loads its model first."""
CLOSING_S = 5.0

_CHAINS: Mapping[str, Kind] = {
    "llm": "llm",
    "quick_llm": "llm",
    "tts": "tts",
    "asr": "asr",
    "embeddings": "embeddings",
}
"""The sections that are asked, and what kind of providers they name."""

Answer = str | ProviderError | Download


async def probed(settings: Settings, deadline_s: float = DEADLINE_S) -> list[Finding]:
    """What answers and what does not. A provider that does not is a problem only if nothing of its chain answers.

    Nothing is downloaded: whoever lacks a model is not asked, which is no problem. Replies do without the quick one: nothing
    in ``quick_llm`` is ever more than a warning.
    """
    asked: dict[str, tuple[Kind, Sequence[Component]]] = {
        section: (kind, getattr(settings, section)) for section, kind in _CHAINS.items()
    }
    asked |= {f"models.{name}": ("llm", parts) for name, parts in settings.models.items()}
    async with asyncio.TaskGroup() as group:
        chains = {
            section: [
                group.create_task(_ask(kind, component, LOADING_S if kind == "asr" else deadline_s))
                for component in parts
            ]
            for section, (kind, parts) in asked.items()
        }
    return [
        finding
        for section, tasks in chains.items()
        for finding in _told(section, asked[section][1], [task.result() for task in tasks])
    ]


def _told(section: str, parts: Sequence[Component], answers: Sequence[Answer]) -> list[Finding]:
    names = [component.name for component in parts]
    speaking = [name for name, answer in zip(names, answers, strict=True) if isinstance(answer, str)]
    found = []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, Download):
            found.append(
                Finding(Status.WARN, f"{section} probe", f"{name}: not asked, {answer.name} is not downloaded yet")
            )
        elif isinstance(answer, str):
            found.append(Finding(Status.OK, f"{section} probe", f"{name}: {answer}"))
        elif speaking:
            found.append(Finding(Status.WARN, f"{section} probe", f"{answer}; {speaking[0]} answers in its place"))
        elif section == "quick_llm":
            found.append(Finding(Status.WARN, f"{section} probe", f"{answer}; replies begin without quick words"))
        else:
            found.append(Finding(Status.PROBLEM, f"{section} probe", f"{answer}"))
    return found


async def _ask(kind: Kind, component: Component, deadline_s: float) -> Answer:
    provider: Any = component.create()
    if (wanted := _lacking(provider)) is not None:
        return wanted
    try:
        async with asyncio.timeout(deadline_s):
            await provider.open()
            return await provider.probe()
    except ProviderError as error:
        return error
    except TimeoutError:
        return ProviderError(kind, component.name, Category.TIMEOUT, f"no answer within {deadline_s:g} s")
    finally:
        await _close(provider)


def _lacking(provider: object) -> Download | None:
    return provider.wanted() if isinstance(provider, Fetching) else None


async def _close(provider: Any) -> None:
    """A provider that does not let go in time is left behind: the process ends soon."""
    try:
        async with asyncio.timeout(CLOSING_S):
            await provider.aclose()
    except TimeoutError:
        return
