"""The characters that a client may choose from; who is on stage for one client is no other one's matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...core.errors import HayakuchiError
from ...orchestrator.cast import Part
from . import server_messages as told
from .client import Client, Handler
from .client_messages import FetchConfigs, SwitchConfig
from .hello import tell_part
from .histories import fresh_name

SUFFIX = ".yaml"


async def _list(client: Client, message: FetchConfigs, request_id: str | None) -> None:
    found = await client.doors.engine.cast.list()
    configs = [{"filename": f"{id}{SUFFIX}", "name": name} for id, name in found]
    client.send(told.config_files(configs), request_id)


def switch(
    client: Client,
    message: SwitchConfig,
    request_id: str | None,
    complain: Callable[[HayakuchiError, str | None], None],
) -> None:
    """When the character is there, what is being said stops, and a fresh conversation begins: what was said to one character
    is not told to another. ``complain`` is told where it cannot be had, with the place of the mistake: then nothing changes."""
    cast = client.doors.engine.cast
    id = message.file.removesuffix(SUFFIX)

    async def take(part: Part) -> None:
        names = dict(await cast.list())
        async with client.choosing:
            await client.begin(fresh_name(), part)
            client.doors.engine.prepare(part)
            tell_part(client)
            client.send(told.config_switched(f"{names.get(id, id)} is on stage"), request_id)

    client.switching.to(id, take, lambda error: complain(error, request_id))


async def _switch(client: Client, message: SwitchConfig, request_id: str | None) -> None:
    switch(client, message, request_id, client.complain)


HANDLERS: Mapping[type, Handler] = {FetchConfigs: _list, SwitchConfig: _switch}
