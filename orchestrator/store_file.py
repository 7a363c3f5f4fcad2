"""Where conversations, keys and their use are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..core.errors import ConfigError
from ..core.user_folders import user_data
from .gateway_settings import SessionsSettings

NAME = "hayakuchi.sqlite3"


def store_file(settings: SessionsSettings) -> Path:
    """The database file of the settings, or that of this user. Raises ConfigError where a user has no place for it."""
    if settings.file is not None:
        return settings.file
    folder = user_data(os.environ, sys.platform)
    if folder is None:
        raise ConfigError("this user has no folder for data; name a file", path="sessions.file")
    return folder / "hayakuchi" / NAME
