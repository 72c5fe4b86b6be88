"""The budget of guesses, and the waits between them."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.decide.throttle import MOST_FAILURES, SOURCE_THROTTLE, Throttle

AT = 1_800_000_000.0
THROTTLE = Throttle()
HOUR_S = 3600.0

throttles = st.builds(
    Throttle,
    budget=st.floats(1.0, 100.0),
    refill_per_hour=st.floats(0.01, 100.0),
    backoff_s=st.floats(0.0, 60.0),
    backoff_limit_s=st.floats(0.0, 3600.0),
)
lives = st.lists(st.tuples(st.floats(0.0, 86_400.0), st.booleans()), max_size=60)
lives_with_steps = st.lists(st.tuples(st.floats(-86_400.0, 86_400.0), st.booleans()), max_size=60)


def failing(throttle, times, at=AT):
    """The state after so many failures, each as soon as one is allowed; and the time of the last."""
    state = throttle.fresh(at)
    for _ in range(times):
        at += throttle.wait_s(state, at) + 1e-3
        state = throttle.failed(state, at)
    return state, at


@pytest.mark.parametrize("limits", [{"budget": 100.5}, {"budget": 0.5}, {"refill_per_hour": 0.0}])
def test_limits_that_nist_or_sense_forbids_are_refused(limits):
    with pytest.raises(ValueError, match="budget"):
        Throttle(**limits)


def test_defaults_are_well_under_the_ceiling():
    assert THROTTLE.budget <= SOURCE_THROTTLE.budget <= MOST_FAILURES


class TestBudget:
    @given(throttles, lives)
    def test_no_sequence_gets_more_guesses_than_budget_and_refill(self, throttle, life):
        state, at, guesses = throttle.fresh(AT), AT, 0
        for gap_s, is_right in life:
            at += gap_s
            if throttle.wait_s(state, at) > 0.0:
                continue
            state = throttle.succeeded(state, at) if is_right else throttle.failed(state, at)
            guesses += not is_right
            refilled = (at - AT) * throttle.refill_per_hour / HOUR_S
            assert guesses <= throttle.budget + refilled + 1e-6
            assert -1e-6 <= state.budget <= throttle.budget

    @given(throttles)
    def test_the_most_patient_guesser_gets_budget_and_refill_and_not_less(self, throttle):
        state, at = failing(throttle, 200)
        by_backoff = AT + 200 * (throttle.backoff_limit_s + 1e-3)
        by_budget = AT + (201 - throttle.budget) * HOUR_S / throttle.refill_per_hour + 1.0
        assert at <= max(by_backoff, AT) + max(by_budget, AT) - AT
        assert state.streak == 200

    def test_a_spent_budget_locks_until_a_guess_has_come_back(self):
        throttle = replace(THROTTLE, backoff_s=0.0)
        state, at = failing(throttle, 10)
        assert throttle.is_locked(state, at)
        assert throttle.wait_s(state, at) == pytest.approx(HOUR_S, rel=1e-3)
        assert throttle.is_locked(state, at + HOUR_S - 1.0)
        assert not throttle.is_locked(state, at + HOUR_S + 1.0)
        assert throttle.wait_s(state, at + HOUR_S + 1.0) == 0.0

    def test_a_right_code_does_not_buy_guesses(self):
        state, at = failing(THROTTLE, 5)
        for _ in range(20):
            state = THROTTLE.succeeded(state, at)
        assert state.budget == pytest.approx(5.0, abs=0.2)

    @given(throttles, st.integers(1, 30))
    def test_after_its_rest_nothing_but_the_streak_is_left(self, throttle, times):
        state, at = failing(throttle, times)
        later = at + throttle.rest_s
        assert throttle.wait_s(state, later) == 0.0
        assert throttle.succeeded(state, later).budget == pytest.approx(throttle.budget)


class TestServerClockPutBack:
    @given(throttles, st.floats(0.0, 1e6))
    def test_a_token_without_failures_waits_for_nothing(self, throttle, back_s):
        fresh = throttle.fresh(AT)
        for state in (fresh, throttle.succeeded(fresh, AT)):
            assert throttle.wait_s(state, AT - back_s) == 0.0
            assert not throttle.is_locked(state, AT - back_s)

    @given(throttles, st.integers(0, 40), st.floats(1.0, 1e9))
    def test_nobody_waits_longer_than_at_the_time_of_the_failure(self, throttle, times, back_s):
        """A clock that ran ahead by years locks nobody out."""
        state, at = failing(throttle, times)
        assert throttle.wait_s(state, at - back_s) == pytest.approx(throttle.wait_s(state, at), abs=1e-3)

    @given(throttles, st.integers(1, 40), st.floats(1.0, 1e9))
    def test_a_back_off_lasts_its_length_and_runs_down(self, throttle, times, back_s):
        state, at = failing(throttle, times)
        wait_s = throttle.wait_s(state, at)
        earlier = at - back_s
        rebased = throttle.rebased(state, earlier)
        assert (rebased.budget, rebased.streak, rebased.at) == (state.budget, state.streak, earlier)
        assert throttle.wait_s(rebased, earlier + 0.5 * wait_s) == pytest.approx(0.5 * wait_s, abs=1e-3)
        assert throttle.wait_s(rebased, earlier + wait_s) <= 1e-3

    def test_a_state_that_is_not_from_later_stays_as_it_is(self):
        state, at = failing(THROTTLE, 3)
        assert THROTTLE.rebased(state, at) is state
        assert THROTTLE.rebased(state, at + 5.0) is state

    def test_an_hour_lived_through_again_refills_once_for_each_time(self):
        throttle = Throttle(budget=3.0, refill_per_hour=1.0, backoff_s=0.0)
        state, guesses, returns = throttle.fresh(AT), 0, 0
        for change in range(40):
            at = AT + (HOUR_S if change % 2 else 0.0)
            returns += change % 2
            state = throttle.rebased(state, at)
            if throttle.wait_s(state, at) == 0.0:
                state, guesses = throttle.failed(state, at), guesses + 1
        assert guesses <= 3 + returns


class TestBackoff:
    def test_wait_doubles_with_each_failure_up_to_its_limit(self):
        throttle = replace(THROTTLE, budget=100.0)
        state, at, waits = throttle.fresh(AT), AT, []
        for _ in range(12):
            state = throttle.failed(state, at)
            waits.append(throttle.wait_s(state, at))
            at += waits[-1]
        assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])

    def test_a_right_code_ends_it(self):
        state, at = failing(THROTTLE, 5)
        assert THROTTLE.wait_s(state, at) == pytest.approx(16.0)
        right = THROTTLE.succeeded(state, at)
        assert (THROTTLE.wait_s(right, at), right.streak) == (0.0, 0)

    def test_a_new_token_waits_for_nothing(self):
        assert THROTTLE.wait_s(THROTTLE.fresh(AT), AT) == 0.0
        assert not THROTTLE.is_locked(THROTTLE.fresh(AT), AT)

    @given(throttles, lives_with_steps)
    def test_wait_is_what_it_says(self, throttle, life):
        """Asked again after the wait, a token is free, to the microsecond that a clock of today can show."""
        state, at = throttle.fresh(AT), AT
        for gap_s, is_right in life:
            at += gap_s
            state = throttle.rebased(state, at)
            wait_s = throttle.wait_s(state, at)
            assert wait_s >= 0.0
            assert math.isfinite(wait_s)
            assert throttle.wait_s(state, at + wait_s) <= 1e-6 * max(1.0, HOUR_S / throttle.refill_per_hour)
            if wait_s == 0.0:
                state = throttle.succeeded(state, at) if is_right else throttle.failed(state, at)

    @given(throttles, lives_with_steps, st.floats(0.0, 1e4), st.floats(0.0, 1e4))
    def test_waiting_longer_never_makes_the_wait_longer(self, throttle, life, later_s, more_s):
        state, at = throttle.fresh(AT), AT
        for gap_s, is_right in life:
            at += gap_s
            state = throttle.rebased(state, at)
            state = throttle.succeeded(state, at) if is_right else throttle.failed(state, at)
        sooner = throttle.wait_s(state, at + later_s)
        assert throttle.wait_s(state, at + later_s + more_s) <= sooner + 1e-3
