"""The corpus of sentence segments: the same however the text arrives, and as written for nearly all of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import pytest
from corpus import LANGUAGES, Case, cases, misses
from speech_model import tokens

from hayakuchi.orchestrator.segmenter import Segmenter

CASES = cases()
MISSES = misses()


def cut(pieces: Iterable[str]) -> tuple[str, ...]:
    segmenter = Segmenter(sentences_only=True)
    cuts = [done.text for piece in pieces for done in segmenter.feed(piece, 0.0)]
    return (*cuts, *(done.text for done in segmenter.flush()))


def tokenisations(text: str) -> list[list[str]]:
    dice = random.Random(text)
    ends = sorted({*dice.choices(range(1, len(text) + 1), k=len(text) // 3), len(text)})
    odd = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return [list(text), tokens(text), [text[at : at + 5] for at in range(0, len(text), 5)], odd, [text]]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ends_sentences_where_a_reader_does(case: Case, request: pytest.FixtureRequest) -> None:
    if case.text in MISSES:
        request.applymarker(pytest.mark.xfail(reason=MISSES[case.text], strict=True))
    assert {cut(pieces) for pieces in tokenisations(case.text)} == {case.pieces}


@pytest.mark.parametrize("text", MISSES)
def test_a_known_miss_loses_nothing_and_does_not_depend_on_tokens(text: str) -> None:
    results = {cut(pieces) for pieces in tokenisations(text)}
    assert len(results) == 1
    assert "".join(results.pop()) == text


def test_the_corpus_is_large_and_nearly_all_of_it_is_met() -> None:
    assert len({case.text for case in CASES}) == len(CASES) >= 320
    assert min(Counter(case.language for case in CASES)[language] for language in LANGUAGES) >= 60
    assert set(MISSES) <= {case.text for case in CASES}
    for language in LANGUAGES:
        texts = [case.text for case in CASES if case.language == language]
        assert sum(text not in MISSES for text in texts) >= 0.95 * len(texts)


def test_every_tokenisation_is_the_whole_text() -> None:
    for case in CASES:
        assert all("".join(pieces) == case.text for pieces in tokenisations(case.text))
