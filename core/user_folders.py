"""Where a user's programs keep what they can make again, or fetch again, and what they cannot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def user_cache(environ: Mapping[str, str], platform: str) -> Path | None:
    """Where this user's programs keep what they can make again; None where there is no such place.

    Windows: %LOCALAPPDATA%. macOS: ~/Library/Caches. Elsewhere: $XDG_CACHE_HOME if it is absolute, else ~/.cache.
    """
    if platform == "win32":
        local = environ.get("LOCALAPPDATA", "")
        return Path(local) if local else None
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, as in some containers
        home = None
    if platform == "darwin":
        return home / "Library" / "Caches" if home else None
    given = environ.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):
        return Path(given)
    return home / ".cache" if home else None


def user_data(environ: Mapping[str, str], platform: str) -> Path | None:
    """Where this user's programs keep what must not be lost; None where there is no such place.

    Windows: %LOCALAPPDATA%. macOS: ~/Library/Application Support. Elsewhere: $XDG_DATA_HOME if it is absolute, else
    ~/.local/share.
    """
    if platform == "win32":
        return user_cache(environ, platform)
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if platform == "darwin":
        return home / "Library" / "Application Support" if home else None
    given = environ.get("XDG_DATA_HOME", "")
    if given.startswith("/"):
        return Path(given)
    return home / ".local" / "share" if home else None
