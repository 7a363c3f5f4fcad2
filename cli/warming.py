"""The line on stderr that says how many common phrases are ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ..orchestrator.warming import Progress


@contextmanager
def warming_line() -> Iterator[Callable[[Progress], None]]:
    """What to call with each step: on a terminal a line that counts, elsewhere one line when all is done."""
    from rich.console import Console

    console = Console(stderr=True)
    status: Any = None

    def tell(progress: Progress) -> None:
        nonlocal status
        if console.is_terminal and status is None:
            status = console.status("")
            status.start()
        if status is not None:
            status.update(f"warming the voice: {progress.ready}/{progress.total} phrases")
        if progress.over:
            if status is not None:
                status.stop()
            typer.echo(_outcome(progress), err=True)

    try:
        yield tell
    finally:
        if status is not None:
            status.stop()


def _outcome(progress: Progress) -> str:
    if progress.failed:
        return f"the voice is warm for {progress.ready} of {progress.total} phrases; the others it could not say"
    phrases = "phrase is" if progress.ready == 1 else "phrases are"
    return f"the voice is warm: {progress.ready} {phrases} ready at once"
