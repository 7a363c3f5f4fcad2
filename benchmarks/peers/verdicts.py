"""The targets, and which of them the measured figures meet. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OURS, QUICK = "hayakuchi", "hayakuchi-quick"
PEERS = ("pipecat", "livekit")
Results = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target. ``met``: None when it could not be measured, ``measured`` says why then."""

    case: str
    what: str
    target: str
    measured: str
    met: bool | None


def best_peer(race: Results) -> tuple[str, float]:
    """The peer whose median of first audio is least, and that median, in ms."""
    return min(((peer, race["systems"][peer]["p50"]) for peer in PEERS), key=lambda pair: pair[1])


def ratio(race: Results, system: str) -> float:
    """The median of first audio, as a share of the best peer's in the same run."""
    return race["systems"][system]["p50"] / best_peer(race)[1]


def verdicts(results: Results) -> list[Verdict]:
    """Of the cases that were run, in order."""
    return [verdict for case, judge in _JUDGES.items() if case in results for verdict in judge(results[case])]


def _race(case: str, limit: float, system: str = OURS) -> Any:
    def judge(race: Results) -> Iterator[Verdict]:
        what, target = "first audio, p50 against the best peer's", f"≤ {limit:.2f}"
        if system not in race["systems"]:
            reason = f"not available: {race['quick_unavailable'] or 'it was not run'}"
            yield Verdict(case, what, target, reason.split(";")[0], None)
            return
        measured = ratio(race, system)
        yield Verdict(case, what, target, f"{measured:.2f}", measured <= limit)

    return judge


def _added(race: Results) -> Iterator[Verdict]:
    total = race["systems"][OURS]["added"]["total"]
    for share, limit in (("p50", 5), ("p95", 15)):
        what = f"added to the ideal cut, {share} of {total['turns']} turns"
        yield Verdict("D", what, f"≤ {limit} ms", f"{total[share]:.1f} ms", total[share] <= limit)


def _long(result: Results) -> Iterator[Verdict]:
    for language, one in result["languages"].items():
        stalls = one["stalls"] if one["whole"] else None
        measured = f"{stalls}" if stalls is not None else "the reply did not come whole"
        yield Verdict("E", f"stalls of the listener, {language}", "0", measured, stalls == 0)
        marks, length = one["at_mark_share"] or 0.0, one["length_share"] or 0.0
        what = f"later segments that end a clause or a sentence, {language}"
        yield Verdict("E", what, "≥ 90 %", f"{marks:.0%}".replace("%", " %"), marks >= 0.9)
        what = f"mean length of segments against sentences, {language}"
        yield Verdict("E", what, "≥ 60 %", f"{length:.0%}".replace("%", " %"), length >= 0.6)


def _killed(result: Results) -> Iterator[Verdict]:
    count = result["killed"]
    hole = result["hole_p95"]
    yield Verdict("F", f"hole at the listener, p95 of {count} rounds", "≤ 150 ms", f"{hole:.0f} ms", hole <= 150)
    for what in ("lost", "doubled"):
        rounds = result[f"with_{what}"]
        yield Verdict("F", f"rounds with words {what}", "0", f"{rounds} of {count}", rounds == 0 and count > 0)


def _seed(result: Results) -> Iterator[Verdict]:
    for name, share, what, limit in (
        ("first_audio", "p95", "first audio, p95", 500),
        ("audio_pipeline", "p95", "audio pipeline, p95", 250),
    ):
        value = result["figures"][name][share]
        yield Verdict("G", what, f"≤ {limit} ms", f"{value:.0f} ms", value <= limit)
    gained = result["figures"]["improvement"]["p50"]
    yield Verdict("G", "improvement over waiting for the whole reply", "≥ 70 %", f"{gained:.0f} %", gained >= 70)


_JUDGES = {
    "A": _race("A", 0.70),
    "B": _race("B", 0.72),
    "C": _race("C", 0.20, QUICK),
    "D": _added,
    "E": _long,
    "F": _killed,
    "G": _seed,
}
