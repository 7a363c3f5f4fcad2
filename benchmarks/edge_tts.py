"""How soon ``edge_tts`` speaks, against the client in the package ``edge-tts``, and what decoding MP3 costs.

Both ask the same scripted service over TLS, by turns, through a relay that makes each direction 20 ms long, as a server some
hundreds of kilometres away is. Before each request of ours a turn is about to begin and the model thinks for 150 ms, the time
in which a socket is opened; the other client has no such call. Decoding is measured in CPU time of this process.

    uv run python benchmarks/edge_tts.py [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

# In place of this folder, in which this file would stand for the package of the same name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from fake_edge import FakeEdge, chirp, clip, mp3, tls_pair

from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts.edge import EdgeTTS
from hayakuchi.tts.edge_clip import ClipMaker
from hayakuchi.tts.edge_settings import EdgeConfig

ONE_WAY_S = 0.020
THINKING_S = 0.150
TEXT = "Once upon a time there was a small fox."


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[int]:
    """A port whose traffic reaches ``port`` 20 ms later, and the other way round, connecting included."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(65_536):
                loop.call_later(ONE_WAY_S, writer.write, data)
        except ConnectionError:
            pass
        loop.call_later(ONE_WAY_S, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * ONE_WAY_S)  # the handshake of TCP, which the kernel has made in no time
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, there_writer))
            group.create_task(pump(there_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def ours_ms(voice: EdgeTTS) -> float:
    voice.prepare()
    await asyncio.sleep(THINKING_S)
    began = time.perf_counter()
    async with aclosing(voice.synthesize(SpeechRequest(TEXT))) as pieces:
        await anext(pieces)
        took = time.perf_counter() - began
        async for _ in pieces:
            pass
    return took * 1000


async def stock_ms() -> float:
    """Until the first MP3, which is not decoded yet."""
    import edge_tts

    await asyncio.sleep(THINKING_S)
    began = time.perf_counter()
    took = 0.0
    async for chunk in edge_tts.Communicate(TEXT, "en-US-AvaNeural").stream():
        if chunk["type"] == "audio" and not took:
            took = time.perf_counter() - began
    return took * 1000


async def first_audio(rounds: int) -> dict[str, list[float]]:
    import edge_tts.communicate as stock

    with tempfile.TemporaryDirectory() as folder:
        context, authority = tls_pair(Path(folder))
        os.environ["SSL_CERT_FILE"] = authority
        async with FakeEdge(context) as server, relay(urlsplit(server.url).port or 0) as port:
            server.script = clip(chirp(2000))
            url = f"wss://localhost:{port}/edge/v1?TrustedClientToken=t"
            stock.WSS_URL = url  # pyright: ignore[reportPrivateImportUsage]
            stock._SSL_CTX = ssl.create_default_context(cafile=authority)
            voice = EdgeTTS(EdgeConfig(endpoint=url))
            await voice.open()
            taken: dict[str, list[float]] = {"ours": [], "stock": []}
            for round_ in range(rounds + 1):
                ours, theirs = await ours_ms(voice), await stock_ms()
                if round_:  # the first of each loads libraries
                    taken["ours"].append(ours)
                    taken["stock"].append(theirs)
            await voice.aclose()
    return taken


def decoding_ms(seconds: int) -> float:
    """CPU ms per second of sound, in messages as the service sends them."""
    data = mp3(chirp(seconds * 1000))
    maker, began = ClipMaker("", 144), time.process_time()
    for start in range(0, len(data), 720):
        maker.add(data[start : start + 720])
        maker.step()
    maker.finish()
    return (time.process_time() - began) * 1000 / seconds


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    taken = asyncio.run(first_audio(given.rounds))
    decoding_ms(1)
    result = {
        "rounds": float(given.rounds),
        **{f"{who}_p{share}_ms": percentile(times, share) for who, times in taken.items() for share in (50, 95)},
        "decoding_cpu_ms_per_s": decoding_ms(60),
    }
    for share in (50, 95):
        result[f"ratio_p{share}"] = result[f"ours_p{share}_ms"] / result[f"stock_p{share}_ms"]
    if given.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:24}{value:10.2f}")


if __name__ == "__main__":
    main()
