"""Sentence segments of streamed text: how many texts of the corpus each library cuts as written, and how fast.

uv run python benchmarks/segmenter.py [--json]

Streaming with a library for whole texts means to split what is held again at each token, to hand on all but the last sentence,
and the rest at the end. The exit status is 1 if ours falls below 95 % or below another one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pysbd
import sentencex

from hayakuchi.orchestrator.segmenter import Segmenter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from corpus import LANGUAGES, Case, cases  # pyright: ignore[reportMissingImports]
from speech_model import tokens  # pyright: ignore[reportMissingImports]

Split = Callable[[str], list[str]]
SESSIONS_TOKENS_PER_S = 100 * 100
LEAST = 0.95


def ours(pieces: Iterable[str]) -> list[str]:
    segmenter = Segmenter(sentences_only=True)
    cuts = [cut.text for piece in pieces for cut in segmenter.feed(piece, 0.0)]
    return cuts + [cut.text for cut in segmenter.flush()]


def ours_as_a_turn_does(pieces: Iterable[str]) -> list[str]:
    """With a poll and a look at the next one for each token."""
    segmenter = Segmenter(deadline=100.0)
    texts: list[str] = []
    for index, piece in enumerate(pieces):
        now = 15.0 * index
        for cut in segmenter.feed(piece, now) + segmenter.poll(now, 2000.0, 80.0):
            texts.append(cut.text)
        segmenter.next_poll()
    return texts + [cut.text for cut in segmenter.flush()]


def resplit(split: Split, pieces: Iterable[str]) -> list[str]:
    """Split what is held at each token."""
    done: list[str] = []
    held = ""
    for piece in pieces:
        sentences = split(held + piece)
        done += sentences[:-1]
        held = sentences[-1] if sentences else ""
    return [*done, held]


def with_sentencex(language: str) -> Split:
    return lambda text: list(sentencex.segment(language, text))  # pyright: ignore[reportAttributeAccessIssue]


def with_pysbd(language: str) -> Split:
    """pySBD has no Korean: as English."""
    splitter: Any = pysbd.Segmenter(language="en" if language == "ko" else language, clean=False)
    return lambda text: [str(sentence) for sentence in splitter.segment(text)]


def meets(case: Case, found: list[str]) -> bool:
    """Blanks between sentences do not count."""
    return [text.strip() for text in found if text.strip()] == [text.strip() for text in case.pieces]


def scores(all_cases: list[Case]) -> dict[str, dict[str, dict[str, float]]]:
    """Shares met: streamed and whole, by name and language."""
    makers = {"sentencex": with_sentencex, "pysbd": with_pysbd}
    table: dict[str, dict[str, dict[str, float]]] = {}
    for language in (*LANGUAGES, "all"):
        some = [case for case in all_cases if language in (case.language, "all")]
        met = {
            "hayakuchi": (
                sum(meets(c, ours(tokens(c.text))) for c in some),
                sum(meets(c, ours([c.text])) for c in some),
            )
        }
        for name, make in makers.items():
            split = {code: make(code) for code in LANGUAGES}
            streamed = sum(meets(c, resplit(split[c.language], tokens(c.text))) for c in some)
            met[name] = streamed, sum(meets(c, split[c.language](c.text)) for c in some)
        for name, (streamed, whole) in met.items():
            shares = {"streamed": streamed / len(some), "whole": whole / len(some), "cases": len(some)}
            table.setdefault(name, {})[language] = shares
    return table


def speed(run: Callable[[list[str]], object], pieces: list[str], rounds: int) -> dict[str, float]:
    """The best of some rounds, in CPU time."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        run(pieces)
        best = min(best, time.process_time() - began)
    return {
        "characters_per_s": sum(map(len, pieces)) / best,
        "us_per_token": best / len(pieces) * 1e6,
        "share_of_a_core": best / len(pieces) * SESSIONS_TOKENS_PER_S,
    }


def speeds(all_cases: list[Case]) -> dict[str, dict[str, dict[str, float]]]:
    """By text and name; ``prose`` has a mark about every fifty characters, the corpus one every eight."""
    english = tokens("\n".join(case.text for case in all_cases if case.language == "en"))
    chinese = tokens("\n".join(case.text for case in all_cases if case.language == "zh"))
    prose = tokens(
        "When the rain had stopped we walked along the river until it was dark, and nobody said a word. " * 60
    )
    table: dict[str, dict[str, dict[str, float]]] = {}
    for name, language, pieces in (("prose", "en", prose), ("corpus en", "en", english), ("corpus zh", "zh", chinese)):
        table[name] = {
            "hayakuchi": speed(ours, pieces, 30),
            "hayakuchi, polled": speed(ours_as_a_turn_does, pieces, 10),
            "sentencex": speed(partial(resplit, with_sentencex(language)), pieces, 3),
            "pysbd": speed(partial(resplit, with_pysbd(language)), pieces, 1),
        }
    return table


def show(score: dict[str, dict[str, dict[str, float]]], fast: dict[str, dict[str, dict[str, float]]]) -> None:
    print("texts cut as written, streamed / whole, in %")
    print(f"{'':18}" + "".join(f"{language:>14}" for language in (*LANGUAGES, "all")))
    for name, row in score.items():
        cells = "".join(f"{100 * cell['streamed']:7.1f} /{100 * cell['whole']:5.1f}" for cell in row.values())
        print(f"{name:18}{cells}")
    for text, rows in fast.items():
        print(f"\n{text}: million characters/s, us per token, share of one core at 100 sessions of 100 tokens/s")
        for name, cell in rows.items():
            print(
                f"{name:18}{cell['characters_per_s'] / 1e6:9.3f}{cell['us_per_token']:9.2f}{cell['share_of_a_core']:9.1%}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    all_cases = cases()
    score, fast = scores(all_cases), speeds(all_cases)
    if given.json:
        print(json.dumps({"scores": score, "speeds": fast}, indent=2))
    else:
        show(score, fast)
    streamed = {name: row["all"]["streamed"] for name, row in score.items()}
    mine = streamed.pop("hayakuchi")
    if mine < LEAST or mine <= max(streamed.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
