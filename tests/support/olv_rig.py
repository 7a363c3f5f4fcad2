"""A server with a reply of two sentences, for clients of Open-LLM-VTuber's wire that play faster than life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from olv_web import Chain, Frontend
from scripted import RATE, ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

__all__ = ["RATE", "REPLY", "replied", "server"]

REPLY = "Hello there, viewer. This is a second sentence."


@asynccontextmanager
async def server(reply: str = REPLY) -> AsyncIterator[str]:
    """Its address."""
    tokens = [f"{word} " for word in reply.split()]
    made = settings_for(lambda: ScriptedLLM(tokens, first_ms=5, token_ms=1), lambda: ScriptedTTS(first_ms=5, rtf=0.001))
    async with serving(replace(made, open_llm_vtuber=OpenLlmVtuberSettings(playback_patience_s=1, split="never"))) as (
        url,
        _,
    ):
        yield url


async def replied(client: Frontend) -> Chain:
    """Say something, and wait until the reply was played."""
    await client.say("Hi")
    async with asyncio.timeout(10):
        await client.chain_over.wait()
    return client.chains[-1]
