"""Who comes, and whether it may: the same for HTTP, WebSocket and gRPC."""

from __future__ import annotations

import ipaddress

from ...orchestrator.gateway_settings import GatewaySettings, LimitSettings, Scope
from ..api.problem import Problem
from .caller import ADDRESS, ANONYMOUS, Caller
from .failures import Failures
from .key_ring import KeyRing
from .keys import Key
from .recent import Recent

NO_LIMITS = LimitSettings(requests_per_minute=0, concurrent_turns=0)
MOST_CHARS = 64
MOST_REMEMBERED = 10_000


class Entrance:
    """Knows callers by their key, or by their address where they have none."""

    def __init__(self, settings: GatewaySettings, keys: KeyRing) -> None:
        self.keys = keys
        self.failures = Failures()
        self._settings = settings
        self._strangers: Recent[str | None, Caller] = Recent(MOST_REMEMBERED)
        self._callers: Recent[str, tuple[Key, Caller]] = Recent(MOST_REMEMBERED)
        self._welcome: Recent[tuple[str, str], bool] = Recent(MOST_REMEMBERED)
        """Keys that were good, and from where: they need not wait when a neighbour behind the same address guesses."""

    @property
    def closed(self) -> bool:
        """Whether keys are asked for."""
        return self._settings.auth.enabled

    def anonymous(self, host: str | None) -> Caller:
        """Whoever comes from there without a key. Where keys are asked for, such callers see the conversations of their own
        address only, and not those from before there were keys."""
        found = self._strangers.get(host)
        if found is None:
            scopes = frozenset(self._settings.auth.anonymous if self.closed else Scope)
            own = not self.closed and _is_loopback(host)
            address = address_of(host)
            owner = address if self.closed else ANONYMOUS
            found = Caller(address, owner, scopes, NO_LIMITS if own else self._settings.limits)
            if host is None or len(host) <= MOST_CHARS:  # what a proxy tells may be anything
                self._strangers.put(host, found)
        return found

    async def identify(self, token: str | None, host: str | None) -> Caller:
        """Who asks. Where no keys are asked for, they are not looked at: clients send one because they have to.

        Raises Problem: 401 for a key that is not good, 429 after too many of them; StoreError when keys cannot be read.
        """
        if token is None or not self.closed:
            return self.anonymous(host)
        address = self.anonymous(host).id
        wait_s = self.failures.wait_s(address)
        if wait_s and self._welcome.get((address, token[:11])) is None:
            raise _wait(wait_s)
        try:
            key = await self.keys.find(token)
        except Problem:
            if wait_s:
                raise _wait(wait_s) from None
            self.failures.failed(address)
            raise
        self._welcome.put((address, token[:11]), True)
        return self._of(key)

    def _of(self, key: Key) -> Caller:
        known = self._callers.get(key.id)
        if known is None or known[0] is not key:
            known = (key, key.caller(self._settings.limits))
            self._callers.put(key.id, known)
        return known[1]

    def check_wait(self, host: str | None) -> None:
        """Raises Problem (429) while keys from there are not looked at."""
        if wait_s := self.failures.wait_s(address_of(host)):
            raise _wait(wait_s)

    def failed(self, host: str | None) -> None:
        """Somebody there promised a key and sent none."""
        self.failures.failed(address_of(host))

    def require(self, caller: Caller, scope: Scope | None) -> None:
        """Raises Problem: 401 for who should come with a key, 403 for who has one that does not allow this."""
        if scope is None or caller.may(scope):
            return
        if caller.anonymous:
            message = (
                "an API key is needed, as `Authorization: Bearer hk_...`; `uv run hayakuchi key new NAME` makes one"
            )
            raise Problem(401, message, "missing_api_key")
        raise Problem(403, f"the API key {caller.id} does not allow this: it needs the scope {scope}", "scope_missing")


def address_of(host: str | None) -> str:
    """What an address is counted under. Of IPv6 it is the network: who has one address there has all of them."""
    try:
        found = ipaddress.ip_address(host or "")
    except ValueError:
        return f"{ADDRESS}unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return f"{ADDRESS}{ipaddress.ip_network((int(found) >> 64 << 64, 64))}"
        found = found.ipv4_mapped
    return f"{ADDRESS}{found}"


def _is_loopback(host: str | None) -> bool:
    try:
        found = ipaddress.ip_address(host or "")
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _wait(seconds: float) -> Problem:
    message = "too many API keys from this address were not good; wait before you try again"
    return Problem(429, message, "too_many_failures", retry_after_s=seconds + 0.5)
