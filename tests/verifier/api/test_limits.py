import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.api.limits import Buckets


def allowed(buckets, moments, subject="a"):
    return [buckets.take(subject, at) == 0.0 for at in moments]


def test_burst_passes_and_then_the_steady_rate():
    assert allowed(Buckets(rate_per_s=2.0, burst=3.0), [10.0] * 4) == [True] * 3 + [False]
    buckets = Buckets(rate_per_s=2.0, burst=3.0)
    allowed(buckets, [10.0] * 3)
    assert allowed(buckets, [10.25, 10.5, 10.75, 11.0]) == [False, True, False, True]


def test_wait_is_told_and_is_enough():
    buckets = Buckets(rate_per_s=2.0, burst=1.0)
    buckets.take("a", 10.0)
    assert buckets.wait_s("a", 10.0) == buckets.take("a", 10.0) == pytest.approx(0.5)
    assert buckets.take("a", 10.5) == 0.0


def test_refused_attempt_costs_nothing():
    buckets = Buckets(rate_per_s=1.0, burst=1.0)
    assert allowed(buckets, [0.0, 0.1, 0.2, 0.9, 1.0]) == [True, False, False, False, True]


def test_subjects_do_not_feel_each_other():
    buckets = Buckets(rate_per_s=1.0, burst=1.0)
    assert allowed(buckets, [0.0], "a") == allowed(buckets, [0.0], "b") == [True]


@given(
    st.floats(0.1, 1000.0),
    st.integers(1, 50),
    st.lists(st.floats(0.0, 2.0), min_size=1, max_size=200),
)
def test_never_more_than_burst_and_rate_allow(rate_per_s, burst, pauses):
    """In every stretch of time, as from a plain bucket that is counted in tokens."""
    buckets, at, tokens, last = Buckets(rate_per_s, burst), 0.0, float(burst), 0.0
    for pause in pauses:
        at += pause
        tokens, last = min(float(burst), tokens + (at - last) * rate_per_s), at
        passed = buckets.take("a", at) == 0.0
        if abs(tokens - 1.0) > 1e-6:
            assert passed == (tokens > 1.0)
        if passed:
            tokens -= 1.0


def test_memory_is_bounded_and_the_busiest_are_remembered():
    buckets = Buckets(rate_per_s=1.0, burst=5.0, max_subjects=100)
    for _ in range(5):
        buckets.take("busy", 0.0)
    for number in range(1000):
        buckets.take(f"passer-by {number}", 0.0)
        assert len(buckets) <= 101
    assert buckets.take("busy", 0.0) > 0.0


def test_taking_costs_less_than_three_microseconds():
    buckets = Buckets(rate_per_s=1e9, burst=1e9)
    started = time.perf_counter()
    for _ in range(20_000):
        buckets.take("203.0.113.5", 10.0)
    assert (time.perf_counter() - started) / 20_000 < 3e-6
