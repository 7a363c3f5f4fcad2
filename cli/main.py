"""The ``hayakuchi`` command: its subcommands, and the one place where an error becomes a line of text and an exit code.

A command's module is imported when the command is run, so that asking for help, or checking a file, loads no server.

Exit codes: 0 done, 1 failed, 2 a mistake in the settings or on the command line, 130 stopped with Ctrl+C.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__
from ..core.errors import HayakuchiError
from .report import exit_code, lines_of


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A subcommand. Its module in ``cli`` has a function of the module's name, or a Typer ``app`` if it has subcommands."""

    name: str
    module: str
    summary: str


COMMANDS = (
    CommandSpec("run", "run", "Serve the avatar: open the page, type, and the character talks"),
    CommandSpec("check", "check", "Find what is wrong with the settings"),
    CommandSpec("latency", "latency", "Measure how soon the character speaks, against the thresholds"),
    CommandSpec("say", "say", "Speak a text to the speaker or into a file"),
    CommandSpec("import", "import_folder", "Take over a folder of Open-LLM-VTuber, or character cards"),
    CommandSpec("key", "key", "Make, list and revoke API keys"),
    CommandSpec("model", "model", "List and download the models that run on this machine"),
    CommandSpec("schema", "schema", "Print the JSON Schema of conf.yaml for editors"),
)


class LazyGroup(TyperGroup):
    """Lists the commands from the table, imports the one that is run, and turns errors into exit codes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for spec in COMMANDS:
            self.add_command(TyperCommand(spec.name, help=spec.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        spec = next((spec for spec in COMMANDS if spec.name == name), None)
        return name, loaded(spec) if spec else listed, rest

    def invoke(self, ctx: Any) -> Any:
        debug = bool(ctx.params.get("debug"))
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(130)
        except HayakuchiError as error:
            if debug:
                raise
            _fail(ctx, [error])
        except BaseExceptionGroup as group:
            known, unknown = group.split(HayakuchiError)
            if debug or unknown or not known:
                raise
            _fail(ctx, _leaves(known))


def loaded(spec: CommandSpec) -> Any:
    """The command itself, imported."""
    module = import_module(f"{__package__}.{spec.module}")
    app = getattr(module, "app", None)
    return typer.main.get_command(app if app is not None else _single(spec.name, getattr(module, spec.module)))


def _single(name: str, function: Callable[..., Any]) -> typer.Typer:
    app = _typer()
    app.command(name)(function)
    return app


def _typer(**options: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)


def _fail(ctx: Any, errors: Sequence[BaseException]) -> NoReturn:
    for error in errors:
        for line in lines_of(error):
            typer.echo(f"error: {line}", err=True)
    ctx.exit(max(map(exit_code, errors)))
    raise AssertionError("a context's exit does not return")


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hayakuchi {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the program an error came from.")] = False,
) -> None:
    """An AI-VTuber that speaks before the model has finished its first sentence."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (``sys.argv``'s by default) and exit."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe on Windows has a code page that cannot hold a character's name.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app = _typer(cls=LazyGroup, no_args_is_help=True)
    app.callback()(_root)
    typer.main.get_command(app).main(args=arguments, prog_name="hayakuchi")
    sys.exit(0)
