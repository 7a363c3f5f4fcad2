"""Where a model hub is, and what it tells of a repository."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic_core import from_json

from ..core.remote import is_loopback

HUGGING_FACE = "https://huggingface.co"


def tidy_hub(text: str) -> str:
    """The address of a hub without a slash at its end; empty stays empty. Raises ValueError."""
    text = text.strip()
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"must be an address such as {HUGGING_FACE}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def hub_address(mirror: str, environ: Mapping[str, str] = os.environ) -> str:
    """The mirror of the settings, else the one of the environment (HF_ENDPOINT), else Hugging Face. Raises ValueError."""
    if mirror:
        return mirror
    try:
        return tidy_hub(environ.get("HF_ENDPOINT", "")) or HUGGING_FACE
    except ValueError as error:
        raise ValueError(f"the environment variable HF_ENDPOINT {error}") from None


def is_unencrypted(url: str) -> bool:
    """Whether what comes from there may be read and changed on its way: ``http://``, unless it is this machine."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository; what the hub does not tell is None."""

    name: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The files that are wanted of a repository, at one commit."""

    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size or 0 for file in self.files)


def listing_of(body: bytes, wanted: Collection[str]) -> Listing | None:
    """What a hub tells of a repository; None where it is something else."""
    try:
        told: Any = from_json(body)
        commit, siblings = told["sha"], told["siblings"]
        files = tuple(_file(sibling) for sibling in siblings if sibling["rfilename"] in wanted)
    except (ValueError, KeyError, TypeError):
        return None
    return Listing(commit, files) if isinstance(commit, str) and re.fullmatch(r"[\w.-]{1,100}", commit) else None


def _file(sibling: Mapping[str, Any]) -> HubFile:
    size = sibling.get("size")
    stored = sibling.get("lfs")
    digest = stored.get("sha256") if isinstance(stored, dict) else None
    known = isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest)
    return HubFile(
        sibling["rfilename"], size if isinstance(size, int) and size >= 0 else None, digest if known else None
    )
