"""Frontends of Open-LLM-VTuber that are in one group, and what their characters are to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatting import Desk, RecordingLLM, Step, words
from olv_front import Front, fronts


async def grouped(*members: Front, names: str = "Ann Ben Cid") -> None:
    """One group of them, made by the first."""
    for member, name in zip(members, names.split(), strict=False):
        await member.named(name)
    for member in members[1:]:
        result = await members[0].asked("add-client-to-group", "group-operation-result", invitee_uid=member.uid)
        assert result["success"], result
    uids = [member.uid for member in members]
    for member in members:
        await member.until(lambda member=member: info(member)["members"] == uids)


@asynccontextmanager
async def group_of(desk: Desk, count: int) -> AsyncIterator[list[Front]]:
    async with fronts(desk, count) as members:
        await grouped(*members)
        for member in members:
            member.told[:] = [one for one in member.told if one["type"] == "set-model-and-conf"]
        yield members


async def heard(front: Front) -> None:
    """Wait until the first sentence of the reply was shown, and can have been heard."""
    await front.until(lambda: any("Oh no." in one for one in front.lines()))
    await asyncio.sleep(0.5)


def info(front: Front) -> dict[str, object]:
    """What it was last told of its group."""
    updates = [one for one in front.told if one["type"] == "group-update"]
    return updates[-1] if updates else {"members": None}


def script(llm: RecordingLLM, *replies: str | list[Step]) -> None:
    """What is replied, in order; then nothing but silence."""
    llm.script = words("…")
    llm.scripts = [words(reply) if isinstance(reply, str) else reply for reply in replies]


def asked(llm: RecordingLLM, index: int) -> str:
    """What a reply answered, as the model was told."""
    return llm.asked[index].messages[-1].content
