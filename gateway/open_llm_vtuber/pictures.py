"""Pictures that a client sends: data URLs, whose first bytes say what they are. Nothing is fetched from addresses."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence

from ...core.errors import ProtocolError
from ...core.types import Image
from .client_messages import MAX_IMAGE, ImageData

MAX_TOGETHER = 2 * MAX_IMAGE
"""Characters of a message's data URLs together."""
_HEAD = re.compile(r"data:(image/[a-z0-9.+-]{1,40})?(?:;[a-z0-9=._-]{1,60})*;base64,", re.IGNORECASE)


def images_of(sent: Sequence[ImageData] | None) -> tuple[Image, ...]:
    """The pictures, their types as they are. Raises ProtocolError, which names the first that is none."""
    pictures: list[Image] = []
    together = 0
    for number, one in enumerate(sent or (), 1):
        together += len(one.data)
        if together > MAX_TOGETHER:
            raise ProtocolError(f"images: with number {number} they are more than {MAX_TOGETHER >> 20} MB together")
        pictures.append(_picture(one.data, f"images: number {number} ({one.source})"))
    return tuple(pictures)


def _picture(url: str, which: str) -> Image:
    head = _HEAD.match(url)
    if head is None:
        raise ProtocolError(f"{which} is no data:image/…;base64,… URL; addresses are not fetched")
    body = url[head.end() :]
    try:
        kind = _kind(binascii.a2b_base64(body, strict_mode=True))
    except ValueError as error:
        raise ProtocolError(f"{which} is not base64 throughout") from error
    if kind is None:
        raise ProtocolError(f"{which} is no JPEG, PNG, GIF or WebP")
    return Image(f"data:{kind};base64,{body}")


def _kind(data: bytes) -> str | None:
    """What models' servers take, by its first bytes: many of them refuse a type that is told wrong."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None
