"""What becomes of the failures that are remembered when an administrator changes the limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.decide.throttle import Throttle

AT = 1_800_000_000.0
HOUR_S = 3600.0
DEFAULT = Throttle(backoff_s=0.0)

limits = st.builds(
    Throttle,
    budget=st.floats(1.0, 100.0),
    refill_per_hour=st.floats(0.01, 100.0),
    backoff_s=st.floats(0.0, 60.0),
    backoff_limit_s=st.floats(0.0, 3600.0),
)
lives = st.lists(st.tuples(st.floats(0.0, 86_400.0), st.booleans()), max_size=60)


def failed(throttle, times):
    state = throttle.fresh(AT)
    for _ in range(times):
        state = throttle.failed(state, AT)
    return state


def guesses_at_once(throttle, state, at=AT):
    """How many guesses would be compared with no time between them."""
    throttle, guesses = replace(throttle, backoff_s=0.0, backoff_limit_s=0.0), 0
    state = state._replace(retry_at=at)
    while throttle.wait_s(state, at) == 0.0:
        state, guesses = throttle.failed(state, at), guesses + 1
    return guesses


@pytest.mark.parametrize(("spent", "left"), [(0, 3), (5, 3), (7, 3), (8, 2), (10, 0)])
def test_lowered_budget_holds_at_once(spent, left):
    lowered = replace(DEFAULT, budget=3.0)
    assert guesses_at_once(lowered, failed(DEFAULT, spent)) == left


@pytest.mark.parametrize("spent", [1, 5, 10])
def test_raised_budget_is_not_given_but_refills(spent):
    raised = replace(DEFAULT, budget=50.0)
    state = failed(DEFAULT, spent)
    assert guesses_at_once(raised, state) == 10 - spent
    assert guesses_at_once(raised, state, AT + 20 * HOUR_S) == 30 - spent
    assert guesses_at_once(raised, state, AT + 1000 * HOUR_S) == 50


def test_locked_token_stays_locked_until_a_guess_has_come_back_at_the_new_rate():
    raised = replace(DEFAULT, budget=50.0, refill_per_hour=4.0)
    state = failed(DEFAULT, 10)
    assert raised.is_locked(state, AT)
    assert raised.wait_s(state, AT) == pytest.approx(HOUR_S / 4)


def test_time_since_the_last_failure_counts_at_the_new_rate():
    quicker = replace(DEFAULT, refill_per_hour=5.0)
    state = failed(DEFAULT, 10)
    assert guesses_at_once(DEFAULT, state, AT + HOUR_S) == 1
    assert guesses_at_once(quicker, state, AT + HOUR_S) == 5


@given(limits, limits, lives, lives)
def test_no_change_gives_more_than_the_new_budget_and_refill(before, after, life, later_life):
    state, at = before.fresh(AT), AT
    for gap_s, is_right in life:
        at += gap_s
        if before.wait_s(state, at) == 0.0:
            state = before.succeeded(state, at) if is_right else before.failed(state, at)
    changed_at, had, guesses = at, state.budget, 0
    for gap_s, is_right in later_life:
        at += gap_s
        if after.wait_s(state, at) > 0.0:
            continue
        state = after.succeeded(state, at) if is_right else after.failed(state, at)
        guesses += not is_right
        refilled = (at - changed_at) * after.refill_per_hour / HOUR_S
        idle = (changed_at - AT) * after.refill_per_hour / HOUR_S
        assert guesses <= min(after.budget, had + idle) + refilled + 1e-6
