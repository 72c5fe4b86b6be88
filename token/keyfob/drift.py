"""The arithmetic of drift: how wrong a crystal runs at a moment, and the closed forms of what that adds up to.

Plain functions on numbers and tables, within what Numba compiles: a fob calls them as they are, a simulator may
compile the very same ones. Rates are in ppm, so their integrals are in ppm·s (1e-6 s each). A crystal's temperature
counts by its deviation from the turnover point, in °C, so the integral of its square is in °C²·s.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from keyfob.quantities import DAY_S


class Coefficients(NamedTuple):
    """How strongly one crystal answers to each cause of drift.

    Attributes:
        tolerance_ppm: the error it was made with.
        parabola_ppm_per_c2: per squared °C away from its turnover.
        ageing_ppm: per unit of `ageing`.
    """

    tolerance_ppm: float
    parabola_ppm_per_c2: float
    ageing_ppm: float


class TemperatureCycles(NamedTuple):
    """Sinusoidal swings of a temperature, one index a swing; the three have the same length, which may be 0.

    Attributes:
        amplitudes_c: °C.
        angular_rates: radians per second.
        warmest_at: the Unix time of some maximum.
    """

    amplitudes_c: Sequence[float]
    angular_rates: Sequence[float]
    warmest_at: Sequence[float]


class TemperatureRecord(NamedTuple):
    """A recorded temperature, one index a reading; the four have the same length, 1 or more.

    Attributes:
        times: Unix times, strictly rising.
        temperatures_c: °C.
        first_moments: the integral of the temperature from the first reading to this one, in °C·s.
        second_moments: that of its square, in °C²·s.
    """

    times: Sequence[float]
    temperatures_c: Sequence[float]
    first_moments: Sequence[float]
    second_moments: Sequence[float]


class Wander(NamedTuple):
    """A random walk of the rate, one index a day since manufacture.

    Attributes:
        rates_ppm: the rate at the beginning of that day; it goes evenly to the next.
        integrals_ppm_s: its integral from manufacture until then.
    """

    rates_ppm: Sequence[float]
    integrals_ppm_s: Sequence[float]


class Jumps(NamedTuple):
    """Sudden changes of an offset.

    Attributes:
        times: Unix times in order.
        totals_s: what the first 0, 1, 2, … of them add up to; one longer than `times`.
    """

    times: Sequence[float]
    totals_s: Sequence[float]


class RateSteps(NamedTuple):
    """Sudden changes of a rate, one index a step; the three have the same length, which may be 0.

    Attributes:
        times: Unix times in order.
        rates_ppm: what all steps up to this one add up to.
        integrals_ppm_s: the integral of what they add up to until this one.
    """

    times: Sequence[float]
    rates_ppm: Sequence[float]
    integrals_ppm_s: Sequence[float]


class Stops(NamedTuple):
    """Spans in which a clock stands still, one index a stop; the first two have the same length.

    Attributes:
        starts: Unix times in order.
        ends: each not before its start, and not after the next start.
        totals_s: what the first 0, 1, 2, … of them lose of the clock's time; one longer than `starts`.
    """

    starts: Sequence[float]
    ends: Sequence[float]
    totals_s: Sequence[float]


class TemperatureSpells(NamedTuple):
    """Spans of a constant temperature, one index a spell; the three have the same length.

    Attributes:
        starts: Unix times in order.
        ends: each after its start, and not after the next start.
        temperatures_c: °C.
    """

    starts: Sequence[float]
    ends: Sequence[float]
    temperatures_c: Sequence[float]


def count_until(times: Sequence[float], at: float) -> int:
    """How many of the sorted `times` are not after `at`."""
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if times[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return low


def sinc(angle: float) -> float:
    """sin(angle) / angle, and 1 at 0."""
    if angle == 0.0:
        return 1.0
    return math.sin(angle) / angle


def cycles_sum_c(cycles: TemperatureCycles, at: float) -> float:
    """How far all swings together lift the temperature at Unix time `at`, in °C."""
    total = 0.0
    for i in range(len(cycles.amplitudes_c)):
        total += cycles.amplitudes_c[i] * math.cos(cycles.angular_rates[i] * (at - cycles.warmest_at[i]))
    return total


def cyclic_deviation_c2_s(
    cycles: TemperatureCycles, mean_deviation_c: float, start: float, end: float
) -> float:
    """The integral of (mean deviation + swings)² from Unix time `start` to `end`, in °C²·s.

    A swing, and by the product rule of cosines every product of two, is a sum of cosines. Over a span s about the
    middle m a cosine of angular rate w has the mean cos(w·m + phase)·sinc(w·s/2), a form in which nothing blows up
    where two swings' periods are equal or nearly so.
    """
    span = end - start
    half = 0.5 * span
    middle = start + half
    mean_square = mean_deviation_c * mean_deviation_c
    for i in range(len(cycles.amplitudes_c)):
        amplitude = cycles.amplitudes_c[i]
        rate = cycles.angular_rates[i]
        angle = rate * (middle - cycles.warmest_at[i])
        mean_square += 2.0 * mean_deviation_c * amplitude * sinc(rate * half) * math.cos(angle)
        mean_square += 0.5 * amplitude * amplitude * (1.0 + sinc(rate * span) * math.cos(2.0 * angle))
        for j in range(i):
            other_rate = cycles.angular_rates[j]
            other_angle = other_rate * (middle - cycles.warmest_at[j])
            beat = sinc((rate - other_rate) * half) * math.cos(angle - other_angle)
            chord = sinc((rate + other_rate) * half) * math.cos(angle + other_angle)
            mean_square += amplitude * cycles.amplitudes_c[j] * (beat + chord)
    return mean_square * span


def recorded_c(record: TemperatureRecord, at: float) -> float:
    """The temperature at Unix time `at` in °C: linear between readings, constant before the first and after the last."""
    times, temperatures = record.times, record.temperatures_c
    after = count_until(times, at)
    if after == 0:
        return temperatures[0]
    before = after - 1
    if after == len(times):
        return temperatures[before]
    fraction = (at - times[before]) / (times[after] - times[before])
    return temperatures[before] + (temperatures[after] - temperatures[before]) * fraction


def recorded_moments(record: TemperatureRecord, at: float) -> tuple[float, float]:
    """The integrals of the temperature (°C·s) and of its square (°C²·s) from the first reading to Unix time `at`."""
    before = max(count_until(record.times, at) - 1, 0)
    first, second = ramp_moments(
        record.temperatures_c[before], recorded_c(record, at), at - record.times[before]
    )
    return record.first_moments[before] + first, record.second_moments[before] + second


def ramp_moments(start_c: float, end_c: float, span: float) -> tuple[float, float]:
    """The integrals of a temperature (°C·s) and of its square (°C²·s) that goes evenly from one value to another."""
    return (
        span * 0.5 * (start_c + end_c),
        span * (start_c * start_c + start_c * end_c + end_c * end_c) / 3.0,
    )


def recorded_deviation_c2_s(record: TemperatureRecord, turnover_c: float, start: float, end: float) -> float:
    """The integral of (temperature − turnover)² from Unix time `start` to `end`, in °C²·s."""
    first_at_start, second_at_start = recorded_moments(record, start)
    first_at_end, second_at_end = recorded_moments(record, end)
    first, second = first_at_end - first_at_start, second_at_end - second_at_start
    return second - 2.0 * turnover_c * first + turnover_c * turnover_c * (end - start)


def ageing(time_constant_s: float, elapsed_s: float) -> float:
    """How far a crystal has aged `elapsed_s` after manufacture: ln(1 + t/time_constant)."""
    return math.log1p(elapsed_s / time_constant_s)


def ageing_s(time_constant_s: float, elapsed_s: float) -> float:
    """The integral of `ageing` from manufacture until `elapsed_s` later."""
    return (elapsed_s + time_constant_s) * math.log1p(elapsed_s / time_constant_s) - elapsed_s


def next_wander(
    rate_ppm: float, integral_ppm_s: float, deviate: float, ppm_per_sqrt_day: float
) -> tuple[float, float]:
    """The wander a day on: its rate in ppm and its integral in ppm·s; `deviate` is a standard normal one."""
    next_rate_ppm = rate_ppm + ppm_per_sqrt_day * deviate
    return next_rate_ppm, integral_ppm_s + 0.5 * (rate_ppm + next_rate_ppm) * DAY_S


def wandered_ppm(wander: Wander, elapsed_s: float) -> float:
    """The wander `elapsed_s` after manufacture; the table must reach the end of that day."""
    day = int(elapsed_s / DAY_S)
    rate = wander.rates_ppm[day]
    return rate + (wander.rates_ppm[day + 1] - rate) * (elapsed_s / DAY_S - day)


def wandered_ppm_s(wander: Wander, elapsed_s: float) -> float:
    """The integral of the wander from manufacture until `elapsed_s` later; the table must reach the end of that day."""
    day = int(elapsed_s / DAY_S)
    rate = wander.rates_ppm[day]
    fraction = elapsed_s / DAY_S - day
    mean = rate + 0.5 * (wander.rates_ppm[day + 1] - rate) * fraction
    return wander.integrals_ppm_s[day] + mean * fraction * DAY_S


def jumps_s(jumps: Jumps, at: float) -> float:
    """What all jumps up to Unix time `at`, one at that very time included, add up to."""
    return jumps.totals_s[count_until(jumps.times, at)]


def stepped_ppm(steps: RateSteps, at: float) -> float:
    """By how much all steps up to Unix time `at`, one at that very time included, change the rate."""
    count = count_until(steps.times, at)
    if count == 0:
        return 0.0
    return steps.rates_ppm[count - 1]


def stepped_ppm_s(steps: RateSteps, at: float) -> float:
    """The integral of `stepped_ppm` until Unix time `at`."""
    count = count_until(steps.times, at)
    if count == 0:
        return 0.0
    last = count - 1
    return steps.integrals_ppm_s[last] + steps.rates_ppm[last] * (at - steps.times[last])


def stands(stops: Stops, at: float) -> bool:
    """Whether a clock stands still at Unix time `at`: from a stop's start, that included, to its end, that not."""
    count = count_until(stops.starts, at)
    return count > 0 and at < stops.ends[count - 1]


def last_ran(stops: Stops, at: float) -> tuple[float, float]:
    """When a clock last ran up to Unix time `at`, and how many seconds it has stood away by `at`.

    Its offset is that of a clock that never stops at the first, less the second. In a stop the first stays at its
    start, and the second grows by a second each second: the clock stands exactly still.
    """
    count = count_until(stops.starts, at)
    if not stands(stops, at):
        return at, stops.totals_s[count]
    start = stops.starts[count - 1]
    return start, stops.totals_s[count - 1] + (at - start)


def spell_at(spells: TemperatureSpells, at: float) -> int:
    """The index of the spell at Unix time `at`, its start included and its end not; -1 if there is none."""
    last = count_until(spells.starts, at) - 1
    if last < 0 or spells.ends[last] <= at:
        return -1
    return last


def drift_ppm(
    coefficients: Coefficients, time: float, deviation_c2: float, ageing: float, wander_ppm: float
) -> float:
    """What the causes of drift add up to.

    The sum is linear, so it serves twice. Of a moment's values (1, the squared deviation, `ageing`, the wander) it
    makes the rate then, in ppm; of their integrals since manufacture (the time elapsed, `…_deviation_c2_s`,
    `ageing_s`, `wandered_ppm_s`) it makes the drift since, in ppm·s.
    """
    return (
        coefficients.tolerance_ppm * time
        + coefficients.parabola_ppm_per_c2 * deviation_c2
        + coefficients.ageing_ppm * ageing
        + wander_ppm
    )
