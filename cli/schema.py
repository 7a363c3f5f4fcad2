"""``hayakuchi schema``: the JSON Schema of conf.yaml, so that an editor completes its keys and marks its mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import HayakuchiError
from ..orchestrator.json_schema import settings_schema
from ..orchestrator.providers import default_registry


def schema(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file")] = None,
) -> None:
    """Print the JSON Schema of conf.yaml (draft 2020-12), with every provider that is installed.

    For VS Code: hayakuchi schema -o conf.schema.json, and as first line of conf.yaml:
    # yaml-language-server: $schema=conf.schema.json
    """
    document, missing = settings_schema(default_registry())
    for reason in missing:
        typer.echo(f"note: left out: {reason}", err=True)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HayakuchiError(f"cannot write {output}: {error.strerror}") from error
