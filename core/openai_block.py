"""What the blocks of all providers that speak OpenAI's HTTP API have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from .errors import Category, ProviderError
from .http import HttpClient
from .remote import ServerBlock


class OpenAIBlock(ServerBlock):
    """A server whose further fields (``extra_body``) may not be those that the provider fills in itself (``own_fields``)."""

    own_fields: ClassVar[frozenset[str]] = frozenset()

    @field_validator("extra_body")
    @classmethod
    def _leaves_own_fields_alone(cls, value: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(cls.own_fields & value.keys()):
            raise ValueError(f"{', '.join(taken)} cannot be set here")
        return value


async def listing_probed(http: HttpClient, subject: str) -> str:
    """Ask for the list of models, which costs nothing; a line that says that the server is there. Raises ProviderError when it
    cannot be reached or refuses the key; what else it says to that question tells nothing about its other routes."""
    try:
        await http.get_json("models")
    except ProviderError as error:
        if error.category in (Category.AUTH, Category.CONNECTIVITY, Category.TIMEOUT):
            raise
    return f"{subject} at {http.failures.url}"
