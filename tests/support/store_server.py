"""A server around scripted models, in a process of its own, whose conversations are kept in the folder that it is given.

python store_server.py FOLDER: prints its URL when it answers.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for

from hayakuchi.cli.run import address, bind
from hayakuchi.gateway.server import serve
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import SessionsSettings


def main(folder: Path) -> None:
    made = settings_for(
        lambda: ScriptedLLM(["Yes", ", ", "of course", "."], first_ms=1, token_ms=0),
        lambda: ScriptedTTS(first_ms=1, rtf=0.0),
    )
    settings = replace(made, sessions=SessionsSettings(file=folder / "crash.sqlite3"))
    listener = bind("127.0.0.1", 0)

    def ready() -> None:
        sys.stdout.write(f"{address(listener)}\n")
        sys.stdout.flush()

    serve(Engine(settings), listener, ready)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
