"""Whether a folder holds a web frontend that can be served."""

from __future__ import annotations

from pathlib import Path

from ...orchestrator.tree import shown
from .safe_paths import file_below

INDEX = "index.html"


def what_is_wrong(folder: Path) -> str | None:
    """Why no frontend can be served from there, and what to do."""
    if file_below(folder, INDEX):
        return None
    try:
        there = folder.is_dir()
    except (OSError, ValueError):
        there = False
    if not there:
        return f"there is no folder {shown(folder)}"
    source = (folder / "package.json").exists() or (folder / "src").is_dir()
    built = "; name the folder that its build made" if source else "; name the folder of a frontend that is built"
    return f"no {INDEX} in {shown(folder)}{built}"
