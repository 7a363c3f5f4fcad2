"""What a caller must be allowed to do to come to a path. What is not told here is for administrators only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.routing import BaseRoute, Mount, Route, compile_path

from ...orchestrator.gateway_settings import Scope
from ..api.endpoint import Endpoint

WEBSOCKETS: Mapping[str, Scope] = {
    "/stage/ws": Scope.SPEAK,
    "/ws": Scope.SPEAK,
    "/ws_asr": Scope.SPEAK,
    "/chat/ws": Scope.CHAT,
    "/tts-ws": Scope.SPEAK,
    "/client-ws": Scope.SPEAK,
}
"""By path."""


@dataclass(frozen=True, slots=True)
class Need:
    """``scope`` None: open to all. ``page``: a page or one of its files, where no key is looked at. ``counted``: as a request
    of the caller's."""

    scope: Scope | None
    page: bool = False
    known: bool = True
    counted: bool = True


PAGE = Need(None, page=True)
UNKNOWN = Need(Scope.ADMIN, known=False)
FILE = Need(Scope.SPEAK, counted=False)
"""A model is some hundred of them, fetched at once."""


class Access:
    """Paths are matched as Starlette matches them: those without parameters first, then in order."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint] = (),
        pages: Iterable[BaseRoute] = (),
        files: Iterable[Route] = (),
        *,
        frontend: bool = False,
    ) -> None:
        """``files``: of the avatar, for those who may see it. ``frontend``: pages are at all paths that nothing else is at."""
        self._rest = PAGE if frontend else UNKNOWN
        self._plain: dict[str, dict[str, Need]] = {}
        self._patterns: list[tuple[re.Pattern[str], str, Need]] = []
        self._pages: set[str] = set()
        self._folders: tuple[str, ...] = ()
        for endpoint in endpoints:
            for path in (endpoint.path, *endpoint.aliases):
                self._put(endpoint.method, path, Need(endpoint.scope))
        for file in files:
            self._put("GET", file.path, FILE)
        for page in pages:
            if isinstance(page, Route):
                self._pages.add(page.path)
            elif isinstance(page, Mount):
                self._folders += (f"{page.path}/",)

    def http(self, method: str, path: str) -> Need:
        """What a request needs. A path that is known by other methods needs what those do."""
        if path in self._pages or path.startswith(self._folders):
            return PAGE
        method = "GET" if method == "HEAD" else method
        methods = self._plain.get(path)
        if methods is None:
            methods = {verb: need for pattern, verb, need in reversed(self._patterns) if pattern.match(path)}
        if not methods and method == "GET":
            return self._rest
        return methods.get(method) or _strictest(methods.values())

    def websocket(self, path: str) -> Need:
        scope = WEBSOCKETS.get(path)
        return UNKNOWN if scope is None else Need(scope)

    def _put(self, method: str, path: str, need: Need) -> None:
        if "{" in path:
            self._patterns.append((compile_path(path)[0], method, need))
        else:
            self._plain.setdefault(path, {})[method] = need


def _strictest(needs: Iterable[Need]) -> Need:
    """An answer that only tells of other methods is for those who may use one of them."""
    found = [need for need in needs if need.scope is not None]
    return found[0] if found else next(iter(needs), UNKNOWN)
