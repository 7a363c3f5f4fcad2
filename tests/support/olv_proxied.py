"""Several frontends before one avatar, on ``/proxy-ws`` of a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chatting import Desk, RecordingLLM, chatting
from olv_front import Front, joined

from hayakuchi.gateway.access.keys import insert, new_key
from hayakuchi.orchestrator.gateway_settings import Scope
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings


@asynccontextmanager
async def proxying(llm: RecordingLLM, **settings: Any) -> AsyncIterator[Desk]:
    theirs = OpenLlmVtuberSettings(proxy=True, split="never")
    async with chatting(llm, theirs=theirs, **settings) as desk:
        yield desk


@asynccontextmanager
async def before(desk: Desk, count: int, *keys: str) -> AsyncIterator[list[Front]]:
    """So many clients, of which the first plays the sound."""
    async with asyncio.TaskGroup() as group:
        made: list[Front] = []
        for index in range(count):
            headers = {"Authorization": f"Bearer {desk.tokens[keys[index]]}"} if keys else {}
            made.append(await joined(desk, group, headers, "/proxy-ws"))
            made[-1].plays = index == 0
        try:
            yield made
        finally:
            for front in made:
                await front.socket.close()


def asked(llm: RecordingLLM) -> list[str]:
    return [one.messages[-1].content for one in llm.asked]


async def share(desk: Desk, owner: str, **limits: dict[str, int]) -> dict[str, str]:
    """Keys of one owner, with a name and limits each; their ids."""
    ids: dict[str, str] = {}
    for name, own in limits.items():
        key, desk.tokens[name] = new_key(name, (Scope.SPEAK,), time.time(), owner=owner, limits=own)
        await desk.app.state.doors.database.write(lambda connection, key=key: insert(connection, key))
        ids[name] = key.id
    return ids
