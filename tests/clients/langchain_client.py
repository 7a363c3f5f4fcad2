"""LangChain's chat model and embeddings for OpenAI, told nothing but where and with which key, in an environment of its own.

python langchain_client.py http://127.0.0.1:8000/v1
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from contextlib import aclosing
from typing import Any

from commands import obey
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import APIStatusError
from pydantic import BaseModel, Field

BASE_URL = sys.argv[1]


def model(key: str, name: str = "default", **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model=name, base_url=BASE_URL, api_key=key, **options)


async def refused(work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """What the work gives, or what the server says against it."""
    try:
        return await work
    except APIStatusError as error:
        return {"status": error.status_code, "message": error.message}


async def chat(key: str, text: str, name: str = "default", **options: Any) -> dict[str, Any]:
    """One reply, streamed."""

    async def reply() -> dict[str, Any]:
        chunks = [chunk async for chunk in model(key, name, **options).astream(text)]
        whole = sum(chunks[1:], chunks[0])
        usage = whole.usage_metadata or {}
        names = ("input_tokens", "output_tokens", "total_tokens")
        return {
            "texts": [chunk.text for chunk in chunks if chunk.text],
            "tokens": [usage.get(name) for name in names],
            "finish": whole.response_metadata.get("finish_reason"),
        }

    return await refused(reply())


async def talk(key: str, texts: list[str]) -> dict[str, Any]:
    """A conversation of whole replies, remembered here."""
    messages: list[BaseMessage] = [SystemMessage("Be brief.")]
    for text in texts:
        messages.append(HumanMessage(text))
        messages.append(await model(key).ainvoke(messages))
    return {"items": [[message.type, message.text] for message in messages]}


async def tools(key: str, text: str) -> dict[str, Any]:
    """A reply that needs a function of ours."""

    @tool
    def look(at: str) -> str:
        """Look at something."""
        return "blue" if at == "sky" else "nothing"

    mind = model(key).bind_tools([look])
    messages: list[BaseMessage] = [HumanMessage(text)]
    whole: AIMessageChunk | None = None
    async for chunk in mind.astream(messages):
        whole = chunk if whole is None else whole + chunk
    calls = whole.tool_calls
    results = [ToolMessage(look.invoke(call["args"]), tool_call_id=call["id"]) for call in calls]
    answer = await mind.ainvoke([*messages, whole, *results])
    return {"calls": [[call["name"], call["args"]] for call in calls], "text": answer.text}


class Colour(BaseModel):
    """Of something."""

    name: str = Field(description="In English")


async def shaped(key: str, text: str) -> dict[str, Any]:
    """A reply in the shape of a class."""
    found = await model(key).with_structured_output(Colour).ainvoke(text)
    return found.model_dump()


async def look(key: str, text: str, url: str) -> dict[str, Any]:
    """A reply to a picture."""
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    return {"text": (await model(key).ainvoke([HumanMessage(parts)])).text}


async def leave(key: str, text: str) -> dict[str, Any]:
    """A reply that is left after its first words."""
    async with aclosing(model(key).astream(text)) as chunks:
        async for chunk in chunks:
            if chunk.text:
                return {"text": chunk.text}
    return {}


async def embed(key: str, texts: list[str], **options: Any) -> dict[str, Any]:
    """Vectors."""

    async def vectors() -> dict[str, Any]:
        embeddings = OpenAIEmbeddings(model="vectors-1", base_url=BASE_URL, api_key=key, **options)
        return {"vectors": await embeddings.aembed_documents(texts)}

    return await refused(vectors())


if __name__ == "__main__":
    known = (chat, talk, tools, shaped, look, leave, embed)
    asyncio.run(obey({command.__name__: command for command in known}))
