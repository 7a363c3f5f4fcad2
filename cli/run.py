"""``hayakuchi run``: serve the avatar."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import webbrowser
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import ConfigError
from ..orchestrator.settings import Settings
from .local_audio import list_devices, local_audio
from .logs import LogFormat, log_to_stderr
from .options import CharacterOption, ConfigOption, settings_from
from .stand_ins import StandIns
from .warming import warming_line

BACKLOG = 2048

log = logging.getLogger(__name__)


FrontendOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a built web frontend of Open-LLM-VTuber's that you have: serve it in place of the studio"
    ),
]


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def run(
    config: ConfigOption = None,
    character: CharacterOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; wins over conf.yaml")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page in the browser")] = False,
    open_to_network: Annotated[
        bool, typer.Option("--open-to-network", help="Allow an address that other machines can reach, without keys")
    ] = False,
    here: Annotated[
        bool, typer.Option("--local-audio", help="Play through this machine's speaker and listen to its microphone")
    ] = False,
    speaker: Annotated[
        str | None, typer.Option(help="With --local-audio: number or words of the name of another speaker, or none")
    ] = None,
    microphone: Annotated[
        str | None, typer.Option(help="With --local-audio: number or words of the name of another microphone, or none")
    ] = None,
    frontend: FrontendOption = None,
    devices: Annotated[
        bool,
        typer.Option(
            "--list-devices", callback=list_devices, is_eager=True, help="Print speakers and microphones and exit"
        ),
    ] = False,
    log_level: Annotated[LogLevel, typer.Option(help="What is written to stderr")] = LogLevel.WARNING,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="Form of the lines; wins over observability.log_format")
    ] = None,
) -> None:
    """Serve the avatar: open the page, type, and she talks."""
    from ..gateway.server import serve
    from ..orchestrator.engine import Engine

    settings = settings_from(config, character)
    form = log_format or settings.observability.log_format
    log_to_stderr(log_level, form)
    note = log.warning if form == LogFormat.JSON else _note
    settings = with_frontend(with_address(settings, host, port), frontend)
    _check_reach(settings, open_to_network)
    if not here and (speaker or microphone):
        raise ConfigError("say --local-audio as well", path="--speaker" if speaker else "--microphone")
    engine = Engine(settings)
    beside = local_audio(engine, speaker, microphone) if here else None
    listener = bind(settings.server.host, settings.server.port)
    browser = settings.server.open_browser and not no_browser and sys.stdout.isatty()
    url = address(listener)

    def ready() -> None:
        _announce(url, browser=browser)
        if studio_moved(settings):
            note(f"the studio is at {url}/studio")
        StandIns(engine, note).watch()

    with warming_line() as engine.on_warming:
        serve(engine, listener, ready, beside, lambda patience_s: note(_goodbye(patience_s)))


def _note(line: str) -> None:
    typer.echo(f"note: {line}", err=True)


def _goodbye(patience_s: float) -> str:
    if not patience_s:
        return "ending: goodbye"
    return f"ending: waiting at most {patience_s:g} s for what is being said; Ctrl+C ends at once"


def with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with what the command line says of the address."""
    changes = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    return replace(settings, server=settings.server.model_copy(update=changes))


def with_frontend(settings: Settings, folder: Path | None) -> Settings:
    """The settings with the frontend that the command line names. Raises ConfigError when the folder holds none."""
    if folder is None:
        return settings
    from ..gateway.open_llm_vtuber.frontend import what_is_wrong

    if problem := what_is_wrong(folder):
        raise ConfigError(problem, path="--frontend")
    changes = {"frontend": folder.absolute(), "enabled": True}
    return replace(settings, open_llm_vtuber=settings.open_llm_vtuber.model_copy(update=changes))


def studio_moved(settings: Settings) -> bool:
    """Whether a frontend of the user's is where the studio is otherwise."""
    return settings.open_llm_vtuber.enabled and settings.open_llm_vtuber.frontend is not None


def _check_reach(settings: Settings, open_to_network: bool) -> None:
    """Raises ConfigError for a server that everybody could use, and for one that nobody could."""
    from ..gateway.access.origin import is_loopback
    from .key import any_usable

    if settings.gateway.auth.enabled:
        if not any_usable(settings):
            raise ConfigError(
                "API keys are asked for, and there is none that is good; make one: uv run hayakuchi key new NAME",
                path="gateway.auth.enabled",
            )
        return
    host = settings.server.host
    if not is_loopback(host) and not open_to_network:
        raise ConfigError(
            f"{host} can be reached by other machines, and whoever reaches it can make the avatar talk and spend your keys; "
            "ask for API keys (gateway.auth.enabled: true in conf.yaml, and `uv run hayakuchi key new NAME`), "
            "use 127.0.0.1, or say --open-to-network if everybody may",
            path="server.host",
        )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError when the address cannot be had, with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Told which protocol it is, asyncio sends small answers at once (TCP_NODELAY), not 40 ms later.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # from here on a second server on this port is told so
    except (OSError, UnicodeError) as error:
        listener.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        hint = f"is Hayakuchi running already? Another port: --port {port + 1}" if taken else "use 127.0.0.1"
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot listen on {host}:{port} ({reason}); {hint}", path="server") from error
    listener.setblocking(False)
    return listener


def address(listener: socket.socket) -> str:
    """The URL at which a listening socket is reached from this machine."""
    host, port = map(str, listener.getsockname()[:2])
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(url: str, *, browser: bool) -> None:
    typer.echo(f"ready {url}")
    sys.stdout.flush()
    if browser:
        # Some browsers' launchers wait; the server does not.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
