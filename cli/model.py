"""``hayakuchi model``: the models that run on this machine: which there are, and downloading them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

import typer
from pydantic import ValidationError

from ..asr.base import Download, Fetching, Progress
from ..asr.whisper_models import MODELS, Place, known_name, place_of
from ..orchestrator.settings import Component, Settings
from ..orchestrator.tree import shown
from .options import CharacterOption, ConfigOption, JsonOption, settings_from

WHISPER = "faster_whisper"

app = typer.Typer(name="model", add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@runtime_checkable
class OnDisk(Protocol):
    """A provider whose model is a folder."""

    def located(self) -> Path:
        """The folder, if the model can be loaded from it. Raises ProviderError with the remedy."""
        ...


@app.callback()
def _model() -> None:
    """The models that run on this machine."""


@app.command("list")
def list_models(config: ConfigOption = None, character: CharacterOption = None, as_json: JsonOption = False) -> None:
    """Say which speech recognition models can be had, which are here, and which the settings use."""
    rows = _rows(settings_from(config, character))
    if as_json:
        typer.echo(json.dumps({"models": [row.data() for row in rows]}, indent=2, ensure_ascii=False))
        return
    for row in rows:
        mark = "*" if row.used else " "
        english = "English" if row.english_only else ""
        where = shown(row.folder) if row.folder else "-"
        typer.echo(f"{mark} {row.name:<18} {row.size_mb:>6.0f} MB  {english:<8} {where}".rstrip())
    typer.echo("\n* is used by the settings; what is not here (-) is downloaded with: uv run hayakuchi model pull NAME")


@app.command("pull")
def pull(
    name: Annotated[
        str | None, typer.Argument(help="Which one; default: what the settings use and is not here")
    ] = None,
    config: ConfigOption = None,
    character: CharacterOption = None,
    mirror: Annotated[str | None, typer.Option("--mirror", metavar="URL", help="Where, if not huggingface.co")] = None,
    as_json: JsonOption = False,
) -> None:
    """Download a model. What was begun before goes on where it stopped."""
    settings = settings_from(config, character)
    providers = [_whisper(settings, name, mirror)] if name is not None else list(_fetching(settings, mirror))
    if not providers and not as_json:
        typer.echo("the settings name no model that is downloaded; `uv run hayakuchi model list` shows some")
    try:
        pulled = asyncio.run(_pull(providers, quiet=as_json))
    except KeyboardInterrupt:
        typer.echo("stopped; what came is kept, and the same command goes on from there", err=True)
        raise
    if as_json:
        typer.echo(json.dumps({"models": pulled}, indent=2, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Row:
    """A model in the list; ``folder`` is None where it is not on this machine."""

    name: str
    size_mb: float
    english_only: bool
    folder: Path | None
    used: bool

    def data(self) -> dict[str, Any]:
        folder = str(self.folder) if self.folder else None
        return {
            "name": self.name,
            "size_mb": self.size_mb,
            "english_only": self.english_only,
            "folder": folder,
            "used": self.used,
        }


def _rows(settings: Settings) -> list[Row]:
    configs = [component.config for component in settings.asr if component.name == WHISPER]
    folder = configs[0].folder if configs else ""
    used = {config.model: config.folder for config in configs}
    names = [*MODELS, *(name for name in used if name not in MODELS)]
    rows = []
    for name in names:
        place = place_of(name, used.get(name, folder))
        english = name in MODELS and MODELS[name].english_only
        size = _size_mb(place) or place.size_mb
        rows.append(Row(name, size, english, None if place.missing else place.folder, name in used))
    return rows


def _size_mb(place: Place) -> float:
    """What is there of it, if it is a whole model."""
    if place.missing:
        return 0.0
    return round(sum(file.stat().st_size for file in place.folder.iterdir() if file.is_file()) / 1e6, 1)


def _whisper(settings: Settings, name: str, mirror: str | None) -> Any:
    """The recogniser of the settings with another model, or a plain one where there is none."""
    try:
        name = known_name(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None
    from ..asr.faster_whisper import FasterWhisperASR
    from ..asr.whisper_settings import FasterWhisperConfig

    written = next((component.config for component in settings.asr if component.name == WHISPER), FasterWhisperConfig())
    return _with(Component(WHISPER, written, FasterWhisperASR), model=name, mirror=mirror).create()


def _fetching(settings: Settings, mirror: str | None) -> Iterator[Any]:
    for component in (*settings.llm, *settings.quick_llm, *settings.tts, *settings.asr):
        changed = _with(component, mirror=mirror) if "mirror" in _fields(component) else component
        provider = changed.create()
        if isinstance(provider, Fetching):
            yield provider


def _fields(component: Component) -> Sequence[str]:
    return tuple(getattr(type(component.config), "model_fields", ()))


def _with(component: Component, **changes: str | None) -> Component:
    """With other settings; None leaves one as it is."""
    written = component.config.model_dump(exclude_unset=True)
    said = {key: value for key, value in changes.items() if value is not None}
    try:
        config = type(component.config).model_validate(written | said)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        hint = f"--{found['loc'][0]}" if found["loc"] else "NAME"
        raise typer.BadParameter(found["msg"].removeprefix("Value error, "), param_hint=hint) from None
    return Component(component.name, config, component.provider)


async def _pull(providers: Sequence[Any], *, quiet: bool) -> list[dict[str, Any]]:
    done = []
    for provider in providers:
        wanted: Download | None = provider.wanted()
        if wanted is not None:
            with telling(wanted, quiet=quiet) as tell:
                await provider.fetch(tell)
        title = getattr(provider, "title", provider.name)
        folder = provider.located() if isinstance(provider, OnDisk) else None
        if not quiet:
            typer.echo(f"{title} is here{f': {shown(folder)}' if folder else ''}")
        done.append({"name": title, "folder": str(folder) if folder else None, "fetched": wanted is not None})
    return done


@contextmanager
def telling(wanted: Download, *, quiet: bool) -> Iterator[Progress]:
    """What to call as a download gets on: a bar on a terminal, elsewhere a line for each tenth; both on stderr."""
    if quiet:
        yield lambda share: None
        return
    if not sys.stderr.isatty():
        yield _tenths(wanted)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(wanted.name, total=wanted.size_mb * 1e6)
        yield lambda share: bar.update(task, completed=share * wanted.size_mb * 1e6)


def _tenths(wanted: Download) -> Progress:
    told = -1

    def tell(share: float) -> None:
        nonlocal told
        if int(share * 10) > told:
            told = int(share * 10)
            typer.echo(f"{wanted.name} (about {wanted.size_mb:.0f} MB): {told * 10} %", err=True)

    return tell
