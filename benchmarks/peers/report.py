"""``docs/benchmarks.md`` out of what was measured, and nothing else. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from hayakuchi.benchmarks.peers.environments import TITLES
from hayakuchi.benchmarks.peers.verdicts import OURS, QUICK, best_peer, ratio, verdicts

Results = dict[str, Any]
NAMES = {**TITLES, OURS: "Hayakuchi", QUICK: "Hayakuchi, quick reply and warm cache"}
PARTS = {
    "to_model": "message → request at the model",
    "to_voice": "token that made the cut possible → request at the voice",
    "to_listener": "first audio left the voice → first audio heard",
    "total": "added in all",
}
SPEEDS = "Model's first token {first_token} ms, {token} ms per token, voice's first byte {first_byte} ms, RTF {rtf}"

HOW = """\
## How it is measured

One process plays the language model and the voice: OpenAI's `/v1/chat/completions` and `/v1/audio/speech` with scripted
replies at the speeds above (RTF: seconds of synthesis per second of sound), on loopback. All processes read one monotonic
clock. The replies (`benchmarks/script.yaml`) are the same for all, in English, Chinese and Japanese, as a VTuber would speak.
{first_sentences}
A token is a word in English and one or two characters in Chinese and Japanese. A Latin character lasts 60 ms, a Chinese or
Japanese one 200 ms. In cases A to C every system answers every reply before the next one comes, in rotating order, after
warm-up turns. Percentiles are by nearest rank.

The clock starts when the text of the user is handed over, and stops at the first piece of sound with an audible sample in it.

- **Pipecat**: a `Pipeline` of `OpenAILLMService`, `OpenAITTSService` and a sink where an output transport would stand; the
  user's message goes in as an `LLMContextFrame`. Sentence aggregation, which is its default: its other mode asks this kind of
  voice for every token by itself. No RTVI, no turn tracking, no metrics. Its OpenAI voice gathers half a second of sound
  before it passes any on (`chunk_size`), for which it has no setting.
- **LiveKit Agents**: an `AgentSession` with the OpenAI plugin's model and voice and an audio output of our own;
  `generate_reply(user_input=…)`; no room, no voice activity detection, no text transforms. Raw PCM instead of MP3, and a
  sentence tokenizer set to `min_sentence_len=1, stream_context_len=1`, which are quicker than the defaults (mp3, 20 and 10).
  Preemptive generation needs speech as input and does not apply.
- **Hayakuchi**: `hayakuchi run` with `openai_llm` and `openai_tts` and no other setting (but no phrase cache, except in C),
  heard over `/stage/ws`. So its figures hold a WebSocket to another process, while the peers are heard in theirs.

That each reply was asked of the voice whole, and that its sound came whole, is checked in every turn ("whole" in the tables).

**C**: a small model whose first token comes after {small_first_token} ms says an opener; the openers are in the phrase
cache. The peers are those of case B. A reply that begins with the very words of its opener has them spoken once, which the
check of wholeness, made for replies without an opener, counts as not whole.

**D**: per turn of case A, first audio minus the ideal: the model's time to the token that made the first cut possible, plus
the voice's time to its first byte, as their server saw them. The token is found from the text that the voice was asked for.
After a comma, `!`, `?` or a Chinese or Japanese mark it is the token that brought the mark and what closes with it; after a
full stop, and between words, it is the next token, since only that one shows that the sentence or the word is over; between
Chinese words the token with the second letter after the cut. Waiting on purpose counts as added.

**E**: the listener plays in real time and says so, as the stage page does. A stall is more than {stall_ms:g} ms with nothing to
play between the first sound and the last. Lengths are in characters.

**F**: `kill -9` at a random moment in the middle of a clip; requests that are under way at the same time die too. Each sample
of the scripted voices tells voice and letter, so the sound itself shows what is missing: a word is lost when less than half of
it was heard, doubled when half of it was heard again.

**G**: `hayakuchi latency --json` on a configuration that sets the models and nothing else; replies of
{talk_sentences} sentences.

## Run it again

```
uv run python benchmarks/peers/run.py             # makes the peers' environments, runs all cases, writes this page
uv run python benchmarks/peers/run.py --quick     # 6 replies and 6 rounds; prints the page
uv run python benchmarks/peers/run.py --case A    # one case; prints the page
```
"""


def render(results: Results) -> str:
    """The page, in Markdown."""
    parts = [
        "# Side by side",
        "Written by `benchmarks/peers/run.py` from what it measured; not edited by hand.",
        f"{results['machine']}; load average {results['load']:.1f} when it began. {results['versions']}. {results['date']}.",
        *_again(results.get("again", "")),
        "## Targets",
        _table(("case", "what", "measured", "target", ""), map(_verdict_row, verdicts(results)), numbers=(2, 3)),
    ]
    for case in ("A", "B"):
        if case in results:
            parts += _race(case, results[case])
    if "D" in results:
        parts += _added(results["D"])
    if "E" in results:
        parts += _long(results["E"])
    if "F" in results:
        parts += _killed(results["F"])
    if "G" in results:
        parts += _seed(results["G"])
    return "\n\n".join([*parts, HOW.format(**results["said"])])


def _again(cases: str) -> list[str]:
    """That a page holds figures of more than one run is said at its top."""
    if not cases:
        return []
    return [f"Measured again after the run that the rest is from, in place of its figures: {', '.join(cases)}."]


def _verdict_row(one: Any) -> tuple[str, ...]:
    sign = {True: "met", False: "**missed**", None: "–"}[one.met]
    return one.case, one.what, one.measured, one.target, sign


def _race(case: str, race: Results) -> list[str]:
    best = best_peer(race)[0]
    title = f"## {case}: first audio" + (" (and C: with a quick reply)" if case == "B" else "")
    heads = ("system", "p50, ms", "p95, ms", "p50 against the best peer", "whole", "with failures")
    rows = [
        (
            NAMES[name] + (" (best peer)" if name == best else ""),
            _number(one["p50"]),
            _number(one["p95"]),
            f"{ratio(race, name):.2f}",
            f"{one['whole']} of {one['turns']}",
            str(one["errors"]),
        )
        for name, one in race["systems"].items()
    ]
    said = [f"{_speeds(race)}."]
    if case == "B" and race["quick_unavailable"]:
        said.append(f"C is not available: {race['quick_unavailable']}")
    return [title, *said, _table(heads, rows, numbers=range(1, 6))]


def _added(race: Results) -> list[str]:
    systems = [name for name in (*TITLES, OURS) if name in race["systems"]]
    heads = ("part of the way", *(f"{NAMES[name]}, p50 / p95 ms" for name in systems))
    rows = [
        (
            title,
            *(
                f"{_number(found['p50'], 1)} / {_number(found['p95'], 1)}"
                for name in systems
                for found in [race["systems"][name]["added"][part]]
            ),
        )
        for part, title in PARTS.items()
    ]
    return ["## D: added to the ideal cut", _table(heads, rows, numbers=range(1, len(heads)))]


def _long(result: Results) -> list[str]:
    heads = (
        "reply",
        "sound, s",
        "segments",
        "stalls",
        "longest, ms",
        "end at a mark",
        "length against sentences",
        "whole",
    )
    rows = [
        (
            language,
            _number(one["audio_s"]),
            str(one["segments"]),
            str(one["stalls"]),
            _number(one["longest_hole_ms"]),
            _percent(one["at_mark_share"]),
            _percent(one["length_share"]),
            "yes" if one["whole"] else "no",
        )
        for language, one in result["languages"].items()
    ]
    said = f"{_speeds(result)}. All three at the same time."
    return ["## E: thirty sentences", said, _table(heads, rows, numbers=range(1, 7))]


def _killed(result: Results) -> list[str]:
    heads = ("rounds", "hole p50, ms", "hole p95, ms", "rounds with words lost", "rounds with words doubled")
    row = (
        f"{result['killed']} of {result['rounds']}",
        _number(result["hole_p50"]),
        _number(result["hole_p95"]),
        str(result["with_lost"]),
        str(result["with_doubled"]),
    )
    said = f"{_speeds(result)}. A round counts when the voice was killed in it."
    return ["## F: the voice is killed", said, _table(heads, [row], numbers=range(5))]


def _seed(result: Results) -> list[str]:
    heads = ("figure", "p50", "p95", "p99")
    rows = [
        (name.replace("_", " "), *(_number(row.get(share)) for share in ("p50", "p95", "p99")))
        for name, row in result["figures"].items()
    ]
    said = f"{_speeds(result)}. In ms, the improvement in %."
    return ["## G: `hayakuchi latency`", said, _table(heads, rows, numbers=range(1, 4))]


def _speeds(result: Results) -> str:
    return SPEEDS.format(**result["timings"])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int]) -> str:
    right = set(numbers)
    rule = ["---:" if column in right else "---" for column in range(len(heads))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows))


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f} %"
