"""The report of ``hayakuchi import``: on a terminal in groups as wide as it is, elsewhere a line for each thing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby

import typer

from ..importing.notes import Note, Outcome
from ..importing.report import short_source

_STYLES = {
    Outcome.TAKEN: "green",
    Outcome.TRANSLATED: "green",
    Outcome.NOT_POSSIBLE: "yellow",
    Outcome.LEFT_OUT: "dim",
}
_INDENT = 2


def print_notes(notes: Sequence[Note]) -> None:
    """``notes`` are in groups by what became of them."""
    if sys.stdout.isatty():
        _in_groups(notes)
        return
    for note in notes:
        instead = f" → {note.instead}" if note.instead else ""
        typer.echo(f"{note.outcome:<12} {note.source}: {note.what}{instead}")


def _in_groups(notes: Sequence[Note]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widest = max((cell_len(short_source(note)) for note in notes), default=1)
    for outcome, group in groupby(notes, key=lambda note: note.outcome):
        found = list(group)
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(width=min(widest, console.width * 2 // 5), overflow="fold")
        table.add_column(overflow="fold")
        for note in found:
            table.add_row(
                Text(short_source(note)), Text(f"{note.what}\n→ {note.instead}" if note.instead else note.what)
            )
        console.print(Text(f"{outcome} ({len(found)})", f"bold {_STYLES[outcome]}"))
        console.print(Padding(table, (0, 0, 1, _INDENT)))
