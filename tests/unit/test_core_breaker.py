"""The breaker's states, driven by hand."""

import pytest
from hayakuchi.core.breaker import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, Breaker, BreakerState
from hayakuchi.core.errors import Category, ProviderError
from hypothesis import given
from hypothesis import strategies as st

SLOW = ProviderError("tts", "x", Category.TIMEOUT, "slow")
WRONG_KEY = ProviderError("tts", "x", Category.AUTH, "wrong key")


def opened(now: float = 0) -> Breaker:
    breaker = Breaker()
    for _ in range(3):
        breaker.failed(SLOW, now)
    return breaker


def test_it_opens_after_three_failures_in_a_row() -> None:
    breaker = Breaker()
    for failures in range(3):
        assert breaker.allow(failures), failures
        assert breaker.state(failures) is BreakerState.CLOSED
        breaker.failed(SLOW, failures)
    assert breaker.state(2) is BreakerState.OPEN
    assert not breaker.allow(2 + FIRST_PAUSE_MS - 1)


def test_a_success_between_starts_the_count_again() -> None:
    breaker = Breaker()
    for _ in range(10):
        breaker.failed(SLOW, 0)
        breaker.failed(SLOW, 0)
        breaker.succeeded()
    assert breaker.state(0) is BreakerState.CLOSED


@pytest.mark.parametrize("category", [category for category in Category if not category.retryable])
def test_what_waiting_does_not_mend_opens_at_once_and_for_long(category: Category) -> None:
    breaker = Breaker()
    breaker.failed(ProviderError("llm", "x", category, "no"), 0)
    assert breaker.state(LONGEST_PAUSE_MS - 1) is BreakerState.OPEN
    assert breaker.state(LONGEST_PAUSE_MS) is BreakerState.HALF_OPEN


def test_a_provider_that_says_how_long_is_left_alone_so_long() -> None:
    breaker = Breaker()
    breaker.failed(ProviderError("llm", "x", Category.RATE_LIMITED, "later", retry_after_s=45), 0)
    assert breaker.state(44_999) is BreakerState.OPEN
    assert breaker.allow(45_000)


def test_half_open_lets_one_try() -> None:
    breaker = opened()
    assert [breaker.allow(FIRST_PAUSE_MS) for _ in range(4)] == [True, False, False, False]
    breaker.succeeded()
    assert [breaker.allow(FIRST_PAUSE_MS) for _ in range(4)] == [True] * 4


def test_an_abandoned_try_lets_the_next_one_try() -> None:
    breaker = opened()
    assert breaker.allow(FIRST_PAUSE_MS)
    breaker.abandoned()
    assert breaker.state(FIRST_PAUSE_MS) is BreakerState.HALF_OPEN
    assert [breaker.allow(FIRST_PAUSE_MS) for _ in range(2)] == [True, False]


def test_each_failed_try_doubles_the_pause_to_a_limit() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(8):
        pause = next(ms for ms in range(0, 40_000, 500) if breaker.state(now + ms) is BreakerState.HALF_OPEN)
        pauses.append(pause)
        now += pause
        assert breaker.allow(now)
        breaker.failed(SLOW, now)
    assert pauses == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]


def test_a_success_forgets_how_long_the_pause_was() -> None:
    breaker = opened()
    assert breaker.allow(1000)
    breaker.failed(SLOW, 1000)
    assert breaker.allow(3000)
    breaker.succeeded()
    for _ in range(3):
        breaker.failed(SLOW, 5000)
    assert breaker.state(5999) is BreakerState.OPEN
    assert breaker.state(6000) is BreakerState.HALF_OPEN


def test_many_who_felt_one_outage_count_once() -> None:
    breaker = opened()
    for _ in range(50):
        breaker.failed(SLOW, 500)
    assert breaker.state(999) is BreakerState.OPEN
    assert breaker.state(1000) is BreakerState.HALF_OPEN


def test_trip_opens_whatever_the_count() -> None:
    breaker = Breaker()
    breaker.trip(SLOW, 0)
    assert breaker.state(0) is BreakerState.OPEN
    assert breaker.state(FIRST_PAUSE_MS) is BreakerState.HALF_OPEN
    breaker = Breaker()
    breaker.trip(WRONG_KEY, 0)
    assert breaker.state(LONGEST_PAUSE_MS - 1) is BreakerState.OPEN


@given(st.lists(st.tuples(st.sampled_from(["ask", "ok", "slow", "key", "drop"]), st.integers(0, 5000)), max_size=60))
def test_it_never_locks_a_provider_out_for_ever(steps: list[tuple[str, int]]) -> None:
    breaker, now = Breaker(), 0
    trying = False
    for step, wait in steps:
        now += wait
        if step == "ask":
            half_open = breaker.state(now) is BreakerState.HALF_OPEN
            if breaker.allow(now) and half_open:
                assert not trying, "two may try at a time"
                trying = True
            continue
        if step == "drop" and trying:
            breaker.abandoned()
        elif step == "ok":
            breaker.succeeded()
        elif step in ("slow", "key"):
            state = breaker.state(now)
            breaker.failed(SLOW if step == "slow" else WRONG_KEY, now)
            if step == "slow" and state is BreakerState.OPEN:
                continue
        else:
            continue
        trying = trying and step == "slow" and breaker.state(now) is BreakerState.HALF_OPEN
    if trying:
        breaker.abandoned()
    assert breaker.allow(now + LONGEST_PAUSE_MS)
