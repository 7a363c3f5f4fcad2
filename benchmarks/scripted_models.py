"""A model server and a voice server in one small process: OpenAI's routes, scripted answers, and a log of when what was sent.

    python benchmarks/scripted_models.py --first-token 150 --token 15 --first-byte 80 --rtf 0.05

Prints its URL. The model called ``small`` answers with an opener, any other with a reply of ``script.yaml``. What stands before
``/v1/`` in the path is the lane: each system that is measured has one of its own. ``GET /log`` tells, per turn (the word
``k<number>x<number>`` in the message), the monotonic times (s) at which requests came and at which tokens and audio left.

The sound is a square wave whose loudness tells what is said: a sample is ±(level + place of the letter in the reply), and
±(level − 1) for what is no letter. Only what a measuring client needs is spoken of HTTP: keep-alive, Content-Length in, chunked
out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hayakuchi.benchmarks.script import KEY, Reply, asked_for, duration_ms, locate, special, tokens

SAMPLE_RATE = 24000
CHUNK_MS = 100
HALF_WAVE = 60
"""Samples between two changes of sign: 200 Hz."""
PER_MS = SAMPLE_RATE // 1000
LEAD = bytes(16)
"""A clip begins with a moment of silence, as sound does: the same number over and over could pass for text."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Times in seconds; ``rtf``: synthesis time per second of audio."""

    first_token: float
    token: float
    first_byte: float
    rtf: float
    small_first_token: float


class Dialogue:
    """One turn: what is said, and when what was sent."""

    def __init__(self, lane: str, reply: Reply) -> None:
        self.lane, self.reply = lane, reply
        self.spoken_to = 0
        """Place in the reply up to which a voice was asked for."""
        self.log: dict = {"lane": lane, "which": reply.which, "reply": reply.text, "tokens": [], "speech": []}


class ScriptedModels:
    """``level``: loudness of the voice. ``alone``: what is spoken of when no model request came here. ``die_after_ms``: so much
    audio leaves before the process kills itself."""

    def __init__(self, timings: Timings, *, level: int, alone: str | None, die_after_ms: float) -> None:
        self._timings, self._level, self._life_ms = timings, level, die_after_ms
        self._turns: dict[str, Dialogue] = {}
        if alone:
            self._turns["alone"] = Dialogue("", special(alone))

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
        lane = path.partition("/v1/")[0].strip("/")
        if path.endswith("/chat/completions"):
            await _send_chunked(writer, "text/event-stream", self._chat(json.loads(body), lane, received))
        elif path.endswith("/audio/speech"):
            request = json.loads(body)
            wav = request.get("response_format") == "wav"
            parts = self._speech(request["input"], lane, received, wav=wav)
            await _send_chunked(writer, "audio/wav" if wav else "audio/pcm", parts)
        else:
            log = {key: turn.log for key, turn in self._turns.items()}
            models = [{"id": name, "object": "model"} for name in ("scripted", "small")]
            data = json.dumps(log if path == "/log" else {"object": "list", "data": models}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data
            )
            await writer.drain()

    async def _chat(self, request: dict, lane: str, received: float) -> AsyncIterator[bytes]:
        said = _last_question(request["messages"])
        found = KEY.findall(said)
        turn = self._turns.setdefault(found[-1] if found else f"none {lane} {said}", Dialogue(lane, asked_for(said)))
        small = request.get("model") == "small"
        pieces = tokens(turn.reply.opener if small else turn.reply.text)
        left: list[float] = []
        turn.log.setdefault("small_request" if small else "llm_request", received)
        turn.log["small_tokens" if small else "tokens"] = left
        due = received + (self._timings.small_first_token if small else self._timings.first_token)
        for token in pieces:
            await asyncio.sleep(due - time.monotonic())
            due += self._timings.token
            choice = {"index": 0, "delta": {"role": "assistant", "content": token}, "finish_reason": None}
            yield _event(
                {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "s", "choices": [choice]}
            )
            left.append(time.monotonic())
        end = {"index": 0, "delta": {}, "finish_reason": "stop"}
        yield _event({"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "s", "choices": [end]})
        yield b"data: [DONE]\n\n"

    async def _speech(self, text: str, lane: str, received: float, *, wav: bool) -> AsyncIterator[bytes]:
        places, turn = self._owner(text, lane)
        entry = {"text": text, "request": received, "first_byte": None, "audio_ms": 0}
        if turn:
            turn.log["speech"].append(entry)
        sound = self._sound(text, places or [0] * len(text))
        due = received + self._timings.first_byte
        step = SAMPLE_RATE * CHUNK_MS // 1000 * 2
        for start in range(0, len(sound), step):
            await asyncio.sleep(due - time.monotonic())
            chunk = sound[start : start + step]
            due += self._timings.rtf * len(chunk) / 2 / SAMPLE_RATE
            yield (_wav_head() if wav and start == 0 else b"") + chunk
            entry["first_byte"] = entry["first_byte"] or time.monotonic()
            sent_ms = len(chunk) / 2 / PER_MS
            entry["audio_ms"] += sent_ms
            self._life_ms -= sent_ms
            if self._life_ms < 0 and start + step < len(sound):
                os.kill(os.getpid(), signal.SIGKILL)

    def _owner(self, text: str, lane: str) -> tuple[list[int] | None, Dialogue | None]:
        """The turn that a text is spoken in: the one named in it, else the newest of the lane that can say it."""
        newest = [turn for turn in reversed(self._turns.values()) if turn.reply.which and turn.lane in ("", lane)]
        if key := KEY.search(text):
            newest = [self._turns[key.group()]] if key.group() in self._turns else []
        for turn in newest:
            if places := locate(turn.reply.text, text, turn.spoken_to):
                turn.spoken_to = places[-1]
                return places, turn
        return None, newest[0] if newest else None

    def _sound(self, text: str, places: list[int]) -> bytes:
        waves: list[bytes] = []
        for ch, place in zip(text, places, strict=True):
            value = self._level + (place if ch.isalnum() else -1)
            high, low = (struct.pack("<h", sign * value) * HALF_WAVE for sign in (1, -1))
            waves.append((high + low) * (duration_ms(ch) * PER_MS // (2 * HALF_WAVE)))
        return LEAD + b"".join(waves)


def _last_question(messages: list[dict]) -> str:
    """The text of the last message that somebody who waits for an answer wrote."""
    for message in reversed(messages):
        content = message.get("content") or ""
        text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        if message.get("role") == "user" and text.strip():
            return text
    return ""


def _event(data: dict) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _wav_head() -> bytes:
    """Of a file whose length is not known yet."""
    form = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16)
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", len(form)) + form + b"data\xff\xff\xff\xff"


async def _send_chunked(writer: asyncio.StreamWriter, content_type: str, parts: AsyncIterator[bytes]) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nX-Request-Id: scripted\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
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
    parser.add_argument("--small-first-token", type=float, default=40, help="ms until the small model's first token")
    parser.add_argument("--token", type=float, default=15, help="ms per further token")
    parser.add_argument("--first-byte", type=float, default=80, help="ms until the voice's first audio")
    parser.add_argument("--rtf", type=float, default=0.05, help="synthesis time per second of audio, s")
    parser.add_argument("--level", type=int, default=8000, help="loudness of the voice, which tells voices apart")
    parser.add_argument("--alone", help="the special reply that is spoken when no model is asked here")
    parser.add_argument("--die-after", type=float, default=float("inf"), help="ms of audio, then SIGKILL in mid-clip")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    timings = Timings(
        given.first_token / 1000,
        given.token / 1000,
        given.first_byte / 1000,
        given.rtf,
        given.small_first_token / 1000,
    )
    models = ScriptedModels(timings, level=given.level, alone=given.alone, die_after_ms=given.die_after)
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
