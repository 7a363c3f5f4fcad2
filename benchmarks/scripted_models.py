"""A model server and a voice server in one small process: OpenAI's routes, scripted answers, and a log of when what was sent.

    python benchmarks/scripted_models.py --first-token 150 --token 15 --first-byte 80 --rtf 0.05

Prints its URL. ``GET /log`` tells, per key (a word ``k<number>x<number>`` in the message), the monotonic times (s) at which
requests came and at which the first answer, the token that completes the first clause, and the first audio left. Only
what a measuring client needs is spoken of HTTP: keep-alive, Content-Length in, chunked out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator

SAMPLE_RATE = 24000
MS_PER_CHARACTER = 60
CHUNK_MS = 100
KEY = re.compile(r"k\d+x\d+")
REPLY = (
    "Answer {key} is right here, and there is a little more to tell about it. "
    "The second sentence follows the first one at once. Then comes a third, which is a bit longer than the others were. "
    "A fourth one closes the story."
)


class ScriptedModels:
    """Times in seconds."""

    def __init__(self, *, first_token: float, token: float, first_byte: float, rtf: float) -> None:
        self.first_token, self.token, self.first_byte, self.rtf = first_token, token, first_byte, rtf
        self.log: dict[str, dict[str, float]] = defaultdict(dict)
        self._chunk = bytes(range(256)) * (SAMPLE_RATE * 2 * CHUNK_MS // 1000 // 256 + 1)
        self._chunk = self._chunk[: SAMPLE_RATE * 2 * CHUNK_MS // 1000]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                await self._answer(head.split(" ", 2)[1], body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        received = time.monotonic()
        if path.endswith("/chat/completions"):
            await _send_chunked(writer, "text/event-stream", self._chat(json.loads(body), received))
        elif path.endswith("/audio/speech"):
            await _send_chunked(writer, "audio/pcm", self._speech(json.loads(body)["input"], received))
        else:
            answer = self.log if path == "/log" else {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
            data = json.dumps(answer).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data
            )
            await writer.drain()

    async def _chat(self, request: dict, received: float) -> AsyncIterator[bytes]:
        found = KEY.findall(request["messages"][-1]["content"])
        key = found[-1] if found else "none"
        log = self.log[key]
        log["llm_request"] = received
        due = received + self.first_token
        for number, token in enumerate(re.findall(r"\s*\S+", REPLY.format(key=key))):
            await asyncio.sleep(due - time.monotonic())
            due += self.token
            choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
            yield b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"
            if number == 0:
                log["llm_first_token"] = time.monotonic()
            if token.endswith(",") and "cut_token" not in log:
                log["cut_token"] = time.monotonic()
        yield b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def _speech(self, text: str, received: float) -> AsyncIterator[bytes]:
        key = KEY.search(text)
        log = self.log[key.group(0)] if key else {}
        log.setdefault("tts_request", received)
        due = received + self.first_byte
        for number in range(max(len(text) * MS_PER_CHARACTER // CHUNK_MS, 1)):
            await asyncio.sleep(due - time.monotonic())
            due += self.rtf * CHUNK_MS / 1000
            yield self._chunk
            if number == 0:
                log.setdefault("tts_first_byte", time.monotonic())


async def _send_chunked(writer: asyncio.StreamWriter, content_type: str, parts: AsyncIterator[bytes]) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    async for part in parts:
        if writer.is_closing():
            raise ConnectionResetError
        writer.write(b"%x\r\n%s\r\n" % (len(part), part))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-token", type=float, default=150, help="ms until the model's first token")
    parser.add_argument("--token", type=float, default=15, help="ms per further token")
    parser.add_argument("--first-byte", type=float, default=80, help="ms until the voice's first audio")
    parser.add_argument("--rtf", type=float, default=0.05, help="synthesis time per second of audio, s")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    models = ScriptedModels(
        first_token=given.first_token / 1000,
        token=given.token / 1000,
        first_byte=given.first_byte / 1000,
        rtf=given.rtf,
    )
    server = await asyncio.start_server(models.serve, "127.0.0.1", given.port, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:  # not on Windows
        asyncio.run(main())
    else:
        uvloop.run(main())
