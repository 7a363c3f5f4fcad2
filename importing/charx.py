"""CHARX: a character card of version 3 in a ZIP archive, with its pictures."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from . import png_chunks
from .folder_files import Unreadable, parsed_json

LARGEST_CARD = 16_000_000
LARGEST_PICTURE = 32_000_000
"""Bytes, unpacked."""
MOST_ENTRIES = 5_000
_EMBEDDED = ("embeded://", "embedded://")
"""The specification's own spelling, and the other one."""


def opened(raw: bytes) -> tuple[Any, bytes | None]:
    """The card, and its main picture if that is a PNG. Nothing is unpacked to the disk. Raises Unreadable."""
    if raw.count(b"PK\x01\x02") > MOST_ENTRIES:
        raise Unreadable(f"there are more than {MOST_ENTRIES} files in it")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            card = parsed_json(_unpacked(archive, "card.json", LARGEST_CARD))
            return card, _picture(archive, card)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise Unreadable("it is a broken archive, or one with a password") from error


def _picture(archive: zipfile.ZipFile, card: Any) -> bytes | None:
    data = card.get("data") if isinstance(card, Mapping) else None
    assets = data.get("assets") if isinstance(data, Mapping) else None
    icons = [
        asset["uri"]
        for asset in (assets if isinstance(assets, list) else [])
        if isinstance(asset, Mapping) and asset.get("type") == "icon" and isinstance(asset.get("uri"), str)
    ]
    for uri in icons:
        for scheme in _EMBEDDED:
            name = uri.removeprefix(scheme)
            if name != uri and name in archive.NameToInfo:
                picture = _unpacked(archive, name, LARGEST_PICTURE)
                return picture if picture.startswith(png_chunks.SIGNATURE) else None
    return None


def _unpacked(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """As much as it may be, whatever the archive says of its size."""
    entry = archive.NameToInfo.get(name)
    if entry is None:
        raise Unreadable("it is an archive without a character card")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("it is packed in a way that others need a lot of memory for")
    with archive.open(entry) as stream:
        data = stream.read(largest + 1)
    if len(data) > largest:
        raise Unreadable(f"what is in it is larger than {largest / 1e6:g} MB")
    return data
