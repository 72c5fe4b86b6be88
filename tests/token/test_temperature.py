"""Temperature profiles: their closed forms against integrals by sampling."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from keyfob.errors import InvalidParametersError
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature import (
    ROOM_TEMPERATURE,
    TEMPERATE_CLIMATE,
    CyclicTemperature,
    InterruptedTemperature,
    RecordedTemperature,
    Temperature,
    TemperatureCycle,
    TemperatureSpell,
    with_spell,
)
from quadrature import integrate

NOW = 1.75e9
MOMENTS = st.floats(NOW - 1e8, NOW + 1e8)
TURNOVERS = st.floats(20.0, 30.0)

cycles = st.builds(
    TemperatureCycle,
    amplitude_c=st.floats(0.0, 20.0),
    period_s=st.floats(6.0 * 3600.0, 2.0 * YEAR_S),
    warmest_at=st.floats(-1e9, 3e9),
)
cyclic = st.builds(CyclicTemperature, mean_c=st.floats(0.0, 40.0), cycles=st.tuples(cycles, cycles, cycles))


@st.composite
def recorded(draw):
    gaps = draw(st.lists(st.floats(1.0, 30.0 * DAY_S), min_size=1, max_size=12))
    points, at = [], NOW
    for gap in gaps:
        at += gap
        points.append((at, draw(st.floats(-40.0, 60.0))))
    return RecordedTemperature(tuple(points))


@st.composite
def interrupted(draw):
    temperature = draw(cyclic | recorded())
    for _ in range(draw(st.integers(1, 4))):
        start = NOW + draw(st.floats(-20.0, 60.0)) * DAY_S
        end = start + draw(st.floats(60.0, 30.0 * DAY_S))
        temperature = with_spell(temperature, TemperatureSpell(start, end, draw(st.floats(-40.0, 80.0))))
    return temperature


def squared_deviation(temperature, turnover_c):
    return lambda at: (temperature.temperature_c(at) - turnover_c) ** 2


@given(cyclic, TURNOVERS, st.floats(0.0, 2e9), st.floats(0.0, 30.0))
def test_cyclic_closed_form_is_the_integral(temperature, turnover_c, start, periods):
    shortest = min(cycle.period_s for cycle in temperature.cycles)
    end = start + periods * shortest
    sampled = integrate(squared_deviation(temperature, turnover_c), start, end, longest=shortest / 2.0)
    closed = temperature.deviation_c2_s(turnover_c, start, end)
    assert closed == pytest.approx(sampled, rel=1e-9, abs=1e-6)


@given(
    cycles,
    st.floats(-1e-3, 1e-3) | st.floats(-1e-12, 1e-12) | st.just(0.0),
    st.floats(0.0, 2e9),
    st.floats(0.0, 30.0),
)
def test_cycles_of_nearly_equal_periods_keep_the_closed_form_exact(cycle, difference, start, periods):
    twin = TemperatureCycle(15.0, cycle.period_s * (1.0 + difference), cycle.warmest_at)
    temperature = CyclicTemperature(18.0, (cycle, twin))
    end = start + periods * cycle.period_s
    sampled = integrate(squared_deviation(temperature, 25.0), start, end, longest=cycle.period_s / 2.0)
    assert temperature.deviation_c2_s(25.0, start, end) == pytest.approx(sampled, rel=1e-9, abs=1e-6)


@given(recorded(), TURNOVERS, st.floats(-90.0, 400.0), st.floats(-90.0, 400.0))
def test_recorded_closed_form_is_the_integral(temperature, turnover_c, start_days, end_days):
    start, end = NOW + start_days * DAY_S, NOW + end_days * DAY_S
    kinks = [at for at, _ in temperature.points]
    sampled = integrate(squared_deviation(temperature, turnover_c), start, end, kinks)
    closed = temperature.deviation_c2_s(turnover_c, start, end)
    assert closed == pytest.approx(sampled, rel=1e-9, abs=1e-3)


@given(recorded())
def test_recorded_moments_are_those_of_exact_fractions(temperature):
    first = second = Fraction(0)
    for (start, start_c), (end, end_c) in pairwise(temperature.points):
        span, low, high = Fraction(end) - Fraction(start), Fraction(start_c), Fraction(end_c)
        first += span * (low + high) / 2
        second += span * (low * low + low * high + high * high) / 3
    assert temperature.table.first_moments[-1] == pytest.approx(float(first), rel=1e-12, abs=1e-6)
    assert temperature.table.second_moments[-1] == pytest.approx(float(second), rel=1e-12, abs=1e-6)


@given(cyclic | recorded(), TURNOVERS, st.tuples(MOMENTS, MOMENTS, MOMENTS))
def test_integral_over_two_spans_is_that_over_both(temperature, turnover_c, moments):
    start, middle, end = moments
    parts = temperature.deviation_c2_s(turnover_c, start, middle)
    parts += temperature.deviation_c2_s(turnover_c, middle, end)
    assert parts == pytest.approx(temperature.deviation_c2_s(turnover_c, start, end), rel=1e-9, abs=1e-2)


@given(interrupted(), TURNOVERS, st.floats(-30.0, 100.0), st.floats(-30.0, 100.0))
def test_interrupted_closed_form_is_the_integral(temperature, turnover_c, start_days, end_days):
    start, end = NOW + start_days * DAY_S, NOW + end_days * DAY_S
    kinks = [edge for spell in temperature.spells for edge in (spell.start, spell.end)]
    if isinstance(temperature.usual, RecordedTemperature):
        kinks.extend(at for at, _ in temperature.usual.points)
    deviation = squared_deviation(temperature, turnover_c)
    sampled = integrate(deviation, start, end, kinks, longest=0.125 * DAY_S)
    assert temperature.deviation_c2_s(turnover_c, start, end) == pytest.approx(sampled, rel=1e-9, abs=1e-2)


@given(interrupted(), MOMENTS)
def test_interrupted_temperature_is_a_spell_s_or_the_usual_one(temperature, at):
    spells = [spell for spell in temperature.spells if spell.start <= at < spell.end]
    expected = spells[0].temperature_c if spells else temperature.usual.temperature_c(at)
    assert temperature.temperature_c(at) == expected


def test_later_spell_takes_the_place_of_those_it_meets():
    temperature = ROOM_TEMPERATURE
    for spell in (TemperatureSpell(0.0, 10.0, 1.0), TemperatureSpell(8.0, 20.0, 2.0)):
        temperature = with_spell(temperature, spell)
    temperature = with_spell(temperature, TemperatureSpell(12.0, 14.0, 3.0))
    row = [temperature.temperature_c(at) for at in (-1.0, 0.0, 7.9, 8.0, 11.9, 12.0, 14.0, 19.9, 20.0)]
    assert row == [25.0, 1.0, 1.0, 2.0, 2.0, 3.0, 2.0, 2.0, 25.0]
    assert with_spell(temperature, TemperatureSpell(-5.0, 30.0, 4.0)).spells == (
        TemperatureSpell(-5.0, 30.0, 4.0),
    )


@given(interrupted())
def test_interrupted_temperature_survives_json(temperature):
    adapter = TypeAdapter(Temperature)
    assert adapter.validate_json(adapter.dump_json(temperature)) == temperature


def test_cycle_is_warmest_when_it_says_and_coldest_half_a_period_later():
    temperature = CyclicTemperature(10.0, (TemperatureCycle(7.0, DAY_S, warmest_at=50_000.0),))
    row = [temperature.temperature_c(50_000.0 + n * DAY_S / 4.0) for n in range(5)]
    assert row == pytest.approx([17.0, 10.0, 3.0, 10.0, 17.0])


def test_recorded_curve_is_straight_between_points_and_constant_outside():
    temperature = RecordedTemperature(((100.0, 10.0), (200.0, 20.0), (250.0, -5.0)))
    row = [
        temperature.temperature_c(at) for at in (-1e9, 99.0, 100.0, 150.0, 200.0, 240.0, 250.0, 251.0, 1e9)
    ]
    assert row == pytest.approx([10.0, 10.0, 10.0, 15.0, 20.0, 0.0, -5.0, -5.0, -5.0])


def test_one_reading_is_a_constant_temperature():
    lone = RecordedTemperature(((NOW, 12.5),))
    assert lone.deviation_c2_s(25.0, 0.0, NOW) == pytest.approx(12.5**2 * NOW)
    assert lone.temperature_c(0.0) == lone.temperature_c(2.0 * NOW) == 12.5


def test_room_temperature_deviates_from_nothing_at_the_common_turnover():
    assert ROOM_TEMPERATURE.temperature_c(NOW) == 25.0
    assert ROOM_TEMPERATURE.deviation_c2_s(25.0, 0.0, NOW) == 0.0


def test_temperate_climate_is_warm_in_july_and_cold_in_january():
    july, january = 1_753_110_000.0, 1_737_428_400.0  # 2025-07-21 15:00 and 2025-01-21 03:00 UTC
    assert TEMPERATE_CLIMATE.temperature_c(july) == pytest.approx(27.0, abs=0.1)
    assert TEMPERATE_CLIMATE.temperature_c(january) == pytest.approx(-3.0, abs=0.2)


def test_mean_square_of_the_climate_is_that_of_its_parts():
    mean_square = TEMPERATE_CLIMATE.deviation_c2_s(25.0, NOW, NOW + 100.0 * YEAR_S) / (100.0 * YEAR_S)
    assert mean_square == pytest.approx(13.0**2 + 10.0**2 / 2.0 + 5.0**2 / 2.0, rel=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "7", None])
@pytest.mark.parametrize("field", ["amplitude_c", "period_s", "warmest_at"])
def test_cycle_refuses_what_is_no_figure(field, bad):
    figures = {"amplitude_c": 1.0, "period_s": DAY_S, "warmest_at": 0.0, field: bad}
    with pytest.raises(InvalidParametersError) as caught:
        TemperatureCycle(**figures)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: TemperatureCycle(-1.0, DAY_S, 0.0), "amplitude_c"),
        (lambda: TemperatureCycle(1.0, 0.0, 0.0), "period_s"),
        (lambda: TemperatureCycle(1.0, -DAY_S, 0.0), "period_s"),
        (lambda: CyclicTemperature(-273.2), "mean_c"),
        (lambda: CyclicTemperature(math.nan), "mean_c"),
        (lambda: CyclicTemperature(574.0), "mean_c"),
        (
            lambda: CyclicTemperature(-270.0, (TemperatureCycle(4.0, DAY_S, 0.0),)),
            "mean_c less all amplitudes",
        ),
        (lambda: CyclicTemperature(570.0, (TemperatureCycle(4.0, DAY_S, 0.0),)), "mean_c and all amplitudes"),
        (lambda: RecordedTemperature(()), "points"),
        (lambda: RecordedTemperature(((0.0, 20.0), (0.0, 21.0))), "points[1][0]"),
        (lambda: RecordedTemperature(((0.0, 20.0), (1.0, 21.0), (0.5, 21.0))), "points[2][0]"),
        (lambda: RecordedTemperature(((0.0, -300.0),)), "points[0][1]"),
        (lambda: RecordedTemperature(((math.nan, 20.0),)), "points[0][0]"),
        (lambda: RecordedTemperature(((0.0, 20.0), (1.0, math.nan))), "points[1][1]"),
        (lambda: TemperatureSpell(math.nan, 1.0, 20.0), "start"),
        (lambda: TemperatureSpell(0.0, math.inf, 20.0), "end"),
        (lambda: TemperatureSpell(0.0, 0.0, 20.0), "end"),
        (lambda: TemperatureSpell(0.0, 1.0, -300.0), "temperature_c"),
        (
            lambda: InterruptedTemperature(
                ROOM_TEMPERATURE, (TemperatureSpell(0.0, 9.0, 1.0), TemperatureSpell(8.0, 10.0, 1.0))
            ),
            "spells[1].start",
        ),
    ],
)
def test_impossible_temperatures_are_refused_by_name(make, field):
    with pytest.raises(InvalidParametersError) as caught:
        make()
    assert caught.value.field == field
