"""The whole oscillator: offset and rate over the years, steadiness to the bit, jumps, and what is refused."""

import copy
import math
import pickle
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from keyfob.clock import DriftingClock, VirtualClock
from keyfob.errors import InvalidParametersError
from keyfob.oscillator import OLDEST_S, Crystal, Jump, Oscillator, RateStep, Stop
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature import (
    ROOM_TEMPERATURE,
    TEMPERATE_CLIMATE,
    CyclicTemperature,
    RecordedTemperature,
    TemperatureCycle,
)
from quadrature import integrate

MADE_AT = 1_735_689_600.0  # 2025-01-01

STEADY = Crystal(0.0, parabola_ppm_per_c2=0.0, ageing_ppm=0.0, wander_ppm_per_sqrt_day=0.0)

crystals = st.builds(
    Crystal,
    tolerance_ppm=st.floats(-20.0, 20.0),
    parabola_ppm_per_c2=st.floats(-0.04, -0.028),
    turnover_c=st.floats(20.0, 30.0),
    ageing_ppm=st.floats(-3.0, 3.0),
    ageing_time_constant_s=st.floats(DAY_S, 10.0 * YEAR_S),
    wander_ppm_per_sqrt_day=st.floats(0.0, 0.5),
)
cycles = st.builds(
    TemperatureCycle,
    amplitude_c=st.floats(0.0, 12.0),
    period_s=st.floats(12.0 * 3600.0, YEAR_S),
    warmest_at=st.floats(MADE_AT - YEAR_S, MADE_AT + YEAR_S),
)
cyclic = st.builds(
    CyclicTemperature, mean_c=st.floats(-10.0, 40.0), cycles=st.lists(cycles, max_size=3).map(tuple)
)
recorded = st.dictionaries(st.integers(-100, 1_500), st.floats(-30.0, 50.0), min_size=1, max_size=30).map(
    lambda days: RecordedTemperature(tuple((MADE_AT + 0.7 * DAY_S * day, days[day]) for day in sorted(days)))
)
oscillators = st.builds(
    Oscillator,
    crystal=crystals,
    temperature=cyclic | recorded,
    made_at=st.just(MADE_AT),
    wander_seed=st.integers(0, 2**64 - 1),
    offset_at_manufacture_s=st.floats(-60.0, 60.0),
)
ages = st.floats(0.0, 3.0 * YEAR_S)
steps = st.lists(st.tuples(ages, st.floats(-1_000.0, 1_000.0)), max_size=6)
stops = st.lists(st.tuples(ages, st.floats(0.0, 0.5 * YEAR_S)), min_size=1, max_size=5)


def usual(**fields):
    return Oscillator(
        **{
            "crystal": Crystal(12.5),
            "temperature": TEMPERATE_CLIMATE,
            "made_at": MADE_AT,
            "wander_seed": 42,
            **fields,
        }
    )


def with_steps(oscillator, steps):
    for age_s, change_ppm in steps:
        oscillator = oscillator.stepped(MADE_AT + age_s, change_ppm)
    return oscillator


def with_stops(oscillator, stops):
    for age_s, duration_s in stops:
        oscillator = oscillator.stopped(MADE_AT + age_s, duration_s)
    return oscillator


@given(oscillators, ages, st.floats(0.0, 12.0))
def test_offset_is_the_integral_of_the_rate(oscillator, age_s, days):
    start, end = MADE_AT + age_s, MADE_AT + age_s + days * DAY_S
    first_day = int(age_s / DAY_S)
    kinks = [MADE_AT + day * DAY_S for day in range(first_day, first_day + 15)]
    if isinstance(oscillator.temperature, RecordedTemperature):
        kinks.extend(at for at, _ in oscillator.temperature.points)
    sampled = 1e-6 * integrate(oscillator.rate_ppm, start, end, kinks, longest=6.0 * 3600.0)
    assert oscillator.offset_s(end) - oscillator.offset_s(start) == pytest.approx(
        sampled, rel=1e-9, abs=1e-10
    )


@given(oscillators, st.floats(100.0, 3.0 * YEAR_S))
def test_rate_is_the_derivative_of_the_offset(oscillator, age_s):
    at, aside_s = MADE_AT + age_s, 16.0
    rise_s = oscillator.offset_s(at + aside_s) - oscillator.offset_s(at - aside_s)
    assert 1e6 * rise_s / (2.0 * aside_s) == pytest.approx(oscillator.rate_ppm(at), abs=5e-3)


@given(oscillators, st.permutations([1.0, 0.0, 63.5, 64.0, 400.25, 730.5, 1_500.0, 2.0, -3.0]))
def test_order_of_the_questions_changes_no_bit(oscillator, days):
    for day in days:
        at, fresh = MADE_AT + day * DAY_S, replace(oscillator)
        assert oscillator.offset_s(at).hex() == fresh.offset_s(at).hex()
        assert oscillator.rate_ppm(at).hex() == fresh.rate_ppm(at).hex()


@given(oscillators, st.lists(ages, min_size=1, max_size=20))
def test_moments_asked_again_answer_alike_to_the_bit(oscillator, moments):
    once = [oscillator.offset_s(MADE_AT + age_s).hex() for age_s in moments]
    again = [oscillator.offset_s(MADE_AT + age_s).hex() for age_s in reversed(moments)]
    assert once == again[::-1]


def test_many_small_strides_end_where_one_large_one_does():
    walker, leaper = usual(), usual()
    strides = 20_000
    for n in range(strides + 1):
        walked_s = walker.offset_s(MADE_AT + 2.0 * YEAR_S * n / strides)
    assert walked_s.hex() == leaper.offset_s(MADE_AT + 2.0 * YEAR_S).hex()


def test_threads_that_ask_together_get_the_same():
    oscillator = usual()
    moments = [MADE_AT + n * 37.0 * DAY_S for n in range(60)] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(oscillator.offset_s, moments))
    assert together == [usual().offset_s(at) for at in moments]


def test_twenty_ppm_are_1_7_seconds_a_day_and_ten_minutes_a_year():
    oscillator = usual(crystal=replace(STEADY, tolerance_ppm=20.0))
    assert oscillator.offset_s(MADE_AT + DAY_S) == pytest.approx(1.728, rel=1e-12)
    assert oscillator.offset_s(MADE_AT + YEAR_S) / 60.0 == pytest.approx(10.5, abs=0.05)
    assert oscillator.rate_ppm(MADE_AT + YEAR_S) == 20.0


def test_ten_degrees_off_the_turnover_cost_3_4_ppm_either_way():
    crystal = replace(STEADY, parabola_ppm_per_c2=-0.034)
    for temperature_c in (15.0, 35.0):
        oscillator = usual(crystal=crystal, temperature=CyclicTemperature(temperature_c))
        assert oscillator.rate_ppm(MADE_AT + DAY_S) == pytest.approx(-3.4)
        assert oscillator.offset_s(MADE_AT + DAY_S) == pytest.approx(-3.4 * 0.0864)


@given(cyclic | recorded, st.floats(20.0, 30.0), st.lists(ages, min_size=2, max_size=6))
def test_temperature_only_slows(temperature, turnover_c, moments):
    crystal = replace(STEADY, parabola_ppm_per_c2=-0.034, turnover_c=turnover_c)
    oscillator = usual(crystal=crystal, temperature=temperature)
    offsets = [oscillator.offset_s(MADE_AT + age_s) for age_s in sorted(moments)]
    assert all(later <= earlier + 1e-11 for earlier, later in pairwise([0.0, *offsets]))


def test_ageing_figure_is_reached_after_a_year_and_slows_down():
    oscillator = usual(crystal=replace(STEADY, ageing_ppm=-3.0), temperature=ROOM_TEMPERATURE)
    row = [oscillator.rate_ppm(MADE_AT + years * YEAR_S) for years in range(5)]
    assert row[:2] == pytest.approx([0.0, -3.0])
    yearly = [before - after for before, after in pairwise(row)]
    assert yearly == sorted(yearly, reverse=True)
    assert yearly[-1] > 0.0


def test_two_years_outdoors_lose_what_the_mean_square_says():
    """13² + 10²/2 + 5²/2 = 231.5 °C² at −0.034 ppm/°C² are −7.871 ppm."""
    oscillator = usual(crystal=replace(STEADY, parabola_ppm_per_c2=-0.034))
    assert oscillator.offset_s(MADE_AT + 2.0 * YEAR_S) == pytest.approx(-7.871e-6 * 2.0 * YEAR_S, abs=0.2)


def test_two_years_of_a_usual_fob_are_minutes():
    oscillator = usual(crystal=Crystal(20.0))
    assert 10.0 * 60.0 < oscillator.offset_s(MADE_AT + 2.0 * YEAR_S) < 21.0 * 60.0


def test_fobs_of_one_kind_and_different_seeds_part_slowly():
    ends = {usual(wander_seed=seed).offset_s(MADE_AT + 2.0 * YEAR_S) for seed in range(50)}
    assert len(ends) == 50
    assert 1.0 < max(ends) - min(ends) < 60.0


def test_before_manufacture_it_is_what_it_was_then():
    oscillator = usual(offset_at_manufacture_s=1.25)
    for before_s in (0.0, 1.0, YEAR_S, math.inf):
        assert oscillator.offset_s(MADE_AT - before_s) == 1.25
        assert oscillator.rate_ppm(MADE_AT - before_s) == oscillator.rate_ppm(MADE_AT)


@given(oscillators, st.lists(st.tuples(ages, st.floats(-100.0, 100.0)), max_size=6), ages)
def test_jump_counts_from_its_moment_on_and_not_before(oscillator, jumps, age_s):
    jumped = oscillator
    for jump_age_s, size_s in jumps:
        jumped = jumped.jumped(MADE_AT + jump_age_s, size_s)
    at = MADE_AT + age_s
    expected = math.fsum(size_s for jump_age_s, size_s in jumps if MADE_AT + jump_age_s <= at)
    assert jumped.offset_s(at) - oscillator.offset_s(at) == pytest.approx(expected, abs=1e-9)
    assert jumped.rate_ppm(at) == oscillator.rate_ppm(at)


def test_jump_appears_at_its_very_time():
    at = MADE_AT + 100.0 * DAY_S
    before, after = usual(), usual().jumped(at, 30.0)
    just_before = math.nextafter(at, 0.0)
    assert after.offset_s(just_before) == before.offset_s(just_before)
    assert after.offset_s(at) == pytest.approx(before.offset_s(at) + 30.0)
    assert before.jumps == ()
    assert after.jumps == (Jump(at, 30.0),)


def test_jumps_given_in_any_order_are_kept_in_order_of_time():
    oscillator = usual().jumped(MADE_AT + 9.0, 1.0).jumped(MADE_AT + 3.0, 2.0).jumped(MADE_AT + 9.0, 3.0)
    assert [jump.size_s for jump in oscillator.jumps] == [2.0, 1.0, 3.0]


@given(oscillators, steps, ages)
def test_rate_step_changes_the_rate_from_its_moment_on(oscillator, steps, age_s):
    stepped, at = with_steps(oscillator, steps), MADE_AT + age_s
    passed = [(step_age_s, ppm) for step_age_s, ppm in steps if MADE_AT + step_age_s <= at]
    faster_ppm = math.fsum(ppm for _, ppm in passed)
    ahead_s = math.fsum(1e-6 * ppm * (at - (MADE_AT + step_age_s)) for step_age_s, ppm in passed)
    assert stepped.rate_ppm(at) - oscillator.rate_ppm(at) == pytest.approx(faster_ppm, abs=1e-9)
    assert stepped.offset_s(at) - oscillator.offset_s(at) == pytest.approx(ahead_s, rel=1e-9, abs=1e-9)


def test_steps_that_cancel_leave_what_was_gained_between_them():
    before = usual()
    after = before.stepped(MADE_AT + 4.0 * DAY_S, -50.0).stepped(MADE_AT + 3.0 * DAY_S, 50.0)
    assert [step.change_ppm for step in after.rate_steps] == [50.0, -50.0]
    for day in (5.0, 500.0):
        at = MADE_AT + day * DAY_S
        assert after.offset_s(at) - before.offset_s(at) == pytest.approx(50.0 * 0.0864)


def moments_within(oscillator, fractions):
    return [
        (stop, stop.start + fraction * (stop.end - stop.start))
        for stop in oscillator.stops
        for fraction in fractions
    ]


@given(oscillators, stops, steps, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_stopped_clock_stands_exactly_still(oscillator, stops, steps, fractions):
    oscillator = with_stops(with_steps(oscillator, steps), stops)
    for stop, at in moments_within(oscillator, [*fractions, 1.0]):
        standing = DriftingClock(VirtualClock(stop.start), oscillator).now()
        assert DriftingClock(VirtualClock(at), oscillator).now() == pytest.approx(standing, rel=0, abs=2e-6)
        assert at == stop.end or oscillator.rate_ppm(at) == -1e6


@given(oscillators, stops, steps, ages)
def test_clock_goes_on_after_a_stop_as_if_it_had_not_been(oscillator, stops, steps, further_s):
    running = with_steps(oscillator, steps)
    oscillator = with_stops(running, stops)
    end = oscillator.stops[-1].end
    at = end + further_s
    gone_on_s = at + oscillator.offset_s(at) - (end + oscillator.offset_s(end))
    expected_s = at + running.offset_s(at) - (end + running.offset_s(end))
    assert gone_on_s == pytest.approx(expected_s, rel=0, abs=2e-6)
    assert oscillator.rate_ppm(at) == running.rate_ppm(at)


@given(oscillators, stops)
def test_before_its_first_stop_an_oscillator_is_the_same_to_the_bit(oscillator, stops):
    stopped = with_stops(oscillator, stops)
    at = math.nextafter(stopped.stops[0].start, 0.0)
    assert stopped.offset_s(at) == oscillator.offset_s(at)
    assert stopped.rate_ppm(at) == oscillator.rate_ppm(at)
    assert stopped.offset_s(-math.inf) == oscillator.offset_at_manufacture_s


@given(stops, ages)
def test_perfect_clock_loses_the_time_that_it_stood_in_any_of_its_stops(stops, age_s):
    perfect = with_stops(usual(crystal=STEADY), stops)
    edges = sorted({0.0, age_s, *(edge for start, length in stops for edge in (start, start + length))})
    stood_s = math.fsum(
        right - left
        for left, right in pairwise(edges)
        if right <= age_s and any(start <= left and right <= start + length for start, length in stops)
    )
    assert perfect.offset_s(MADE_AT + age_s) == pytest.approx(-stood_s, abs=1e-5)


def test_stops_that_touch_are_one():
    oscillator = with_stops(usual(), [(100.0, 50.0), (10.0, 20.0), (140.0, 60.0), (30.0, 5.0)])
    assert oscillator.stops == (Stop(MADE_AT + 10.0, MADE_AT + 35.0), Stop(MADE_AT + 100.0, MADE_AT + 200.0))


def test_jump_moves_a_standing_clock():
    oscillator = usual(crystal=STEADY).stopped(MADE_AT + 100.0, 50.0).jumped(MADE_AT + 120.0, 7.0)
    row = [oscillator.offset_s(MADE_AT + elapsed_s) for elapsed_s in (110.0, 120.0, 130.0, 150.0, 160.0)]
    assert row == [-10.0, -13.0, -23.0, -43.0, -43.0]


@given(oscillators, stops, steps)
def test_steps_and_stops_survive_json(oscillator, stops, steps):
    adapter = TypeAdapter(Oscillator)
    oscillator = with_stops(with_steps(oscillator, steps), stops)
    restored = adapter.validate_json(adapter.dump_json(oscillator))
    assert restored == oscillator
    at = MADE_AT + 3.0 * YEAR_S
    assert restored.offset_s(at).hex() == oscillator.offset_s(at).hex()


def test_oscillator_stored_without_steps_and_stops_is_read():
    adapter = TypeAdapter(Oscillator)
    stored = adapter.dump_python(usual(), mode="json")
    del stored["rate_steps"], stored["stops"]
    assert adapter.validate_python(stored) == usual()


@given(oscillators, st.lists(st.tuples(ages, st.floats(-100.0, 100.0)), max_size=3))
def test_fields_in_json_are_the_whole_trajectory(oscillator, jumps):
    adapter = TypeAdapter(Oscillator)
    for age_s, size_s in jumps:
        oscillator = oscillator.jumped(MADE_AT + age_s, size_s)
    untouched = adapter.dump_json(oscillator)
    at = MADE_AT + 2.0 * YEAR_S
    offset_s = oscillator.offset_s(at)
    assert adapter.dump_json(oscillator) == untouched
    restored = adapter.validate_json(untouched)
    assert restored == oscillator
    assert hash(restored) == hash(oscillator)
    assert type(restored.temperature) is type(oscillator.temperature)
    assert restored.offset_s(at).hex() == offset_s.hex()


def test_json_with_an_impossible_figure_is_refused():
    adapter = TypeAdapter(Oscillator)
    stored = adapter.dump_python(usual(), mode="json")
    stored["temperature"]["mean_c"] = -400.0
    with pytest.raises(InvalidParametersError):
        adapter.validate_python(stored)


def test_copies_and_pickles_are_equal_and_go_on_alike():
    oscillator = usual()
    offset_s = oscillator.offset_s(MADE_AT + YEAR_S)
    for copied in (copy.deepcopy(oscillator), pickle.loads(pickle.dumps(oscillator))):
        assert copied == oscillator
        assert copied.offset_s(MADE_AT + YEAR_S) == offset_s


def test_oscillator_does_not_change():
    with pytest.raises(FrozenInstanceError):
        usual().wander_seed = 43


def test_table_of_the_walk_is_compact():
    oscillator = usual()
    oscillator.offset_s(MADE_AT + YEAR_S)
    assert isinstance(oscillator._wander.reaching(0.0).rates_ppm, array)


@pytest.mark.parametrize("at", [math.nan, math.inf, MADE_AT + 1001.0 * YEAR_S])
@pytest.mark.parametrize("question", [Oscillator.offset_s, Oscillator.rate_ppm])
def test_moment_that_is_none_or_too_far_is_refused(question, at):
    with pytest.raises(InvalidParametersError) as caught:
        question(usual(), at)
    assert caught.value.field == "at"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300, "20", None])
@pytest.mark.parametrize(
    "field",
    [
        "tolerance_ppm",
        "parabola_ppm_per_c2",
        "turnover_c",
        "ageing_ppm",
        "ageing_time_constant_s",
        "wander_ppm_per_sqrt_day",
    ],
)
def test_crystal_refuses_what_is_no_figure(field, bad):
    with pytest.raises(InvalidParametersError) as caught:
        Crystal(**{"tolerance_ppm": 20.0, field: bad})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Crystal(0.0, parabola_ppm_per_c2=0.001), "parabola_ppm_per_c2"),
        (lambda: Crystal(0.0, turnover_c=-274.0), "turnover_c"),
        (lambda: Crystal(0.0, ageing_time_constant_s=0.0), "ageing_time_constant_s"),
        (lambda: Crystal(0.0, wander_ppm_per_sqrt_day=-0.1), "wander_ppm_per_sqrt_day"),
        (lambda: Jump(math.nan, 1.0), "at"),
        (lambda: Jump(0.0, math.nan), "size_s"),
        (lambda: usual(made_at=math.nan), "made_at"),
        (lambda: usual(offset_at_manufacture_s=math.inf), "offset_at_manufacture_s"),
        (lambda: usual(wander_seed=-1), "wander_seed"),
        (lambda: usual(wander_seed=2**64), "wander_seed"),
        (lambda: usual(wander_seed=1.5), "wander_seed"),
        (lambda: usual(jumps=(Jump(MADE_AT - 1.0, 1.0),)), "jumps[0].at"),
        (lambda: usual(jumps=(Jump(MADE_AT + 2.0, 1.0), Jump(MADE_AT + 1.0, 1.0))), "jumps[1].at"),
        (lambda: usual().jumped(MADE_AT - 1.0, 1.0), "jumps[0].at"),
        (lambda: usual().jumped(math.inf, 1.0), "at"),
        (lambda: RateStep(math.nan, 1.0), "at"),
        (lambda: RateStep(0.0, -1.1e6), "change_ppm"),
        (lambda: RateStep(0.0, math.nan), "change_ppm"),
        (lambda: usual().stepped(MADE_AT - 1.0, 1.0), "rate_steps[0].at"),
        (
            lambda: usual(rate_steps=(RateStep(MADE_AT + 2.0, 1.0), RateStep(MADE_AT, 1.0))),
            "rate_steps[1].at",
        ),
        (lambda: Stop(math.nan, 1.0), "start"),
        (lambda: Stop(0.0, math.inf), "end"),
        (lambda: Stop(1.0, 0.5), "end"),
        (lambda: usual().stopped(MADE_AT, -1.0), "duration_s"),
        (lambda: usual().stopped(MADE_AT, math.nan), "duration_s"),
        (lambda: usual().stopped(MADE_AT - 1.0, 5.0), "stops"),
        (lambda: usual().stopped(MADE_AT, OLDEST_S + 10.0), "stops[0]"),
        (lambda: usual(stops=(Stop(MADE_AT, MADE_AT + 2.0), Stop(MADE_AT + 1.0, MADE_AT + 3.0))), "stops"),
    ],
)
def test_impossible_figures_are_refused_by_name(make, field):
    with pytest.raises(InvalidParametersError) as caught:
        make()
    assert caught.value.field == field
