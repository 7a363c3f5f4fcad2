"""``hayakuchi import``: take over a folder of Open-LLM-VTuber, or character cards."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..importing import report
from ..importing.carrying_out import carry_out
from ..importing.conversations_found import Tell
from ..importing.notes import Note, Notes, Outcome
from ..importing.plan import How, planned
from ..orchestrator.providers import default_registry
from .options import JsonOption

EVERY = 1_000
"""After how many of something a line is told, where there is no terminal."""
_STYLES = {
    Outcome.TAKEN: "green",
    Outcome.TRANSLATED: "green",
    Outcome.NOT_POSSIBLE: "yellow",
    Outcome.LEFT_OUT: "dim",
}


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
    _print(report.lines(notes, everything=everything))
    typer.echo(f"\n{report.summary(notes)}{'' if everything else ' (--all lists these, too)'}")
    for line in report.sentences(plan, done, dry=dry_run):
        typer.echo(line)
    if not dry_run:
        typer.echo("\nnext:")
        for step in report.next_steps(plan, done):
            typer.echo(f"  {step}")


def _print(notes: Sequence[Note]) -> None:
    if not sys.stdout.isatty():
        for note in notes:
            instead = f" → {note.instead}" if note.instead else ""
            typer.echo(f"{note.outcome:<12} {note.source}: {note.what}{instead}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("", "from", "what became of it", "instead"):
        table.add_column(heading, overflow="fold")
    for note in notes:
        outcome = Text(note.outcome, _STYLES[note.outcome], no_wrap=True)
        table.add_row(outcome, Text(note.source), Text(note.what), Text(note.instead or ""))
    Console().print(table)


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
