"""The peers' own Python environments, with exact versions, made with uv where they are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE / ".envs"
PACKAGES = {
    "pipecat": ("pipecat-ai[openai]==1.14.0",),
    "livekit": ("livekit-agents==1.8.9", "livekit-plugins-openai==1.8.9"),
}
TITLES = {"pipecat": "Pipecat 1.14.0", "livekit": "LiveKit Agents 1.8.9"}


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, made if it is missing or was made for other versions."""
    return made(FOLDER / peer, PACKAGES[peer])


def made(folder: Path, packages: Sequence[str]) -> Path:
    """The interpreter of an environment that has these packages and what they need. Raises CalledProcessError."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "packages.txt"
    wanted = "\n".join(packages)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"making the environment {folder.name}", file=sys.stderr)
    # Our own constraints on versions are not theirs.
    environment = {**os.environ, "UV_NO_CONFIG": "1"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for command in (
        ("uv", "venv", "--quiet", "--clear", "--python", version, str(folder)),
        ("uv", "pip", "install", "--quiet", "--python", str(python), *packages),
    ):
        subprocess.run(command, check=True, env=environment, timeout=1800)
    stamp.write_text(wanted)
    return python
