"""A client's session as its ears see it: what they do to it goes by way of the client, whose frontend has to know."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from ...core.errors import CapacityError, SessionClosed
from ...core.events import ProviderFailed, SessionEvent
from ...core.types import UserInput

if TYPE_CHECKING:
    from ...orchestrator.session import Session


class Hearer(Protocol):
    """Told of what the ears want. ``cut_in`` and ``words`` raise CapacityError when they are to be asked again."""

    def cut_in(self) -> None: ...
    def words(self, heard: UserInput, session: Session) -> None: ...
    def failed(self, failure: ProviderFailed) -> None: ...


class HeardSession:
    """What ``Ears`` ask of a session. A frontend cannot hold its voice and let it go on: where it would be held, it ends."""

    def __init__(self, session: Session, hearer: Hearer) -> None:
        self._session, self._hearer = session, hearer
        self.name, self.on_air, self.observe = session.name, session.on_air, session.observe
        self.think_ahead, self.drop_ahead = session.think_ahead, session.drop_ahead

    @property
    def turns(self) -> int:
        return self._session.turns

    def tell(self, event: SessionEvent) -> None:
        self._session.tell(event)
        if isinstance(event, ProviderFailed):
            self._hearer.failed(event)

    def pause(self, by: object = None) -> None:
        """Never raises."""
        with suppress(CapacityError, SessionClosed):
            self._hearer.cut_in()

    def resume(self, by: object = None) -> None: ...

    def interrupt(self) -> None:
        self._hearer.cut_in()

    def say(self, heard: UserInput) -> None:
        self._hearer.words(heard, self._session)
