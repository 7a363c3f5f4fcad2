"""How soon the avatar falls silent when somebody speaks, and what does not make it stop. Real server, real detector, real time.

    uv run python benchmarks/barge_in.py                 everything, four minutes or so
    uv run python benchmarks/barge_in.py --only echoes --json

A listener like the page plays her voice in real time, fades within 15 ms where it is held or stopped, and sends its microphone
in frames of 20 ms over the stage's socket. Taken down is what that listener hears:

- ``interruptions``: sentences by flite's voices, in a quiet room and in white noise 20 and 10 dB below the speech. From the
  first sample of the first 10 ms whose level is above -35 dBFS or within 20 dB of the clip's own, until she is not heard any
  more (``silent``), and until her turn is over for good (``stopped``).
- ``signs of listening`` and ``coughs``, which must not stop her. Held she may be, and goes on without a word lost.
- ``echoes``: espeak reads sentences, and they come back into the microphone, 50 to 250 ms later and 6 to 20 dB softer.

What understands the words is said in each line: PocketSphinx, the real one; or a script. A script knows what was said, finds
the clip that it gets in what was sent, to the sample, and takes 120 ms; of coughs it makes what recognisers make of them, by a
table that is mostly empty; of echoes it gets 10 to 30 % of the words wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from hayakuchi.asr.pocketsphinx import PocketsphinxASR, PocketsphinxConfig
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.benchmarks.peers.figures import percentile
from hayakuchi.benchmarks.speech_set import sentences
from hayakuchi.benchmarks.talking import sounds
from hayakuchi.benchmarks.talking.readers import Reader
from hayakuchi.benchmarks.talking.scenes import Outcome, Scene, Stand, all_of
from hayakuchi.benchmarks.talking.server import STORY, Model, Voice, serving, settings_for
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS

KINDS = ("interruptions", "signs", "coughs", "echoes")
REAL = "PocketSphinx"
"""It mishears most of flite's and espeak's short words: its lines show what comes of mishearing, and are not judged."""
SNRS = (None, 20.0, 10.0)
TARGET_MS, MOST_STOPS = 150.0, 2


async def played(scenes: Sequence[Scene], at_a_time: int, what: str) -> list[Outcome]:
    def tell(done: int) -> None:
        print(
            f"\r{what}: {done} of {len(scenes)} ", end="\n" if done == len(scenes) else "", file=sys.stderr, flush=True
        )

    outcomes = await all_of(scenes, at_a_time, tell)
    print(f"   {sum(one.stopped for one in outcomes)} stopped", file=sys.stderr, flush=True)
    return outcomes


async def with_script_voice(arguments: argparse.Namespace) -> dict[str, list[Outcome]]:
    """All but the echoes. Any language is understood."""
    real = PocketsphinxASR(PocketsphinxConfig(partials=True))
    reader = Reader(arguments.asr, real)
    ears = EarsSettings(vad=arguments.vad, language="auto")
    settings = settings_for(Model(lambda said: STORY), Voice(), reader, ears)
    outcomes: dict[str, list[Outcome]] = {}
    async with serving(settings) as (url, engine):
        stand = Stand(url, engine, reader)
        await played([partial(stand.play, clip) for clip in sounds.coughs(2, seed=0)], 2, "warming up")
        count, lanes = arguments.count, arguments.at_a_time
        if "interruptions" in arguments.only:
            clips = sounds.interruptions(count, arguments.seed)
            for snr_db in SNRS:
                name = f"interruptions, {'quiet' if snr_db is None else f'{snr_db:g} dB'}, script"
                scenes = [partial(stand.play, clip, snr_db=snr_db) for clip in clips]
                outcomes[name] = await played(scenes, min(lanes, 4), name)
        if "signs" in arguments.only:
            said = sounds.signs(arguments.sounds // 2, arguments.seed)
            elsewhere = await sounds.signs_elsewhere(arguments.sounds - len(said), arguments.seed)
            groups = {"English, script": (said, False), "English, PocketSphinx": (said, True)}
            for name, (clips, is_real) in {**groups, "Chinese, Japanese, Korean, script": (elsewhere, False)}.items():
                if is_real and arguments.scripts_only:
                    continue
                name = f"signs of listening, {name}"
                scenes = [partial(stand.play, clip, real=is_real, seed=n) for n, clip in enumerate(clips)]
                outcomes[name] = await played(scenes, lanes, name)
        if "coughs" in arguments.only:
            clips = sounds.coughs(arguments.sounds, arguments.seed)
            for name, is_real in (("coughs, script", False), ("coughs, PocketSphinx", True)):
                if is_real and arguments.scripts_only:
                    continue
                some = clips[: len(clips) // (2 if is_real else 1)]
                outcomes[name] = await played([partial(stand.play, clip, real=is_real) for clip in some], lanes, name)
    return outcomes


async def echoes(arguments: argparse.Namespace) -> dict[str, list[Outcome]]:
    """She says what is said to her."""
    reader = Reader(arguments.asr, PocketsphinxASR(PocketsphinxConfig(partials=True)))
    settings = settings_for(
        Model(lambda said: said), EspeakTTS(EspeakConfig()), reader, EarsSettings(vad=arguments.vad)
    )
    chance = random.Random(arguments.seed)
    lines = [line.replace("| ", "") for line in sentences(0) + sentences(1)]
    outcomes: dict[str, list[Outcome]] = {}
    async with serving(settings) as (url, engine):
        stand = Stand(url, engine, reader)
        for name, errors in (("echoes, script", True), ("echoes, PocketSphinx", False)):
            if not errors and arguments.scripts_only:
                continue
            scenes: list[Scene] = []
            for number in range(arguments.echoes // (1 if errors else 2)):
                text = " ".join(chance.sample(lines, 3))
                share = chance.uniform(0.1, 0.3) if errors else None
                scenes.append(
                    partial(stand.echo, text, chance.uniform(50, 250), chance.uniform(-20, -6), share, number)
                )
            outcomes[name] = await played(scenes, arguments.at_a_time, name)
    return outcomes


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    silent, stopped = [one.silent_ms for one in outcomes], [one.stopped_ms for one in outcomes if one.stopped]
    held = [ms for one in outcomes for ms in one.held_ms]
    return {
        "scenes": len(outcomes),
        "silent_ms": {f"p{share}": percentile(silent, share / 100) for share in (50, 95, 99)},
        "stopped": len(stopped),
        "stopped_ms": {f"p{share}": percentile(stopped, share / 100) for share in (50, 95, 99)},
        "pauses": len(held),
        "held_ms": {f"p{share}": percentile(held, share / 100) for share in (50, 95)},
        "pauses_before_the_sound": sum(one.early for one in outcomes),
        "heard_other_than_sent": sum(one.lost for one in outcomes),
        "slowest": [
            f"{one.silent_ms:.0f} ms: {one.name!r}" for one in sorted(outcomes, key=lambda o: -o.silent_ms)[:3]
        ],
        "stops": [f"{one.name!r}: {', '.join(one.understood)}" for one in outcomes if one.stopped],
        "unstopped": [f"{one.name!r}: {', '.join(one.understood)}" for one in outcomes if not one.stopped],
    }


def print_text(results: dict[str, dict[str, Any]], verdicts: dict[str, bool]) -> None:
    for name, row in results.items():
        silent, stopped, held = row["silent_ms"], row["stopped_ms"], row["held_ms"]
        interrupts = name.startswith("interruptions")
        print(f"{name}: {row['stopped']} of {row['scenes']} stopped, {row['pauses']} pauses", end="")
        print(f" (p50 {held['p50']:.0f}, p95 {held['p95']:.0f} ms)" if row["pauses"] else "", end="")
        print(f", {row['heard_other_than_sent']} times something else was heard than was sent")
        if interrupts:
            print("   silent after " + ", ".join(f"{share} {value:.0f} ms" for share, value in silent.items()))
            print("   stopped after " + ", ".join(f"{share} {value:.0f} ms" for share, value in stopped.items()))
            print(f"   slowest: {'; '.join(row['slowest'])}")
        for line in row["unstopped" if interrupts else "stops"]:
            print(f"   {'not stopped' if interrupts else 'stopped'} by {line}")
    for words, passed in verdicts.items():
        print(f"{'passed' if passed else 'missed'}: {words}")


def verdicts(outcomes: dict[str, list[Outcome]]) -> dict[str, bool]:
    def those(*kinds: str, but: str = "\0") -> list[Outcome]:
        return [one for name, group in outcomes.items() if name.startswith(kinds) and but not in name for one in group]

    found: dict[str, bool] = {}
    if spoken := those("interruptions"):
        p95 = percentile([one.silent_ms for one in spoken], 0.95)
        found[f"silent within {TARGET_MS:g} ms at p95 of all {len(spoken)} interruptions ({p95:.0f})"] = (
            p95 <= TARGET_MS
        )
    if harmless := those("signs", "coughs", but=REAL):
        stops = sum(one.stopped for one in harmless)
        most = MOST_STOPS * len(harmless) // 200
        found[f"at most {most} of {len(harmless)} signs and coughs that are understood stop her ({stops})"] = (
            stops <= most
        )
    if back := those("echoes", but=REAL):
        stops = sum(one.stopped for one in back)
        found[f"no echo of {len(back)} stops her where at most 30 % of the words are misheard ({stops})"] = stops == 0
    lost = sum(one.lost for one in those(""))
    found[f"what was heard is what was sent, to the sample, in all {len(those(''))} scenes ({lost})"] = lost == 0
    return found


async def measured(arguments: argparse.Namespace) -> dict[str, list[Outcome]]:
    outcomes = await with_script_voice(arguments) if set(arguments.only) - {"echoes"} else {}
    return outcomes | (await echoes(arguments) if "echoes" in arguments.only else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--count", type=int, default=24, help="interruptions in each noise")
    parser.add_argument("--sounds", type=int, default=100, help="signs of listening, and coughs")
    parser.add_argument("--echoes", type=int, default=40)
    parser.add_argument("--asr", type=float, default=120.0, help="ms that the script takes for a clip")
    parser.add_argument("--vad", choices=("silero", "energy"), default="silero")
    parser.add_argument("--at-a-time", type=int, default=8, help="sessions at the same time; interruptions: 4 at most")
    parser.add_argument("--scripts-only", action="store_true", help="without PocketSphinx, which takes its time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    outcomes = asyncio.run(measured(arguments))
    results, found = {name: figures(group) for name, group in outcomes.items()}, verdicts(outcomes)
    if arguments.json:
        print(json.dumps({"results": results, "verdicts": found}, indent=2, ensure_ascii=False))
    else:
        print_text(results, found)
    sys.exit(0 if all(found.values()) else 1)


if __name__ == "__main__":
    main()
