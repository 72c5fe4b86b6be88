"""The rules' plain functions, compiled by Numba as they stand: a simulator runs the rules that the server runs."""

import math
import random
import types

import numba
import pytest

from keyfob.parameters import Parameters
from keyfob_verifier.decide import belief, estimator, lessons, rules, runs
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.state import State

AT = 1_800_000_000.0
POLICY = CredibleWindow.for_token(Parameters(t0_s=1234), 10.0)
MODEL = POLICY.model
NOW = int(AT - 1234) // 30


@pytest.fixture(scope="module")
def twins():
    """Each function of the estimator and the rules, jitted, in a namespace where it finds the others jitted too."""
    modules = (estimator, belief, runs, lessons, rules)
    namespace = {name: value for module in modules for name, value in vars(module).items()}
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
    agree(POLICY.enrol(AT, 17.0), twins.enrol(POLICY, AT, 17.0))
    windows = 0
    for _ in range(400):
        state, at = any_state(draws)
        first, last = POLICY.window(state, at)
        windows += twins.window(MODEL, POLICY.runs, state, at) != (first, last)
        windows += twins.search(MODEL, state, at) != POLICY.search(state, at)
        step = draws.randint(first - 2, last + 2)
        agree(POLICY.accept(state, at, step), twins.accept(MODEL, POLICY.lessons, state, at, step))
        agree(POLICY.prove(state, at, step), twins.prove(MODEL, state, at, step))
        agree(POLICY.forecast(state, at), twins.forecast(MODEL, state, at))
    assert windows == 0, "none of these lies within rounding of a threshold"


def test_both_engines_read_the_tables_alike(twins):
    draws = random.Random(4226)
    found = 0
    for _ in range(2000):
        variance, place_s = 10.0 ** draws.uniform(-1.0, 3.2), draws.uniform(-120.0, 60.0)
        assert twins.likely_run(POLICY.runs, AT + place_s, variance) == runs.likely_run(
            POLICY.runs, AT + place_s, variance
        )
        taught = lessons.likely_lesson(POLICY.lessons, place_s, variance)
        found += taught[1] > 0.0
        assert twins.likely_lesson(POLICY.lessons, place_s, variance) == pytest.approx(
            taught, rel=1e-12, abs=1e-12
        )
    assert 500 < found < 1500


def test_far_tails_agree(twins):
    for low, high in [(30.0, 36.0), (-36.0, -30.0), (5.0, 5.01), (-0.01, 0.01), (50.0, 51.0), (1e8, 1e9)]:
        assert twins.normal_slice(low, high) == pytest.approx(estimator.normal_slice(low, high), rel=1e-12)
        assert twins.normal_mass(low, high) == pytest.approx(estimator.normal_mass(low, high), rel=1e-12)
