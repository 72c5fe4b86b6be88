"""The table of lessons, held against the arithmetic that it was made by."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyfob.parameters import Parameters
from keyfob_verifier.decide import rules
from keyfob_verifier.decide.estimator import lesson, typing_delays
from keyfob_verifier.decide.lessons import LIKELY, lesson_table, likely_lesson
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.state import State

BEGAN = 1_800_000_000.0
NOW = int(BEGAN) // 30
NOTHING = (0.0, 0.0)

PEOPLE = typing_delays(8.0, 0.6)
CASES = [
    (30.0, PEOPLE),
    (60.0, PEOPLE),
    (30.0, typing_delays(14.0, 0.6)),
    (30.0, typing_delays(5.0, 0.8)),
]


def table_and_place(case, along, sd_s):
    """The table of a case, and the beginning of a step that is so many deviations from the likeliest."""
    table = lesson_table(*case)
    return table, along * math.sqrt(sd_s**2 + table.delay_variance) - table.centre_s


@given(st.sampled_from(CASES), st.floats(-9.0, 5.0), st.floats(math.log(0.5), math.log(40.0)))
def test_table_is_close_to_the_arithmetic(case, along, log_sd):
    """The mean to 0.3 % of the typing delay's deviation, 0.02 s for most, or 0.4 % of its own; the variance to 1 %."""
    sd_s = math.exp(log_sd)
    table, start_s = table_and_place(case, along, sd_s)
    change_s, variance = likely_lesson(table, start_s, sd_s**2)
    assume(variance > 0.0)
    chance, exact_s, exact_variance = lesson(start_s, case[0], sd_s**2, case[1])
    tolerance_s = max(0.003 * math.sqrt(table.delay_variance), 0.004 * math.sqrt(exact_variance))
    assert change_s == pytest.approx(exact_s, abs=tolerance_s)
    assert variance == pytest.approx(exact_variance, rel=0.01)
    assert chance > 0.9 * LIKELY


@given(st.sampled_from(CASES[:2]), st.floats(-9.0, 5.0), st.floats(math.log(0.8), math.log(28.0)))
def test_every_step_ten_times_as_likely_is_in_it(case, along, log_sd):
    sd_s = math.exp(log_sd)
    table, start_s = table_and_place(case, along, sd_s)
    assume(lesson(start_s, case[0], sd_s**2, case[1])[0] > 10.0 * LIKELY)
    assert likely_lesson(table, start_s, sd_s**2)[1] > 0.0


@pytest.mark.parametrize(
    ("start_s", "sd_s"),
    [(-20.0, 0.01), (-20.0, 300.0), (40.0, 2.0), (-200.0, 2.0), (1e12, 2.0), (-1e12, 2.0)],
    ids=["too sure", "too vague", "too early", "too late", "never", "never yet"],
)
def test_what_is_beyond_the_table_is_not_there(start_s, sd_s):
    assert likely_lesson(lesson_table(*CASES[0]), start_s, sd_s**2) == NOTHING


@pytest.mark.parametrize(
    ("time_step_s", "delays"),
    [
        (3600.0, PEOPLE),
        (1.0, PEOPLE),
        (30.0, typing_delays(5.0, 0.0)),
        (30.0, typing_delays(0.5, 0.3)),
        (30.0, typing_delays(3600.0, 1.0)),
    ],
    ids=["hours", "seconds", "machines", "very quick people", "very slow people"],
)
def test_where_there_is_no_table_the_arithmetic_is_asked(time_step_s, delays):
    table = lesson_table(time_step_s, delays)
    for start_s in range(-70, 20):
        for sd_s in (0.5, 2.0, 10.0):
            change_s, variance = likely_lesson(table, float(start_s), sd_s**2)
            assert variance == 0.0
            assert change_s == 0.0


class TestWhatALoginTeaches:
    POLICY = CredibleWindow.for_token(Parameters())
    NO_TABLE = lesson_table(3600.0, PEOPLE)

    def by_arithmetic(self, policy, state, at, step):
        return rules.accept(policy.model, self.NO_TABLE, state, at, step)

    @given(
        st.floats(-40.0, 40.0), st.floats(0.9, 28.0), st.floats(-0.95, 0.95), st.floats(0.0, 30.0), st.data()
    )
    def test_state_is_as_good_as_by_arithmetic(self, offset_s, sd_s, correlation, into_step_s, data):
        rate_sd = 3e-6
        covariance = correlation * sd_s * rate_sd
        state = State(NOW - 100, BEGAN, offset_s, 0.0, sd_s**2, covariance, rate_sd**2, offset_s, BEGAN)
        at = BEGAN + into_step_s
        first, last = self.POLICY.window(state, at)
        step = data.draw(st.integers(first, last))
        found, exact = self.POLICY.accept(state, at, step), self.by_arithmetic(self.POLICY, state, at, step)
        assert found.last_step == exact.last_step == step
        deviation_s, deviation = math.sqrt(exact.offset_variance), math.sqrt(exact.rate_variance)
        assert found.offset_s == pytest.approx(exact.offset_s, abs=max(0.02, 0.004 * deviation_s))
        assert found.rate == pytest.approx(exact.rate, abs=0.025 * deviation)
        assert found.offset_variance == pytest.approx(exact.offset_variance, rel=0.01)
        assert found.rate_variance == pytest.approx(exact.rate_variance, rel=0.01)
        assert found.covariance == pytest.approx(exact.covariance, rel=0.01)

    def test_it_is_what_the_table_says(self):
        at, step = BEGAN + 12.0, NOW - 1
        state = State(NOW - 100, at, 3.0, 0.0, 16.0, 1e-6, 1e-12, 3.0, at)
        change_s, variance = likely_lesson(self.POLICY.lessons, -45.0, 16.0)
        found = self.POLICY.accept(state, at, step)
        assert (found.offset_s, found.offset_variance) == pytest.approx((3.0 + change_s, variance), rel=1e-12)
        assert found != self.by_arithmetic(self.POLICY, state, at, step)

    def test_a_policy_that_finds_likely_steps_incredible_is_obeyed(self):
        strict = self.POLICY._replace(incredible=0.05)
        state = State(NOW - 100, BEGAN, 0.0, 0.0, 4.0, 0.0, 1e-12, 0.0, BEGAN)
        at, step = BEGAN + 15.0, NOW - 1
        mild, harsh = (
            policy.accept(state, at, step) for policy in (self.POLICY, self.POLICY._replace(incredible=0.5))
        )
        assert harsh.offset_variance > 2.0 * mild.offset_variance
        assert strict.accept(state, at, step) == self.by_arithmetic(strict, state, at, step)
