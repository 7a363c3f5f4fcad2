"""Hayakuchi, Pipecat and LiveKit Agents side by side on the same scripted models.

uv run python benchmarks/peers/run.py              all cases, about 20 minutes; writes docs/benchmarks.md
uv run python benchmarks/peers/run.py --quick      6 replies and 6 rounds; prints the page instead
uv run python benchmarks/peers/run.py --case A     one case (A to G; C runs B, D runs A); prints the page instead
uv run python benchmarks/peers/run.py --json       prints all that was measured as well
    uv run python benchmarks/peers/run.py --from run.json --case E    what --json printed, with one case measured again
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from hayakuchi import __version__
from hayakuchi.benchmarks.peers.environments import TITLES
from hayakuchi.benchmarks.peers.race import FAST, SLOW, SMALL_FIRST_TOKEN, race
from hayakuchi.benchmarks.peers.report import render
from hayakuchi.benchmarks.peers.staying_power import STALL_MS, killed_voices, latency_command, long_replies
from hayakuchi.benchmarks.script import LANGUAGES, TALK_SENTENCES, replies, sentences

CASES = "ABCDEFG"
REPORT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
ROUNDS = 50
FEW = 6
Results = dict[str, Any]


async def measure(cases: str, *, quick: bool) -> Results:
    """What was measured, by case; C is judged on the run of B, D on that of A."""
    spoken = replies()[1 :: len(replies()) // FEW] if quick else replies()
    results: Results = {}
    if set("AD") & set(cases):
        fast = await race("A", FAST, spoken, quick=False)
        results |= {case: fast for case in "AD" if case in cases}
    if set("BC") & set(cases):
        slow = await race("B", SLOW, spoken, quick="C" in cases)
        results |= {"B": slow} | ({"C": slow} if "C" in cases else {})
    if "E" in cases:
        results["E"] = await long_replies()
    if "F" in cases:
        results["F"] = await killed_voices(FEW if quick else ROUNDS)
    if "G" in cases:
        results["G"] = await latency_command()
    return results


def surroundings() -> Results:
    """What the figures depend on beside the programs."""
    system = platform.system()
    if system == "Linux":
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    machine = f"{os.cpu_count()} cores ({platform.machine()}), {system}, Python {platform.python_version()}"
    versions = ", ".join([f"Hayakuchi {__version__}", *TITLES.values()])
    return {
        "machine": machine,
        "versions": versions,
        "load": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "said": {
            "stall_ms": STALL_MS,
            "small_first_token": SMALL_FIRST_TOKEN,
            "talk_sentences": TALK_SENTENCES,
            "first_sentences": _first_sentences(),
        },
    }


def _first_sentences() -> str:
    """How long the first sentences of the replies are."""
    said: list[str] = []
    for language in LANGUAGES:
        lengths = [len(sentences(reply.text)[0]) for reply in replies() if reply.language == language]
        said.append(f"{min(lengths)} to {max(lengths)} in the {len(lengths)} {language} ones")
    return f"The first sentences have {', '.join(said)} (characters)."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer replies and rounds")
    parser.add_argument("--case", choices=CASES, action="append", help="only this one; may be given more than once")
    parser.add_argument("--json", action="store_true", help="print everything that was measured")
    parser.add_argument("--from", dest="earlier", type=Path, help="the JSON of an earlier run, for what is not run now")
    given = parser.parse_args()
    earlier = json.loads(given.earlier.read_text(encoding="utf-8")) if given.earlier else surroundings()
    cases = "".join(given.case or ("" if given.earlier else CASES))
    results = earlier | asyncio.run(measure(cases, quick=given.quick))
    if given.earlier:
        results["again"] = "".join(sorted({*earlier.get("again", ""), *cases}))
    page = render(results)
    if given.json:
        print(json.dumps(results, indent=1, ensure_ascii=False))
    if given.quick or set(CASES) - set(results):
        print(page, file=sys.stderr if given.json else sys.stdout)
    else:
        REPORT.write_text(page, encoding="utf-8")
        print(f"wrote {REPORT}", file=sys.stderr)


if __name__ == "__main__":
    main()
