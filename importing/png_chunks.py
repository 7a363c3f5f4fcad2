"""What is written into a PNG beside its picture (https://www.w3.org/TR/png-3/), and the picture without it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from .folder_files import Unreadable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST_TEXT = 16_000_000
"""Bytes of one text, decompressed."""
MOST_PIXELS = 64_000_000
MOST_CHUNKS = 200_000
_PICTURE = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs acTL fcTL fdAT".split())
"""What a picture is made of; everything else only tells of it."""


def texts(png: bytes, *keywords: bytes) -> dict[bytes, bytes]:
    """The texts of these keywords, as they stand there; of several of one keyword the last.

    Raises Unreadable for what is no PNG, and for a text too large.
    """
    found: dict[bytes, tuple[bytes, bytes]] = {}
    for kind, body in _chunks(png):
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            continue
        keyword, _, rest = body.partition(b"\0")
        if keyword.lower() in keywords:
            found[keyword.lower()] = kind, rest
    return {keyword: _text(kind, rest) for keyword, (kind, rest) in found.items()}


def without_texts(png: bytes) -> bytes:
    """The picture alone. Raises Unreadable for one that is broken, or too large to be drawn."""
    parts = [SIGNATURE]
    kinds: list[bytes] = []
    for kind, body in _chunks(png):
        if kind == b"IHDR":
            _check_size(body)
        if kind in _PICTURE:
            kinds.append(kind)
            parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise Unreadable("its picture is broken")
    return b"".join(parts)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """As far as they are whole. Raises Unreadable for more than any picture has."""
    if not png.startswith(SIGNATURE):
        raise Unreadable("it is no PNG")
    at, count = len(SIGNATURE), 0
    while at + 12 <= len(png):
        count += 1
        if count > MOST_CHUNKS:
            raise Unreadable(f"it has more than {MOST_CHUNKS} parts")
        length, kind = struct.unpack_from(">I4s", png, at)
        if at + 12 + length > len(png):
            return
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IEND":
            return


def _text(kind: bytes, rest: bytes) -> bytes:
    if kind == b"zTXt":
        return _inflated(rest[1:])
    if kind == b"iTXt":
        compressed, rest = rest[:1] == b"\1", rest[2:]
        text = rest.partition(b"\0")[2].partition(b"\0")[2]
        return _inflated(text) if compressed else text
    return rest


def _inflated(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, LARGEST_TEXT + 1)
    except zlib.error:
        raise Unreadable("what is written into it is broken") from None
    if len(text) > LARGEST_TEXT:
        raise Unreadable(f"what is written into it is larger than {LARGEST_TEXT / 1e6:g} MB")
    return text


def _check_size(header: bytes) -> None:
    width, height = struct.unpack_from(">II", header) if len(header) == 13 else (0, 0)
    if not 0 < width * height <= MOST_PIXELS:
        raise Unreadable(f"its picture has not 1 to {MOST_PIXELS // 1_000_000} million pixels")
