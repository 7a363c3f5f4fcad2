"""What a block of ``mcp_servers`` may say."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from ...core.block import Block

NAME = r"[A-Za-z0-9_.-]{1,64}"
"""How a server may be called."""
SHORTEST_SECRET = 6
"""What is shorter is no key, and may be part of any word."""


class McpServerSettings(Block):
    """A server of tools: a program that is started here (command), or one that is reached at an address (url)."""

    command: str = Field(default="", max_length=1000, description="Program that is started: uvx, npx, python …")
    args: tuple[str, ...] = Field(default=(), max_length=200, description="What it is started with")
    env: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="Environment variables that it gets beside PATH, HOME and the like"
    )
    cwd: str = Field(
        default="", max_length=1000, description="Folder that it runs in; left out: the one you started in"
    )
    url: str = Field(
        default="",
        max_length=2000,
        pattern=r"^(https?://[^\s]+)?$",
        description="Address of a server with streamable HTTP: http://127.0.0.1:8000/mcp",
    )
    headers: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="Headers of each request to url, for example Authorization"
    )
    timeout: float = Field(default=20.0, gt=0, le=600, description="Seconds that a call of a tool may take")
    enabled: bool = Field(default=True, description="false: it is neither started nor reached")

    @model_validator(mode="after")
    def _is_one_kind(self) -> McpServerSettings:
        if bool(self.command) == bool(self.url):
            raise ValueError("takes either a command or a url")
        if self.url and (self.args or self.env or self.cwd):
            raise ValueError("args, env and cwd go with a command, not with a url")
        if self.command and self.headers:
            raise ValueError("headers go with a url, not with a command")
        return self

    def without_secrets(self, text: str) -> str:
        """A text that may quote what a server was started or asked with."""
        parts = urlsplit(self.url)
        for secret in (*self.env.values(), *self.headers.values()):
            value = secret.get_secret_value()
            text = text.replace(value, "***") if len(value) >= SHORTEST_SECRET else text
        for part in (parts.query, parts.netloc.rpartition("@")[0]):
            text = text.replace(part, "***") if part else text
        return text
