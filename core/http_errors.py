"""What a failed HTTP request means to the person who runs the show.

Maps statuses and exceptions to a Category and to a sentence that says what to do. What a server said is quoted: bounded, on
one line, and without any key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json

from .errors import Category, ProviderError

MAX_QUOTE = 200
_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk|gsk|xai)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|(?<=Bearer )\S+", re.IGNORECASE)


def category_of_status(status: int) -> Category:
    """What an HTTP status says about the request (RFC 9110, section 15)."""
    if status in (401, 402, 403):
        return Category.AUTH
    if status in (404, 405, 410):
        return Category.NOT_FOUND
    if status in (408, 504):
        return Category.TIMEOUT
    if status == 429:
        return Category.RATE_LIMITED
    if status >= 500 or status in (409, 423, 425):
        return Category.UNAVAILABLE
    return Category.INVALID_REQUEST


def category_of_code(error: Mapping[str, Any]) -> Category:
    """Category of an error object that came inside an answer: ``code`` is a status or a word, ``type`` a word."""
    code = error.get("code")
    if isinstance(code, int) and 300 <= code < 600:
        return category_of_status(code)
    words = f"{code} {error.get('type')} {error.get('status')}".lower()
    for pattern, category in _WORDS:
        if pattern in words:
            return category
    return Category.UNAVAILABLE


_WORDS = (
    ("rate_limit", Category.RATE_LIMITED),
    ("quota", Category.RATE_LIMITED),
    ("auth", Category.AUTH),
    ("api_key", Category.AUTH),
    ("permission", Category.AUTH),
    ("not_found", Category.NOT_FOUND),
    ("timeout", Category.TIMEOUT),
    ("context_length", Category.INVALID_REQUEST),
    ("invalid", Category.INVALID_REQUEST),
)


def retry_after_s(value: str | None) -> float | None:
    """Seconds of a Retry-After header: a number, or a date (RFC 9110, section 10.2.3)."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), 86_400.0) if seconds == seconds else None


def error_text(body: bytes) -> str:
    """The readable part of an error's body, whatever its shape."""
    try:
        value: Any = from_json(body)
    except ValueError:
        text = body.decode("utf-8", "replace")
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return title[1] if title else text
    for key in ("error", "message", "detail", "msg"):
        while isinstance(value, dict) and key in value:
            value = value[key]
    return value if isinstance(value, str) else body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the ProviderErrors of one provider."""

    kind: str
    provider: str
    url: str
    """Address for messages."""
    subject: str
    """What is asked of the server, for example ``the model 'qwen2.5'``."""
    secrets: Sequence[str] = ()

    def quote(self, text: str) -> str:
        """``text`` on one line, at most 200 characters, no key in it."""
        for secret in self.secrets:
            if len(secret) > 3:
                text = text.replace(secret, "***")
        text = _KEY_LIKE.sub("***", text)
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1] + "…"

    def error(self, category: Category, message: str, *, retry_after_s: float | None = None) -> ProviderError:
        return ProviderError(self.kind, self.provider, category, message, retry_after_s=retry_after_s)

    def bad_output(self, message: str) -> ProviderError:
        return self.error(Category.BAD_OUTPUT, f"the server at {self.url} {message}")

    def of_error_object(self, error: Any) -> ProviderError:
        """For an error that the server sent where its answer should be."""
        if not isinstance(error, dict):
            error = {"message": str(error)}
        said = self.quote(str(error.get("message") or error))
        return self.error(category_of_code(error), f"the server at {self.url} broke off: {said}")

    def of_status(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        category = category_of_status(status)
        said = self.quote(error_text(body))
        message = self._advice(category, status, headers)
        if said:
            message = f"{message}; it says: {said}"
        return self.error(category, message, retry_after_s=retry_after_s(headers.get("Retry-After")))

    def _advice(self, category: Category, status: int, headers: Mapping[str, str]) -> str:
        server = f"the server at {self.url}"
        if 300 <= status < 400:
            return (
                f"{server} sends elsewhere (HTTP {status}: {self.quote(headers.get('Location', ''))}); correct base_url"
            )
        match category:
            case Category.AUTH if self.secrets:
                return f"the key was refused by {self.url} (HTTP {status}); check api_key"
            case Category.AUTH:
                return f"{server} wants a key (HTTP {status}); set api_key"
            case Category.NOT_FOUND:
                return f"{server} does not have {self.subject}, or base_url is wrong (HTTP {status})"
            case Category.RATE_LIMITED:
                return f"{server} is asked too often, or the quota is used up (HTTP {status})"
            case Category.TIMEOUT:
                return f"{server} ran out of time (HTTP {status})"
            case Category.INVALID_REQUEST:
                return f"{server} refused the request for {self.subject} (HTTP {status})"
            case _:
                return f"{server} is in trouble (HTTP {status}); look at its log"

    def of_exception(self, error: Exception) -> ProviderError:
        """For what aiohttp or the system raised while a request was made or its answer read."""
        category, message = self._meaning(error)
        return self.error(category, message)

    def _meaning(self, error: Exception) -> tuple[Category, str]:
        import aiohttp  # loaded long since: this error came from it

        match error:
            case aiohttp.ClientConnectorDNSError():
                return Category.CONNECTIVITY, f"the host of {self.url} is not known; check base_url and the network"
            case aiohttp.ClientProxyConnectionError():
                return (
                    Category.CONNECTIVITY,
                    "the proxy that the environment names does not answer; or set trust_env: false",
                )
            case aiohttp.ClientHttpProxyError():
                return Category.CONNECTIVITY, f"the proxy that the environment names refused (HTTP {error.status})"
            case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
                return Category.CONNECTIVITY, f"no secure connection to {self.url}: {self.quote(str(error))}"
            case aiohttp.ClientConnectorError():
                return Category.CONNECTIVITY, f"nothing answers at {self.url}; is the server running?"
            case TimeoutError():
                return Category.CONNECTIVITY, f"{self.url} cannot be reached in time; is the server running?"
            case aiohttp.ClientResponseError():
                return (
                    Category.BAD_OUTPUT,
                    f"what answers at {self.url} does not speak HTTP: {self.quote(error.message)}",
                )
            case aiohttp.ClientPayloadError():
                return Category.CONNECTIVITY, f"the connection to {self.url} broke in the middle of the answer"
            case _:
                return Category.CONNECTIVITY, f"the connection to {self.url} was lost"
