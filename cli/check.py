"""``hayakuchi check``: what is wrong with the settings, in one table."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ..orchestrator.providers import default_registry
from ..orchestrator.settings import Settings
from .finding import Finding, Status
from .findings import inspected
from .options import CharacterOption, ConfigOption, JsonOption
from .probe import probed
from .tool_findings import asked_for_tools

_STYLES = {Status.OK: "green", Status.WARN: "yellow", Status.PROBLEM: "bold red"}


def check(
    config: ConfigOption = None,
    character: CharacterOption = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also ask every model and voice for an answer, and start servers of tools")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong with the settings: the file, the characters, the avatar, the port.

    With --probe, also whether the services in it answer. Ends with 1 when there is a problem.
    """
    found, settings = inspected(config, character, default_registry())
    if probe and settings:
        found += _with_spinner(lambda: asyncio.run(_asked(settings)))
    if as_json:
        typer.echo(json.dumps(as_data(found), indent=2, ensure_ascii=False))
    else:
        _print(found)
    if any(finding.status is Status.PROBLEM for finding in found):
        raise typer.Exit(1)


async def _asked(settings: Settings) -> list[Finding]:
    async with asyncio.TaskGroup() as group:
        providers = group.create_task(probed(settings), name="providers")
        tools = group.create_task(asked_for_tools(settings), name="servers of tools")
    return [*providers.result(), *tools.result()]


def as_data(found: Sequence[Finding]) -> dict[str, Any]:
    """The machine form: ``ok`` is whether there is no problem; a mistake in a file has its place."""
    return {
        "ok": all(finding.status is not Status.PROBLEM for finding in found),
        "findings": [
            {"status": finding.status.value, "subject": finding.subject, "message": finding.message} | _place(finding)
            for finding in found
        ],
    }


def _place(finding: Finding) -> dict[str, Any]:
    error = finding.place
    if error is None:
        return {}
    return {
        "message": error.message,
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "path": error.path,
    }


def _with_spinner(work: Any) -> list[Finding]:
    if not sys.stderr.isatty():
        return work()
    from rich.console import Console

    with Console(stderr=True).status("Asking the models, voices and servers of tools …"):
        return work()


def _print(found: Sequence[Finding]) -> None:
    if sys.stdout.isatty():
        _print_table(found)
    else:
        for finding in found:
            typer.echo(f"{finding.status:<8} {finding.subject:<10} {finding.message}")
    problems = sum(finding.status is Status.PROBLEM for finding in found)
    warnings = sum(finding.status is Status.WARN for finding in found)
    typer.echo(f"\n{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}")


def _print_table(found: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in found:
        style = _STYLES[finding.status]
        table.add_row(Text(finding.status, style), Text(finding.subject), Text(finding.message, overflow="fold"))
    Console().print(table)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"
