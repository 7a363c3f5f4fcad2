"""What of a server's settings nobody is to read: found in them, and taken out of what is told. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

SHORTEST = 6
"""What is shorter is no key, and may be part of any word."""
HIDDEN = "***"

_KEY_NAME = re.compile(
    r"""(?xi)
    passw | pwd | secret | credential | cookie | tokens?(?![a-z])
    | (?:(?<![a-z])|api|access|auth)keys?(?![a-z]) | (?<![a-z])(?:auth|authorization|pat)(?![a-z])
    """
)
_OF_A_FILE = re.compile(r"(?i)(?:file|path|dir)$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_KEY = re.compile(r"(?i)^(?!.*(?:file|path|dir)\b).*(?:key|token|secret|passw|pwd|auth|credential|cookie)")
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


def names_a_key(name: str) -> bool:
    """Whether what goes by this name is a key: ``--api-key``, ``ACCESS_TOKEN``, ``authToken``; not ``--author``."""
    parted = _CAMEL.sub("-", name.strip())
    return _KEY_NAME.search(parted) is not None and _OF_A_FILE.search(parted) is None


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
            if found and names_a_key(name) and not value.startswith("//"):
                yield value
                yield from words(value)
        yield from in_address(arg[max(arg.find("http"), 0) :] if "://" in arg else "")
        yield from filter(looks_like_a_key, _BETWEEN.split(arg))
        awaited = arg.startswith("-") and "=" not in arg and names_a_key(arg)


def in_address(url: str) -> Iterator[str]:
    """Keys in an address: who asks, values that have a key's name or look, parts of the path that are no words."""
    with suppress(ValueError):
        parts = urlsplit(url)
        yield parts.netloc.rpartition("@")[0]
        yield parts.password or ""
        for name, value in parse_qsl(parts.query):
            if names_a_key(name) or looks_like_a_key(value):
                yield value
        for segment in parts.path.split("/"):
            if looks_like_a_key(segment) or _SEGMENT.fullmatch(segment):
                yield segment


def in_values(named: Mapping[str, str]) -> Iterator[str]:
    """Of environment variables, or headers, those that are keys by their name or their look, and the keys in addresses."""
    for name, value in named.items():
        if names_a_key(name):
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
