"""Whether people have a client's attention: whoever speaks without having been asked waits for them."""

from __future__ import annotations

from .client import Client


def hears(client: Client, now: float) -> bool:
    """Whether somebody speaks into its microphone, or has and is not understood yet. ``now`` in ms of the loop's clock."""
    return client.mic.pending or client.initiative.hears(now)


def occupied(client: Client, now: float) -> bool:
    """Whether it speaks, or somebody speaks to it, or what was said to it waits for an answer."""
    return client.speaking or client.session.waiting() > 0 or hears(client, now)
