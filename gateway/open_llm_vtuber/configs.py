"""The characters that a client may choose from; who is on stage for one client is no other one's matter."""

from __future__ import annotations

from collections.abc import Mapping

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


async def _switch(client: Client, message: SwitchConfig, request_id: str | None) -> None:
    """What is being said stops, and a fresh conversation begins: what was said to one character is not told to another.

    Raises ConfigError with the place of the mistake where the character cannot be had: then nothing has changed.
    """
    cast = client.doors.engine.cast
    id = message.file.removesuffix(SUFFIX)
    part = client.doors.look.seen(await cast.find(id))
    names = dict(await cast.list())
    async with client.choosing:
        await client.begin(fresh_name(), part)
        client.doors.engine.prepare(part)
        tell_part(client)
        client.send(told.config_switched(f"{names.get(id, id)} is on stage"), request_id)


HANDLERS: Mapping[type, Handler] = {FetchConfigs: _list, SwitchConfig: _switch}
