"""The life of a client's session."""

from __future__ import annotations

from contextlib import suppress

from ...core.errors import CapacityError, SessionClosed
from ...orchestrator.session import Session


async def lasting(session: Session) -> None:
    """Run the session; if its conversation is deleted meanwhile, what is being spoken belongs to none."""
    history, uid = session.history, session.history.uid

    def changed() -> None:
        nonlocal uid
        if history.uid != uid:
            uid = history.uid
            with suppress(CapacityError, SessionClosed):
                session.interrupt()

    stop = history.observe(changed, of=session)
    try:
        await session.run()
    finally:
        stop()
