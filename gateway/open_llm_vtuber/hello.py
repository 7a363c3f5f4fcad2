"""What a client is told unasked when it comes, in the order that their clients know."""

from __future__ import annotations

from collections.abc import Mapping

from . import server_messages as told
from .client import Client, Handler
from .client_messages import RequestInitConfig


def greet(client: Client) -> None:
    """Everything up to the word that the microphone may be opened."""
    client.send(told.group_update((), is_owner=False))
    client.send(told.full_text(told.ESTABLISHED))
    tell_part(client)
    client.send(told.group_update((), is_owner=False))
    client.send(told.control("start-mic"))


def tell_part(client: Client, request_id: str | None = None) -> None:
    """Tell the client who is on stage, and how that one looks."""
    part = client.part
    model = client.doors.look.model_info(part)
    client.send(told.set_model_and_conf(model, part.character.name, part.id, client.uid), request_id)


async def _once_more(client: Client, message: RequestInitConfig, request_id: str | None) -> None:
    tell_part(client, request_id)


HANDLERS: Mapping[type, Handler] = {RequestInitConfig: _once_more}
