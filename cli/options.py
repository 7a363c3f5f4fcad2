"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", help="Configuration file; default: conf.yaml here, else the one that comes along"),
]
CharacterOption = Annotated[
    str | None, typer.Option("--character", help="Who is on stage: a name from characters/, or a file")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON")]
