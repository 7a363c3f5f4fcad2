"""``hayakuchi import``: take over a folder of Open-LLM-VTuber, or character cards."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..importing import report
from ..importing.carrying_out import carry_out
from ..importing.conversations_found import Tell
from ..importing.notes import Notes
from ..importing.plan import How, planned
from ..orchestrator.providers import default_registry
from .import_report import print_notes
from .options import JsonOption

EVERY = 1_000
"""After how many of something a line is told, where there is no terminal."""


def import_folder(
    source: Annotated[
        Path,
        typer.Argument(
            exists=True, metavar="DIR", help="Folder of Open-LLM-VTuber; or a character card, or a folder of them"
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER", help="Where to; default: hayakuchi in DIR, and for cards the current folder"
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done; write nothing")] = False,
    no_history: Annotated[bool, typer.Option("--no-history", help="Leave the conversations out")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list what was left out because it says nothing")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take over a folder of Open-LLM-VTuber: settings, characters and conversations; models and pictures stay in it.

    Character cards of SillyTavern and others (PNG, JSON, CHARX) become characters. Nothing is ever overwritten. Ends with 1
    when nothing could be taken over.
    """
    notes = Notes()
    with _progress(quiet=as_json) as tell:
        how = How(default_registry(), os.environ, not no_history, tell)
        plan = planned(source, to, notes, how)
        done = asyncio.run(carry_out(plan, how, dry=dry_run))
    if as_json:
        typer.echo(json.dumps(report.as_data(notes, plan, done, dry=dry_run), indent=2, ensure_ascii=False))
        return
    print_notes(report.lines(notes, everything=everything))
    typer.echo(
        f"{'' if sys.stdout.isatty() else chr(10)}{report.summary(notes)}{'' if everything else ' (--all lists these, too)'}"
    )
    for line in report.sentences(plan, done, dry=dry_run):
        typer.echo(line)
    if not dry_run:
        typer.echo("\nnext:")
        for step in report.next_steps(plan):
            typer.echo(f"  {step}")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Tell]:
    """What to call as it gets on: a line that changes on a terminal, elsewhere one for every thousand; both on stderr."""
    if quiet:
        yield lambda what, done, total: None
        return
    if not sys.stderr.isatty():
        yield _thousands
        return
    from rich.console import Console

    with Console(stderr=True).status("Reading …") as status:
        yield lambda what, done, total: status.update(f"{what}: {done} of {total}")


def _thousands(what: str, done: int, total: int) -> None:
    if done and done % EVERY == 0:
        typer.echo(f"{what}: {done} of {total}", err=True)
