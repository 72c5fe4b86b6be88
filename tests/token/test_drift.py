"""The plain functions: what only they show, and that Numba compiles them into the same."""

import bisect
import inspect
import math
import types
from array import array

import numba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import drift
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature import TEMPERATE_CLIMATE, CyclicTemperature, RecordedTemperature
from keyfob.wander import tabulate_wander

TIMES = st.floats(-2e9, 4e9)
ELAPSED = st.floats(0.0, 4.0 * YEAR_S)
FIGURES = st.floats(-50.0, 50.0)

CYCLES = TEMPERATE_CLIMATE.table
CONSTANT = CyclicTemperature(20.0).table
RECORD = RecordedTemperature(
    ((1.70e9, 21.0), (1.71e9, 4.5), (1.7100001e9, 30.0), (1.75e9, 30.0), (1.80e9, -11.0))
).table
WANDER = tabulate_wander(seed=7, ppm_per_sqrt_day=0.02, days=1_462)
JUMPS = drift.Jumps(array("d", [1.7e9, 1.7e9, 1.8e9]), array("d", [0.0, 30.0, 29.75, -1.0]))
NO_JUMPS = drift.Jumps(array("d"), array("d", [0.0]))
STEPS = drift.RateSteps(
    array("d", [1.7e9, 1.7e9, 1.8e9]), array("d", [3.5, -2.0, 40.0]), array("d", [0.0, 0.0, -2e8])
)
NO_STEPS = drift.RateSteps(array("d"), array("d"), array("d"))
STOPS = drift.Stops(
    array("d", [1.7e9, 1.75e9]), array("d", [1.71e9, 1.75e9 + 60.0]), array("d", [0.0, 1e7, 1e7 + 60.0])
)
NO_STOPS = drift.Stops(array("d"), array("d"), array("d", [0.0]))
SPELLS = drift.TemperatureSpells(
    array("d", [1.7e9, 1.71e9]), array("d", [1.71e9, 1.72e9]), array("d", [60.0, -20.0])
)
COEFFICIENTS = drift.Coefficients(20.0, -0.034, 1.5)

PLAIN = {
    name: function
    for name, function in inspect.getmembers(drift, inspect.isfunction)
    if function.__module__ == drift.__name__
}


def _compile(plain):
    """The same code objects in a namespace of their own, where each name means the compiled function."""
    namespace = dict(vars(drift))
    for name, function in plain.items():
        namespace[name] = numba.njit(types.FunctionType(function.__code__, namespace, name))
    return namespace


COMPILED = _compile(PLAIN)


def numbers(result):
    return list(result) if isinstance(result, tuple) else [result]


def assert_compiled_is_equal(name, *arguments):
    plain, compiled = PLAIN[name](*arguments), COMPILED[name](*arguments)
    for ours, theirs in zip(numbers(plain), numbers(compiled), strict=True):
        assert abs(ours - theirs) <= math.ulp(ours)


@given(TIMES)
def test_compiled_temperature_is_equal(at):
    for cycles in (CYCLES, CONSTANT):
        assert_compiled_is_equal("cycles_sum_c", cycles, at)
    assert_compiled_is_equal("recorded_c", RECORD, at)


@given(TIMES, TIMES, FIGURES)
def test_compiled_integral_of_the_squared_deviation_is_equal(start, end, temperature_c):
    for cycles in (CYCLES, CONSTANT):
        assert_compiled_is_equal("cyclic_deviation_c2_s", cycles, temperature_c, start, end)
    assert_compiled_is_equal("recorded_moments", RECORD, start)
    assert_compiled_is_equal("recorded_deviation_c2_s", RECORD, temperature_c, start, end)


@given(FIGURES, FIGURES, ELAPSED)
def test_compiled_moments_of_a_ramp_are_equal(start_c, end_c, span):
    assert_compiled_is_equal("ramp_moments", start_c, end_c, span)


@given(st.floats(1.0, 1e9), ELAPSED)
def test_compiled_ageing_is_equal(time_constant_s, elapsed_s):
    assert_compiled_is_equal("ageing", time_constant_s, elapsed_s)
    assert_compiled_is_equal("ageing_s", time_constant_s, elapsed_s)


@given(ELAPSED, FIGURES, FIGURES, FIGURES)
def test_compiled_wander_is_equal(elapsed_s, rate_ppm, integral_ppm_s, deviate):
    assert_compiled_is_equal("wandered_ppm", WANDER, elapsed_s)
    assert_compiled_is_equal("wandered_ppm_s", WANDER, elapsed_s)
    assert_compiled_is_equal("next_wander", rate_ppm, integral_ppm_s, deviate, 0.01)


@given(TIMES)
def test_compiled_jumps_are_equal(at):
    assert_compiled_is_equal("jumps_s", JUMPS, at)
    assert_compiled_is_equal("jumps_s", NO_JUMPS, at)
    assert_compiled_is_equal("count_until", RECORD.times, at)


@given(TIMES)
def test_compiled_steps_stops_and_spells_are_equal(at):
    for steps in (STEPS, NO_STEPS):
        assert_compiled_is_equal("stepped_ppm", steps, at)
        assert_compiled_is_equal("stepped_ppm_s", steps, at)
    for stops in (STOPS, NO_STOPS):
        assert_compiled_is_equal("stands", stops, at)
        assert_compiled_is_equal("last_ran", stops, at)
    assert_compiled_is_equal("spell_at", SPELLS, at)


@given(ELAPSED, st.floats(0.0, 2500.0), st.floats(0.0, 9.0), FIGURES)
def test_compiled_sum_is_equal(time, deviation_c2, ageing, wander_ppm):
    assert_compiled_is_equal("drift_ppm", COEFFICIENTS, time, deviation_c2, ageing, wander_ppm)
    assert_compiled_is_equal("sinc", wander_ppm)


EXAMPLES = {
    "count_until": (RECORD.times, 1.72e9),
    "sinc": (0.0,),
    "cycles_sum_c": (CYCLES, 1.72e9),
    "cyclic_deviation_c2_s": (CYCLES, -13.0, 1.7e9, 1.8e9),
    "recorded_c": (RECORD, 1.72e9),
    "recorded_moments": (RECORD, 1.72e9),
    "ramp_moments": (20.0, 25.0, 60.0),
    "recorded_deviation_c2_s": (RECORD, 25.0, 1.7e9, 1.8e9),
    "ageing": (2e7, 1e8),
    "ageing_s": (2e7, 1e8),
    "next_wander": (0.1, 200.0, -0.7, 0.01),
    "wandered_ppm": (WANDER, 1e8),
    "wandered_ppm_s": (WANDER, 1e8),
    "jumps_s": (JUMPS, 1.7e9),
    "stepped_ppm": (STEPS, 1.7e9),
    "stepped_ppm_s": (STEPS, 1.75e9),
    "stands": (STOPS, 1.7e9),
    "last_ran": (STOPS, 1.705e9),
    "spell_at": (SPELLS, 1.71e9),
    "drift_ppm": (COEFFICIENTS, 1e8, 140.0, 1.8, 0.2),
}


@pytest.mark.parametrize("name", PLAIN)
def test_every_plain_function_compiles(name):
    assert_compiled_is_equal(name, *EXAMPLES[name])


@given(st.lists(st.integers(-5, 5), max_size=12), st.integers(-6, 6))
def test_times_until_a_moment_are_counted_as_bisect_does(times, at):
    times.sort()
    assert drift.count_until(times, at) == bisect.bisect_right(times, at)


def test_sinc_is_whole_at_zero_and_nothing_at_pi():
    assert drift.sinc(0.0) == 1.0
    assert drift.sinc(1e-200) == 1.0
    assert drift.sinc(math.pi) == pytest.approx(0.0, abs=1e-15)
    assert drift.sinc(-math.pi / 2.0) == pytest.approx(2.0 / math.pi)


@given(ELAPSED)
def test_wander_meets_its_table_at_every_day(elapsed_s):
    day = int(elapsed_s / DAY_S)
    assert drift.wandered_ppm(WANDER, day * DAY_S) == WANDER.rates_ppm[day]
    assert drift.wandered_ppm_s(WANDER, day * DAY_S) == WANDER.integrals_ppm_s[day]


def test_clock_stands_from_a_stop_s_start_up_to_its_end():
    stops = drift.Stops(array("d", [10.0, 30.0]), array("d", [20.0, 31.0]), array("d", [0.0, 10.0, 11.0]))
    row = [drift.last_ran(stops, at) for at in (9.0, 10.0, 14.0, 20.0, 29.0, 30.5, 31.0)]
    assert row == [
        (9.0, 0.0),
        (10.0, 0.0),
        (10.0, 4.0),
        (20.0, 10.0),
        (29.0, 10.0),
        (30.0, 10.5),
        (31.0, 11.0),
    ]
    moments = (9.0, 10.0, 20.0, 30.5, 31.0)
    assert [drift.stands(stops, at) for at in moments] == [False, True, False, True, False]
