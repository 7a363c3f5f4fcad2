"""What a block says about a server on the other end of HTTP: where it is, and the keys to it.

Every key stays inside a SecretStr until a request is made, and a mistake in one is told without showing it.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, Field, SecretStr

from .block import Block

_ENDPOINT = re.compile(r"/(chat/completions|completions?|embeddings|audio/speech|audio/transcriptions|models)$")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def tidy_base_url(text: str) -> str:
    """The address below which ``chat/completions`` and its siblings lie, without a slash at its end.

    A bare host gets ``/v1``; an endpoint that was pasted whole loses its last part. Raises ValueError.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://127.0.0.1:11434/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password; put the key in api_key")
    if parts.port == 0:
        raise ValueError("port 0 is no address")
    path = _ENDPOINT.sub("", parts.path.rstrip("/")).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", parts.query, ""))


def is_loopback(url: str) -> bool:
    """Whether the server runs on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _sendable(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value().strip()
    if not (value.isascii() and (value.isprintable() or not value)):
        raise ValueError("holds characters that cannot be sent in an HTTP header")
    return SecretStr(value)


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("is not the name of an HTTP header")
    return name


Secret = Annotated[SecretStr, AfterValidator(_sendable)]
HeaderName = Annotated[str, AfterValidator(_header_name)]


class ServerBlock(Block):
    """The keys that every provider behind HTTP has in conf.yaml."""

    base_url: Annotated[str, AfterValidator(tidy_base_url)] = Field(
        description="Where the server is, for example http://127.0.0.1:11434/v1"
    )
    api_key: Secret = Field(
        default=SecretStr(""), description="Key of the service; empty or none: the server wants no key"
    )
    extra_headers: dict[HeaderName, Secret] = Field(
        default_factory=dict, description="Further HTTP headers of every request"
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="Further fields of every request, for what only this server knows"
    )
    trust_env: bool = Field(
        default=True,
        description="Use the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name; never for this machine itself",
    )

    @property
    def loopback(self) -> bool:
        return is_loopback(self.base_url)

    @property
    def key(self) -> str:
        """The key as it is sent; empty: no Authorization header."""
        value = self.api_key.get_secret_value()
        return "" if value.lower() == "none" else value

    def headers(self) -> dict[str, str]:
        """Headers of every request, in clear."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return headers | {name: value.get_secret_value() for name, value in self.extra_headers.items()}

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, longest first."""
        values = {self.key, *(value.get_secret_value() for value in self.extra_headers.values())}
        return tuple(sorted(filter(None, values), key=len, reverse=True))

    def endpoint(self, path: str) -> str:
        """The whole address of ``path``, for example ``chat/completions``; a query in base_url stays.

        A path that begins with a slash lies beside ``/v1``, not below it.
        """
        scheme, netloc, base, query, _ = urlsplit(self.base_url)
        below = base.removesuffix("/v1") + path if path.startswith("/") else f"{base}/{path}"
        return urlunsplit((scheme, netloc, below, query, ""))

    @property
    def shown_url(self) -> str:
        """base_url for messages: without its query, which may hold a key."""
        scheme, netloc, path, _, _ = urlsplit(self.base_url)
        return urlunsplit((scheme, netloc, path, "", ""))
