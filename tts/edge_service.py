"""What the package ``edge-tts`` knows of Microsoft's read-aloud service: its address, its token, its SSML.

All of that changes when Microsoft changes the service; an upgrade of the package follows it, and nothing here has to. The
package also has a client of its own, which opens a connection for each sentence when the sentence is there.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..core.errors import Category, ProviderError
from .edge_protocol import speech_config

KIND, NAME = "tts", "edge_tts"
_SET_BY_THE_CLIENT = frozenset({"sec-websocket-version", "host", "connection", "upgrade"})


@dataclass(frozen=True, slots=True)
class Service:
    """The service, reached at ``endpoint`` where that is not None."""

    endpoint: str | None
    tls: ssl.SSLContext
    _communicate: Any
    _constants: Any
    _drm: Any

    @classmethod
    def load(cls, endpoint: str | None) -> Service:
        """Takes a quarter of a second, so call it in a thread. Raises ProviderError when the package is not there."""
        try:
            communicate = import_module("edge_tts.communicate")
            constants, drm = import_module("edge_tts.constants"), import_module("edge_tts.drm")
            import_module("av")
            tls = ssl.create_default_context()
            tls.load_verify_locations(import_module("certifi").where())
        except ModuleNotFoundError as error:
            message = f"needs the Python package {error.name!r}, which is not installed; try: pip install edge-tts av"
            raise failure(Category.MISSING_EXTRA, message) from error
        return cls(endpoint, tls, communicate, constants, drm.DRM)

    @property
    def base_url(self) -> str:
        return self.endpoint or self._constants.WSS_URL

    def url(self) -> str:
        """The address of a connection that is opened now: it holds a token that is good for five minutes."""
        base = self.base_url
        return (
            f"{base}{'&' if '?' in base else '?'}ConnectionId={self._communicate.connect_id()}"
            f"&Sec-MS-GEC={self._drm.generate_sec_ms_gec()}"
            f"&Sec-MS-GEC-Version={self._constants.SEC_MS_GEC_VERSION}"
        )

    def headers(self) -> dict[str, str]:
        headers = self._drm.headers_with_muid(self._constants.WSS_HEADERS)
        return {name: value for name, value in headers.items() if name.lower() not in _SET_BY_THE_CLIENT}

    def speech_config(self, output_format: str) -> str:
        return speech_config(self._communicate.date_to_string(), output_format)

    def ssml(self, escaped: str, *, voice: str, rate: str, pitch: str, volume: str) -> str:
        """The message that asks for a clip of this text, which is escaped for XML. Raises ProviderError."""
        c = self._communicate
        try:
            prosody = c.TTSConfig(voice, rate, volume, pitch, "WordBoundary")
        except ValueError as error:
            raise failure(Category.INVALID_REQUEST, f"edge-tts does not take these settings: {error}") from error
        return c.ssml_headers_plus_data(c.connect_id(), c.date_to_string(), c.mkssml(prosody, escaped))

    def correct_clock(self, date: str | None) -> bool:
        """Take over the server's time, which tokens are made from; whether ``date`` (an HTTP header) told it."""
        at = self._drm.parse_rfc2616_date(date) if date else None
        if at is None:
            return False
        self._drm.adj_clock_skew_seconds(at - self._drm.get_unix_timestamp())
        return True


def failure(category: Category, message: str, *, retry_after_s: float | None = None) -> ProviderError:
    return ProviderError(KIND, NAME, category, message, retry_after_s=retry_after_s)
