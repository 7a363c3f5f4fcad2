"""Cases E to G: a long reply without a gap, a voice that is killed, and the figures of ``hayakuchi latency``."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hayakuchi.benchmarks.peers.figures import ends_at_mark, holes, lost_and_doubled, percentile, places_heard, unheard
from hayakuchi.benchmarks.peers.listener import Heard, listening
from hayakuchi.benchmarks.peers.race import FAST
from hayakuchi.benchmarks.peers.systems import MODELS, config, scripted, served, started, write
from hayakuchi.benchmarks.script import LANGUAGES, duration_ms, sentences, special

STALL_MS = 5.0
LONG = {"first_token": 400, "token": 30, "first_byte": 150, "rtf": 0.6}
KILLED = {"first_token": 150, "token": 15, "first_byte": 80, "rtf": 0.3}
LEVELS = (8000, 20000)
"""Of the voice that is killed, and of the one that takes over."""
AT_A_TIME = 2
SETTLE_S = 0.5
"""Until a server that has just started knows that its voices answer."""
LATENCY_TURNS = 10
LATENCY_S = 600.0
Results = dict[str, Any]


async def long_replies() -> Results:
    """Case E: thirty sentences in each language, each to a listener that plays in real time."""
    async with scripted(**LONG) as models, served(config(models, "hayakuchi")) as url, asyncio.TaskGroup() as group:
        tasks = {
            language: group.create_task(_long_reply(url, number, language)) for number, language in enumerate(LANGUAGES)
        }
    return {"timings": LONG, "languages": {language: task.result() for language, task in tasks.items()}}


async def _long_reply(url: str, number: int, language: str) -> dict[str, Any]:
    print(f"case E: thirty sentences, {language}", file=sys.stderr)
    reply = special(f"long-{language}")
    async with listening(url, f"long-{language}", real_time=True) as listener:
        heard = await listener.turn(f"Question rlong-{language} k{number}x0")
    said = [text for text in heard.segments if text.strip()]
    later = said[1:]
    written = sentences(reply.text)
    places = places_heard(bytes(heard.pcm), LEVELS[:1], len(reply.text))[LEVELS[0]]
    missing = unheard(reply.text, places, listener.sample_rate)
    ran_dry = [hole * 1000 for hole in holes(heard.arrivals)]
    return {
        "status": heard.status,
        "whole": "".join(heard.segments).split() == reply.text.split() and not missing,
        "failures": heard.failures,
        "audio_s": len(heard.pcm) / 2 / listener.sample_rate,
        "segments": len(said),
        "stalls": sum(hole > STALL_MS for hole in ran_dry),
        "longest_hole_ms": max(ran_dry, default=0.0),
        "at_mark_share": sum(map(ends_at_mark, later)) / len(later) if later else None,
        "length_share": (sum(map(len, said)) / len(said)) / (sum(map(len, written)) / len(written)) if said else None,
    }


async def killed_voices(rounds: int) -> Results:
    """Case F: the voice is killed with SIGKILL somewhere in the middle of a clip; a second one is there."""
    queue = iter(range(rounds))
    found: list[dict[str, Any]] = []
    async with scripted(**KILLED, level=LEVELS[1]) as models:

        async def work() -> None:
            for number in queue:
                print(f"case F: round {number + 1} of {rounds}", file=sys.stderr)
                found.append(await _round(models, number))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_A_TIME):
                group.create_task(work())
    ran = [one for one in found if one["killed"]]
    return {
        "timings": KILLED,
        "rounds": rounds,
        "killed": len(ran),
        "hole_p50": percentile([one["hole_ms"] for one in ran], 0.5),
        "hole_p95": percentile([one["hole_ms"] for one in ran], 0.95),
        "with_lost": sum(bool(one["lost"]) for one in ran),
        "with_doubled": sum(bool(one["doubled"]) for one in ran),
        "each": found,
    }


async def _round(models: str, number: int) -> dict[str, Any]:
    reply = special("harbour")
    life_ms = random.Random(number).uniform(100, duration_ms(reply.text) - 300)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in KILLED.items()]
    port = _free_port()
    command = (sys.executable, str(MODELS), *options)
    first = (f"--level={LEVELS[0]}", "--alone=harbour", f"--die-after={life_ms}", f"--port={port}")
    async with started(*command, *first) as (voice, at):
        settings = config(models, "hayakuchi")
        voices = [{"openai_tts": settings["tts"]["openai_tts"] | {"base_url": f"{at}/v1"}}, settings["tts"]]
        async with served(settings | {"tts": voices}) as url:
            async with listening(url, "killed", real_time=True) as listener:
                await asyncio.sleep(SETTLE_S)
                heard = await listener.turn(f"Question rharbour k{number}x0")
        return _heard(heard, listener.sample_rate, killed=voice.returncode == -9, life_ms=life_ms)


def _heard(heard: Heard, rate: int, *, killed: bool, life_ms: float) -> dict[str, Any]:
    reply = special("harbour").text
    by_voice = places_heard(bytes(heard.pcm), LEVELS, len(reply))
    lost, doubled = lost_and_doubled(reply, sum(by_voice.values(), Counter()), rate)
    return {
        "killed": killed,
        "life_ms": life_ms,
        "status": heard.status,
        "hole_ms": max(holes(heard.arrivals), default=0.0) * 1000,
        "lost": lost,
        "doubled": doubled,
        "both_voices": all(by_voice.values()),
    }


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def latency_command() -> Results:
    """Case G: what ``hayakuchi latency`` says of a configuration that sets models only. Raises SystemExit when it fails."""
    async with scripted(**FAST) as models:
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write(folder, config(models, "hayakuchi"))
            print("case G: hayakuchi latency", file=sys.stderr)
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hayakuchi", "latency", "-c", "conf.yaml", "--json"),
                f"--turns={LATENCY_TURNS}",
                stdin=DEVNULL,
                stdout=PIPE,
                cwd=folder,
            )
            async with asyncio.timeout(LATENCY_S):
                out, _ = await child.communicate()
    if child.returncode not in (0, 1) or not out:
        raise SystemExit("hayakuchi latency failed")
    report = json.loads(out)
    return {"timings": FAST, "figures": report["figures"], "whole_reply_ms": report["whole_reply_first_audio_ms"]}
