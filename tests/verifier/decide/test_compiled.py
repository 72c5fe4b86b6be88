"""The policy's plain functions, compiled by Numba as they stand: a simulator runs the rules that the server runs."""

import math
import random
import types

import numba
import pytest

from keyfob.parameters import Parameters
from keyfob_verifier.decide import estimator
from keyfob_verifier.decide.policies import credible
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.state import State

AT = 1_800_000_000.0
POLICY = CredibleWindow.for_token(Parameters(t0_s=1234), 10.0)
NOW = int(AT - 1234) // 30


@pytest.fixture(scope="module")
def twins():
    """Each function of the estimator and the policy, jitted, in a namespace where it finds the others jitted too."""
    namespace = {**vars(estimator), **vars(credible)}
    for name, value in list(namespace.items()):
        if isinstance(value, types.FunctionType):
            namespace[name] = numba.njit(types.FunctionType(value.__code__, namespace, name))
    return types.SimpleNamespace(**{name: namespace[name] for name in namespace if not name.startswith("__")})


def any_state(draws):
    """A belief that is sure or vague, and a time up to ten years later."""
    sd_s, rate_sd = 10.0 ** draws.uniform(-1.0, 3.5), 10.0 ** draws.uniform(-8.0, -4.6)
    covariance = draws.uniform(-0.95, 0.95) * sd_s * rate_sd
    state = State(
        draws.choice([-1, NOW - 2880, NOW]),
        AT,
        draws.uniform(-100.0, 100.0),
        draws.uniform(-4e-5, 4e-5),
        sd_s**2,
        covariance,
        rate_sd**2,
        draws.uniform(-100.0, 100.0),
        AT - draws.uniform(0.0, 3e8),
    )
    return state, AT + draws.choice([-50.0, 0.0, 10.0 ** draws.uniform(0.0, 8.5)])


def agree(left, right):
    scales = {"covariance": math.sqrt(left.offset_variance * left.rate_variance)}
    for field, one, other in zip(State._fields, left, right, strict=True):
        assert other == pytest.approx(one, rel=1e-12, abs=1e-12 * scales.get(field, 0.0)), field


def test_both_engines_agree(twins):
    draws = random.Random(6238)
    agree(credible.enrol(POLICY, AT, 17.0), twins.enrol(POLICY, AT, 17.0))
    windows = 0
    for _ in range(400):
        state, at = any_state(draws)
        first, last = POLICY.window(state, at)
        windows += twins.window(POLICY, state, at) != (first, last)
        windows += twins.search(POLICY, state, at) != POLICY.search(state, at)
        step = draws.randint(first - 2, last + 2)
        agree(POLICY.accept(state, at, step), twins.accept(POLICY, state, at, step))
        agree(POLICY.prove(state, at, step), twins.prove(POLICY, state, at, step))
        agree(POLICY.forecast(state, at), twins.forecast(POLICY, state, at))
    assert windows == 0, "none of these lies within rounding of a threshold"


def test_far_tails_agree(twins):
    for low, high in [(30.0, 36.0), (-36.0, -30.0), (5.0, 5.01), (-0.01, 0.01), (50.0, 51.0), (1e8, 1e9)]:
        assert twins.normal_slice(low, high) == pytest.approx(estimator.normal_slice(low, high), rel=1e-12)
        assert twins.normal_mass(low, high) == pytest.approx(estimator.normal_mass(low, high), rel=1e-12)
