"""Which addresses of pictures are handed on to a model's server, which fetches them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

EXPECTED = "expected an https: URL of a public host, or data:image/…;base64,…"
_FORM = re.compile(r"(?:https://[^\s]{1,8000}|data:image/[a-z0-9.+-]{1,40};base64,[A-Za-z0-9+/=_-]+)", re.IGNORECASE)
_LOCAL = re.compile(r"(?:.*\.)?(?:localhost|local|internal|home\.arpa)\.?|[^.]*", re.IGNORECASE)
"""Names that mean something in a private network only; those without a dot do everywhere else."""


def is_picture(url: str) -> bool:
    """Whether it may be handed on. Hosts that are plainly private are not: the model's server may see what a caller may not. A
    public name that leads to a private address is for that server to refuse."""
    if not _FORM.fullmatch(url):
        return False
    return url[:5].lower() == "data:" or _is_public(url)


def _is_public(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return not _LOCAL.fullmatch(host) and not re.fullmatch(r"[0-9a-fx.]+", host)  # 0x7f.1 and the like
