"""Which files of the user's folders are served, and as what. What is not told here is not served.

Fixed here, because on Windows the registry may say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

Types = Mapping[str, str]
"""Content types by the file name's last part, lower case."""

BYTES = "application/octet-stream"
IMAGES: Types = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".svg": "image/svg+xml",
}
VIDEOS: Types = {".mp4": "video/mp4", ".webm": "video/webm"}
SOUNDS: Types = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
}
MODELS: Types = {
    # Cubism 3 and later: model3, physics3, pose3, motion3, exp3, cdi3, userdata3; Cubism 2: model, physics, pose, exp
    ".json": "application/json",
    ".moc3": BYTES,
    ".moc": BYTES,
    ".mtn": BYTES,
    **{suffix: IMAGES[suffix] for suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp")},
    **SOUNDS,
}
PAGES: Types = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".onnx": BYTES,
    ".bin": BYTES,
    ".data": BYTES,
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    **IMAGES,
    **VIDEOS,
    **MODELS,
}
"""A built frontend, and the voices and models it brings."""


def content_type(name: str, types: Types) -> str | None:
    """None: such files are not served."""
    return types.get(PurePath(name).suffix.lower())
