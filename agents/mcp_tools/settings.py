"""What a block of ``mcp_servers`` may say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from ...core.block import Block
from . import secrets

NAME = r"[A-Za-z0-9_.-]{1,64}"
"""How a server may be called."""


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

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            reachable = not url or (bool(parts.hostname) and parts.port != 0)
        except ValueError:  # its text may quote a password
            reachable = False
        if not reachable:
            raise ValueError("is no address: its host, or its port, is none")
        return url

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
        """A text that may quote what a server was started or asked with, for people."""
        parts = urlsplit(self.url)
        for part in (parts.query, parts.netloc.rpartition("@")[0]):
            text = text.replace(part, secrets.HIDDEN) if part else text
        shown = [value.get_secret_value() for value in (*self.env.values(), *self.headers.values())]
        every_word = [word for value in self.headers.values() for word in secrets.words(value.get_secret_value())]
        return secrets.without(text, [*shown, *every_word, *self._keys()])

    def without_keys(self, text: str) -> str:
        """What a server answers, for the model and for viewers: keys are taken out, other settings (``TZ=Asia/Tokyo``) may be
        what was asked for."""
        return secrets.without(text, self._keys())

    def _keys(self) -> Iterator[str]:
        yield from secrets.in_args(self.args)
        yield from secrets.in_address(self.url)
        for named in (self.env, self.headers):
            yield from secrets.in_values({name: value.get_secret_value() for name, value in named.items()})
