"""What of a server's settings nobody is to read: found in them, and taken out of what is told. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

SHORTEST = 6
"""What is shorter is no key, and may be part of any word."""
HIDDEN = "***"

_NAMES_A_KEY = re.compile(r"(?i)^(?!.*(?:file|path|dir)\b).*(?:key|token|secret|passw|pwd|auth|credential|cookie)")
_KEY = re.compile(
    r"""(?x)
    (?:sk|pk|rk)[-_].{8,} | gh[a-z]_\w{8,} | github_pat_\w{8,} | xox[a-z]-.{8,} | AKIA\w{8,} | eyJ[\w-]{8,}.*
    | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}
    | (?=.*\d)(?=.*[A-Za-z])[\w~+-]*[A-Za-z0-9]{16}[\w~+.=-]*
    | (?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w~+.=-]{32,}
    """
)
_SEGMENT = re.compile(r"[\w~=]{16,}")
"""A part of an address's path that is no word."""
_BETWEEN = re.compile(r"""[\s=:,;"'{}\[\]/]+""")
_SCHEMES = frozenset({"basic", "bearer", "digest", "token", "apikey"})


def looks_like_a_key(word: str) -> bool:
    return len(word) <= 4000 and _KEY.fullmatch(word) is not None


def in_args(args: Sequence[str]) -> Iterator[str]:
    """Keys among the arguments of a program: behind ``--api-key``, in ``TOKEN=…``, in addresses, and what looks like one."""
    awaited = False
    for arg in args:
        if awaited and not arg.startswith("-"):
            yield arg
        for between in "=:":
            name, found, value = arg.partition(between)
            if found and _NAMES_A_KEY.match(name) and not value.startswith("//"):
                yield value
                yield from words(value)
        yield from in_address(arg[max(arg.find("http"), 0) :] if "://" in arg else "")
        yield from filter(looks_like_a_key, _BETWEEN.split(arg))
        awaited = arg.startswith("-") and "=" not in arg and _NAMES_A_KEY.match(arg) is not None


def in_address(url: str) -> Iterator[str]:
    """Keys in an address: who asks, values that have a key's name or look, parts of the path that are no words."""
    with suppress(ValueError):
        parts = urlsplit(url)
        yield parts.netloc.rpartition("@")[0]
        yield parts.password or ""
        for name, value in parse_qsl(parts.query):
            if _NAMES_A_KEY.match(name) or looks_like_a_key(value):
                yield value
        for segment in parts.path.split("/"):
            if looks_like_a_key(segment) or _SEGMENT.fullmatch(segment):
                yield segment


def in_values(named: Mapping[str, str]) -> Iterator[str]:
    """Of environment variables, or headers, those that are keys by their name or their look, and the keys in addresses."""
    for name, value in named.items():
        if _NAMES_A_KEY.match(name):
            yield value
            yield from words(value)
        else:
            yield from filter(looks_like_a_key, _BETWEEN.split(value))
        yield from in_address(value if "://" in value else "")


def words(value: str) -> list[str]:
    """The parts of a header's value, without what only says of which kind it is."""
    return [word for word in re.split(r"""[\s,;"'{}\[\]]+""", value) if word.lower() not in _SCHEMES]


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with each of them hidden, the longest first: one may be part of another."""
    for secret in sorted({one for one in secrets if len(one) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
