"""What conf.yaml says of the doors: who may come in, how much they may ask for, and what is written down."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..core.block import Block

_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://((?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def origin(text: str) -> str:
    """A web origin as browsers send it (RFC 6454 section 6.2): lower case, the scheme's usual port left out.

    Raises ValueError for anything else, ``*`` and ``null`` included.
    """
    written = text.strip().lower().removesuffix("/")
    found = _ORIGIN.fullmatch(written)
    if not found or int(found[3] or 0) > 65535:
        raise ValueError("an origin has the form scheme://host or scheme://host:port; '*' is not allowed")
    scheme, host, port = found.groups()
    return f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{int(port)}"


def network(text: str) -> str:
    """An address, or a network in CIDR notation. Raises ValueError for anything else, bits behind the mask included."""
    ipaddress.ip_network(text)
    return text


class Scope(StrEnum):
    """What a caller may do."""

    CHAT = "chat"
    """Talk to models and characters, and see and change its own conversations."""
    SPEAK = "speak"
    """Use the voice, the ears and the stage."""
    ADMIN = "admin"
    """Everything, the API's documentation and the resetting of figures included."""
    METRICS = "metrics"
    """Read the figures."""


class AuthSettings(Block):
    """Who may use the HTTP, WebSocket and gRPC APIs, and the pages."""

    enabled: bool = Field(default=False, description="Ask for an API key: `hayakuchi key new` makes one")
    anonymous: tuple[Scope, ...] = Field(
        default=(), description="What may be done without a key all the same, for example [chat]"
    )


class LimitSettings(Block):
    """How much one caller may ask for; a key may have its own. 0: as much as it likes."""

    requests_per_minute: int = Field(default=120, ge=0, le=1_000_000, description="Requests and new connections")
    concurrent_turns: int = Field(default=8, ge=0, le=100_000, description="Replies that are made at a time")
    characters_per_day: int = Field(default=0, ge=0, description="Characters of messages and of texts to speak")
    audio_seconds_per_day: int = Field(default=0, ge=0, description="Seconds of sound to understand or to speak")


class GrpcSettings(Block):
    """The gRPC door."""

    enabled: bool = Field(default=False, description="Needs: pip install 'hayakuchi[grpc]'")
    host: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:-]{1,255}$", description="Default: server.host")
    port: int = Field(default=50051, ge=0, le=65535, description="TCP port; 0 takes any free one")


class GatewaySettings(Block):
    """The doors."""

    auth: AuthSettings = Field(default=AuthSettings(), description="API keys")
    cors: tuple[Annotated[str, AfterValidator(origin)], ...] = Field(
        default=(), max_length=100, description="Further origins that may use the APIs, as scheme://host[:port]"
    )
    hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,253}$")], ...] = Field(
        default=(), max_length=100, description="Further names that this server is reached by, for example a proxy's"
    )
    trusted_proxies: tuple[Annotated[str, Field(max_length=64), AfterValidator(network)], ...] = Field(
        default=("127.0.0.1", "::1"),
        max_length=100,
        description="Whose X-Forwarded-For is believed: addresses, networks",
    )
    limits: LimitSettings = Field(default=LimitSettings(), description="Per key, and per address for those without one")
    max_sessions: int = Field(
        default=256, ge=1, le=100_000, description="Sessions at a time; more are refused with 503"
    )
    max_turns: int = Field(default=256, ge=1, le=100_000, description="Replies at a time; more are refused with 503")
    shed_lag_ms: float = Field(
        default=100, ge=10, le=60_000, description="The server's own lag (ms, p99 of a second) above which it is full"
    )
    drain_seconds: float = Field(
        default=20, ge=0, le=600, description="How long a server that is told to end lets replies finish"
    )
    max_prompt_chars: int = Field(default=8192, ge=1, le=10_000_000, description="Longest prompt of an API request")
    long_prompts: Literal["trim", 413, 422] = Field(
        default="trim", description="Prompts that are longer: trim them, or refuse them with this status"
    )
    max_response_tokens: int = Field(default=2048, ge=1, le=1_000_000, description="Longest reply to an API request")
    max_body_kb: int = Field(default=1024, ge=16, le=1_000_000, description="Largest JSON body, KB")
    max_upload_mb: float = Field(default=25, gt=0, le=1000, description="Largest sound file to transcribe, MB")
    max_clip_minutes: float = Field(default=30, gt=0, le=600, description="Longest sound file to transcribe, minutes")
    grpc: GrpcSettings = Field(default=GrpcSettings(), description="gRPC")


class SessionsSettings(Block):
    """Where conversations are kept, and for how long."""

    keep: bool = Field(default=True, description="false: conversations end with the server")
    file: Path | None = Field(
        default=None, description="Database file; default: hayakuchi/hayakuchi.sqlite3 among this user's data"
    )
    ttl_days: float = Field(default=90, ge=0, le=36_500, description="Forget those not used for so long; 0: never")
    max_stored: int = Field(
        default=1000, ge=1, le=1_000_000, description="Conversations kept per caller; the oldest go first"
    )
    max_messages: int = Field(default=10_000, ge=2, le=1_000_000, description="Messages kept per conversation")


class ObservabilitySettings(Block):
    """What is told of the server's work."""

    log_format: Literal["text", "json"] = Field(default="text", description="Form of the log lines on stderr")
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://\S{1,1000}$",
        description="Send traces there (OTLP over HTTP); needs: pip install 'hayakuchi[otel]'",
    )
