"""Cases A to D: the same replies at the same speeds through every system, one after the other in rotating order."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from hayakuchi.benchmarks.peers.environments import TITLES
from hayakuchi.benchmarks.peers.figures import added, percentile, said_whole
from hayakuchi.benchmarks.peers.systems import System, config, hayakuchi, log_of, peer, refused, scripted
from hayakuchi.benchmarks.script import Reply, warm_up_replies

PAUSE_S = 0.2
WARM_TURNS = 3
OURS, QUICK = "hayakuchi", "hayakuchi-quick"
FAST = {"first_token": 150, "token": 15, "first_byte": 80, "rtf": 0.05}
SMALL_FIRST_TOKEN = 40
SLOW = {"first_token": 400, "token": 30, "first_byte": 150, "rtf": 0.5}
Results = dict[str, Any]


async def race(name: str, timings: Mapping[str, float], replies: Sequence[Reply], *, quick: bool) -> Results:
    """``quick``: a second Hayakuchi, with a small model and a warm phrase cache, runs along."""
    async with scripted(**timings, small_first_token=SMALL_FIRST_TOKEN) as models, AsyncExitStack() as stack:
        systems: dict[str, System] = {}
        for one in TITLES:
            systems[one] = await stack.enter_async_context(peer(one, models))
        systems[OURS] = await stack.enter_async_context(hayakuchi(config(models, OURS)))
        unavailable = None
        if quick:
            settings = _with_quick_reply(models)
            unavailable = refused(settings)
            if unavailable is None:
                systems[QUICK] = await stack.enter_async_context(hayakuchi(settings))
        await _warm_up(systems)
        rows: dict[str, list[dict[str, Any]]] = {one: [] for one in systems}
        names = list(systems)
        for number, reply in enumerate(replies):
            turned = number % len(names)
            for one in names[turned:] + names[:turned]:
                print(f"case {name}: reply {number + 1} of {len(replies)}, {one}", file=sys.stderr)
                key = f"k{names.index(one)}x{number}"
                answer = await systems[one].turn(f"Question r{reply.which} {key}")
                rows[one].append(answer | {"key": key, "which": reply.which})
                await asyncio.sleep(PAUSE_S)
        log = await log_of(models)
    found = {one: _figures([_measured(row, log[row["key"]]) for row in answers]) for one, answers in rows.items()}
    return {"timings": dict(timings), "systems": found, "quick_unavailable": unavailable}


def _with_quick_reply(models: str) -> dict[str, Any]:
    small = {"openai_llm": {"base_url": f"{models}/{QUICK}/v1", "model": "small", "warm_up": False}}
    return config(models, QUICK, quick_llm=small, cache={"enabled": True})


async def _warm_up(systems: Mapping[str, System]) -> None:
    """Three turns each, and for a quick reply one with each opener, so that the cache holds them."""
    for number, (one, system) in enumerate(systems.items()):
        print(f"warming up {one}", file=sys.stderr)
        replies = warm_up_replies()
        for count, reply in enumerate(replies if one == QUICK else replies[:WARM_TURNS]):
            await system.turn(f"Question r{reply.which} k{number}x{90_000 + count}")
            await asyncio.sleep(PAUSE_S)


def _measured(row: dict[str, Any], log: dict[str, Any]) -> dict[str, Any]:
    heard_at: float = math.nan if row["first_audio"] is None else row["first_audio"]
    heard = not math.isnan(heard_at)
    parts = added(row["asked"], heard_at, log) if heard else None
    return {
        "which": row["which"],
        "first_audio_ms": (heard_at - row["asked"]) * 1000 if heard else None,
        "first_text": log["speech"][0]["text"] if log["speech"] else None,
        "whole": said_whole(log, row["audio_ms"]),
        "errors": row["errors"],
        "added": asdict(parts) | {"total": parts.total} if parts else None,
    }


def _figures(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """p50 and p95 of first audio, and of what was added to the ideal cut."""
    heard = [turn["first_audio_ms"] for turn in turns if turn["first_audio_ms"] is not None]
    found = [turn["added"] for turn in turns if turn["added"]]
    return {
        "turns": len(turns),
        "heard": len(heard),
        "whole": sum(turn["whole"] for turn in turns),
        "errors": sum(bool(turn["errors"]) for turn in turns),
        "p50": percentile(heard, 0.5),
        "p95": percentile(heard, 0.95),
        "added": {
            part: {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "turns": len(values)}
            for part in ("to_model", "to_voice", "to_listener", "total")
            for values in [[one[part] for one in found]]
        },
        "each": turns,
    }
