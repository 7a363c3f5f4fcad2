"""The section ``cache``: phrases that were spoken before."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pydantic import Field

from ..core.block import Block
from ..core.user_folders import user_cache


class CacheSettings(Block):
    """Phrases that were spoken before are there at once. Delete the folder to forget them."""

    enabled: bool = Field(default=True, description="false: every text is asked of the voice, every time")
    size: int = Field(default=200, ge=1, le=100_000, description="Phrases held in memory; a voice's cache_size wins")
    disk_mb: int = Field(
        default=64, ge=0, le=100_000, description="MB of phrases kept on disk between runs; 0: in memory only"
    )
    folder: str = Field(
        default="",
        max_length=1000,
        pattern=r"^[^\x00]*$",
        description="Where they are kept, relative to this file; empty: in the user's cache folder",
    )
    warm: bool = Field(
        default=True,
        description="Speak the greeting and fillers once in the background; a voice's preload_common_phrases wins",
    )
    max_chars: int = Field(default=60, ge=1, le=2000, description="Longest text of a reply whose sound is kept")
    max_seconds: float = Field(default=6, gt=0, le=120, description="Longest sound of a reply that is kept, s")

    def for_voice(self, config: Any) -> CacheSettings:
        """With what the first-choice voice's own block says; its ``cache_size: 0`` turns the cache off."""
        size = getattr(config, "cache_size", None)
        preload = getattr(config, "preload_common_phrases", None)
        changes: dict[str, Any] = {} if preload is None else {"warm": bool(preload)}
        if size is not None:
            changes |= {"size": int(size)} if size > 0 else {"enabled": False}
        return self.model_copy(update=changes)

    @property
    def path(self) -> Path | None:
        """The folder of the phrases; None: none is used, or this user has no place for one."""
        if not self.enabled or not self.disk_mb:
            return None
        if self.folder:
            return Path(self.folder)
        base = user_cache(os.environ, sys.platform)
        return base / "hayakuchi" / "phrases" if base else None
