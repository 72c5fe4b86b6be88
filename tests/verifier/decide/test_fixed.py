"""RFC 6238's plain window: section 5.2's steps round the server's own, and no memory but the replay guard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.codes import time_step
from keyfob.parameters import Parameters
from keyfob_verifier.decide.policies.fixed import FixedWindow
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import NO_STEP

AT = 1_800_000_000.0
NOW = 60_000_000
POLICY = FixedWindow.for_token(Parameters(), 20.0)
FRESH = POLICY.enrol(AT, 0.0)


def row(policy, state, at):
    first, last = policy.window(state, at)
    return [first <= step <= last for step in range(NOW - 5, NOW + 6)]


def test_it_is_a_window_policy():
    assert isinstance(POLICY, WindowPolicy)


@pytest.mark.parametrize(
    ("behind", "ahead", "expected"),
    [
        (1, 1, [False] * 4 + [True] * 3 + [False] * 4),
        (0, 0, [False] * 5 + [True] + [False] * 5),
        (1, 0, [False] * 4 + [True] * 2 + [False] * 5),
        (0, 3, [False] * 5 + [True] * 4 + [False] * 2),
    ],
)
@pytest.mark.parametrize("into_step_s", [0.0, 15.0, 29.999])
def test_window_is_the_same_all_through_a_step(behind, ahead, expected, into_step_s):
    policy = POLICY._replace(behind_steps=behind, ahead_steps=ahead)
    assert row(policy, FRESH, AT + into_step_s) == expected


@given(
    st.floats(0.0, 2.0**36),
    st.sampled_from([1, 10, 30, 60, 3600]),
    st.integers(-(2**31), 2**31),
)
def test_it_is_centred_on_rfc_6238_s_own_step(at, time_step_s, t0_s):
    parameters = Parameters(time_step_s=time_step_s, t0_s=t0_s)
    own = time_step(at, parameters)
    assert FixedWindow.for_token(parameters, 20.0).window(FRESH, at) == (own - 1, own + 1)


@given(st.lists(st.tuples(st.floats(0.0, 1e7), st.integers(-1, 1)), max_size=20))
def test_no_login_ever_moves_it(logins):
    state, at = FRESH, AT
    for gap_s, drift_steps in logins:
        at += gap_s
        state = POLICY.accept(state, at, math.floor(at / 30.0) + drift_steps)
    assert POLICY.window(state, at) == POLICY.window(FRESH, at)


def test_it_remembers_the_last_step_and_nothing_else():
    assert FRESH.last_step == NO_STEP
    for learn in (POLICY.accept, POLICY.prove):
        assert learn(FRESH, AT + 5.0, NOW)._replace(last_step=NO_STEP, at=AT) == FRESH
        assert learn(FRESH, AT + 5.0, NOW).last_step == NOW


def test_search_looks_farther_and_only_at_newer_steps():
    assert POLICY.search(FRESH, AT) == (NOW - 10, NOW + 10)
    assert POLICY.search(FRESH._replace(last_step=NOW - 3), AT) == (NOW - 2, NOW + 10)
    assert POLICY._replace(search_steps=2).search(FRESH, AT) == (NOW - 2, NOW + 2)


def test_forecast_is_the_state_itself():
    assert POLICY.forecast(FRESH, AT + 1e9) == FRESH
