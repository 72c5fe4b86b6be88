"""The credible window: which steps it holds, what it learns, and how far anybody can push it."""

import math
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.parameters import Parameters
from keyfob_verifier.decide.estimator import chance_before
from keyfob_verifier.decide.policies.credible import CredibleWindow, envelope
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import NO_STEP, State

POLICY = CredibleWindow.for_token(Parameters())
BEGAN = 1_800_000_000.0
NOW = int(BEGAN) // 30
DAY_S = 86_400.0
YEAR_S = 31_557_600.0
PPM = 1e-6


def believed(offset_s, sd_s, policy=POLICY):
    """A token that was proved at BEGAN and whose offset is known to so many seconds."""
    rate_variance = (policy.grade_ppm * PPM) ** 2 / 3.0
    return State(NOW - 100, BEGAN, offset_s, 0.0, sd_s**2, 0.0, rate_variance, offset_s, BEGAN)


def row(policy, state, at, around=5):
    """The window as a row of booleans, from `around` steps behind the server's own to as many ahead."""
    first, last = policy.window(state, at)
    own = math.floor((at - policy.t0_s) / policy.time_step_s)
    return [first <= step <= last for step in range(own - around, own + around + 1)]


def width(policy, state, at):
    first, last = policy.window(state, at)
    return last - first + 1


class Owner:
    """Someone whose fob has a rate of its own, and who logs in honestly.

    Args:
        rate_ppm: the fob's, for ever.
        seed: of the delays.
        policy: the verifier's.
    """

    def __init__(self, rate_ppm, seed=1, policy=POLICY):
        self.rate, self.policy, self.draws = rate_ppm * PPM, policy, random.Random(seed)
        self.at, self.refused, self.widths = BEGAN, 0, []
        self.state = policy.enrol(BEGAN, 0.0)
        self.wait(60.0)
        self.state = policy.prove(self.state, self.at, self.step())

    @property
    def offset_s(self):
        return self.rate * (self.at - BEGAN)

    def wait(self, gap_s):
        self.at += gap_s

    def step(self, delay_s=None):
        delay_s = self.draws.lognormvariate(math.log(8.0), 0.6) if delay_s is None else delay_s
        return math.floor((self.at + self.offset_s - delay_s) / 30.0)

    def log_in(self):
        first, last = self.policy.window(self.state, self.at)
        self.widths.append(last - first + 1)
        step = self.step()
        if first <= step <= last:
            self.state = self.policy.accept(self.state, self.at, step)
        else:
            self.refused += 1

    def lives(self, logins, gap_days):
        for _ in range(logins):
            self.wait(gap_days * DAY_S * self.draws.uniform(0.7, 1.3))
            self.log_in()
        return self


states = st.builds(
    believed,
    st.floats(-300.0, 300.0),
    st.floats(0.01, 30.0) | st.floats(30.0, 5_000.0),
)


class TestWindow:
    def test_it_is_a_window_policy(self):
        assert isinstance(POLICY, WindowPolicy)

    @pytest.mark.parametrize(
        ("offset_s", "sd_s", "into_step_s", "behind", "ahead"),
        [
            (0.0, 1.0, 15.0, 2, 0),
            (0.0, 1.0, 29.0, 1, 0),
            (0.0, 6.0, 15.0, 2, 0),
            (0.0, 6.0, 29.0, 1, 1),
            (0.0, 10.0, 15.0, 2, 1),
            (60.0, 1.0, 15.0, 0, -2 + 4),
            (0.0, 1e4, 15.0, 4, 4),
        ],
    )
    def test_window_leans_to_the_past_and_grows_with_doubt(self, offset_s, sd_s, into_step_s, behind, ahead):
        steps_off = round(offset_s / 30.0)
        expected = [-behind <= step <= ahead for step in range(-5, 6)]
        if steps_off:
            expected = [-2 <= step - steps_off <= 0 for step in range(-5, 6)]
        found = row(POLICY, believed(offset_s, sd_s), BEGAN + into_step_s)
        assert found == expected
