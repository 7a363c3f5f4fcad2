"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..orchestrator.loader import load_settings
from ..orchestrator.providers import default_registry
from ..orchestrator.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", help="Configuration file; default: conf.yaml here, else the one that comes along"),
]
CharacterOption = Annotated[
    str | None, typer.Option("--character", help="Who is on stage: a name from characters/, or a file")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON")]


def settings_from(config: Path | None, character: str | None) -> Settings:
    """The settings that a command runs with. Raises ConfigError."""
    return load_settings(config, character=character, registry=default_registry())
