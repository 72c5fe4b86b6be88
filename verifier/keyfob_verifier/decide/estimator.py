"""What a verifier believes of a fob's clock, and what one code teaches: plain functions on floats.

The belief is Gaussian in offset and rate. A code is an interval observation of the offset, blurred by the time
that a person takes to type it. All but `typing_delays` and its slices stays within what Numba compiles unchanged.
"""

import math
from typing import NamedTuple

SMALLEST_OFFSET_VARIANCE = 1e-6
"""In s²: no history makes an offset surer than to a millisecond."""
SMALLEST_RATE_VARIANCE = 1e-20
"""What stays of a rate's variance once the offset is known: a ten-thousandth of a ppm, squared."""

QUICKEST_SIGMAS = -2.5
"""Where the first slice of the typing delay ends, in standard deviations of the delay's logarithm."""
SLOWEST_SIGMAS = 4.0
"""Where the last one begins."""

Delays = tuple[tuple[float, float, float], ...]
"""Typing delays as a mixture of Gaussians: of each its weight, its mean in s and its variance in s²."""

_THIN = 0.05
_FARTHEST = 40.0
_ROOT_HALF = math.sqrt(0.5)
_PEAK = 1.0 / math.sqrt(2.0 * math.pi)
_GAUSS_LEGENDRE = (
    (-0.8611363115940526, 0.3478548451374538),
    (-0.3399810435848563, 0.6521451548625461),
    (0.3399810435848563, 0.6521451548625461),
    (0.8611363115940526, 0.3478548451374538),
)


class Drift(NamedTuple):
    """A fob's clock less true time, as believed at one moment.

    Attributes:
        offset_s: the offset's mean, in seconds.
        rate: the mean of the fractional frequency error, in seconds per second.
        offset_variance: in s².
        covariance: of offset and rate, in s.
        rate_variance: dimensionless.
    """

    offset_s: float
    rate: float
    offset_variance: float
    covariance: float
    rate_variance: float


def predict(drift: Drift, gap_s: float, rate_walk: float, offset_walk: float) -> Drift:
    """The belief after `gap_s` seconds without a code; a negative gap counts as none.

    Args:
        drift: the belief at the start of the gap.
        gap_s: its length.
        rate_walk: what the rate's random walk adds to its variance, per second.
        offset_walk: what frequency noise adds to the offset's variance besides, s² per second.
    """
    gap_s = max(gap_s, 0.0)
    grown = drift.covariance + gap_s * drift.rate_variance
    return Drift(
        drift.offset_s + gap_s * drift.rate,
        drift.rate,
        drift.offset_variance
        + gap_s * (drift.covariance + grown + offset_walk + gap_s * gap_s * rate_walk / 3.0),
        grown + gap_s * gap_s * rate_walk / 2.0,
        drift.rate_variance + gap_s * rate_walk,
    )


def chance_before(edge_s: float, offset_variance: float, delays: Delays) -> float:
    """The chance that the fob's clock had not reached an edge when the code was read.

    Args:
        edge_s: the edge less the fob's time as believed at the code's arrival, in seconds.
        offset_variance: of that belief, in s².
        delays: how long before its arrival the code may have been read.
    """
    chance = 0.0
    for weight, mean_s, variance in delays:
        chance += weight * math.erfc(-(edge_s + mean_s) / math.sqrt(2.0 * (offset_variance + variance)))
    return 0.5 * chance


def learn(drift: Drift, start_s: float, length_s: float, delays: Delays) -> Drift:
    """The belief after the code of one time step was accepted: assumed-density filtering.

    For each part of the typing delay the fob's time at reading is a truncated normal, whose moments have a closed
    form; the mixture's mean and variance become the new offset, and the gain covariance/variance carries the
    change to the rate.

    Args:
        drift: the belief at the code's arrival.
        start_s: the step's beginning less the fob's time as believed, in seconds.
        length_s: the step's length.
        delays: how long before its arrival the code may have been read.

    Returns:
        The new belief; the one handed in where it holds the step impossible (about forty deviations away).
    """
    middle_s = start_s + 0.5 * length_s
    mass = 0.0
    first = 0.0
    second = 0.0
    for weight, mean_s, variance in delays:
        spread_s = math.sqrt(drift.offset_variance + variance)
        low = (start_s + mean_s) / spread_s
        share, mean, narrowed = normal_slice(low, low + length_s / spread_s)
        gain = drift.offset_variance / (drift.offset_variance + variance)
        past_middle_s = gain * spread_s * mean - middle_s
        kept = gain * (variance + drift.offset_variance * narrowed)
        mass += weight * share
        first += weight * share * past_middle_s
        second += weight * share * (past_middle_s * past_middle_s + kept)
    if mass <= 0.0:
        return drift
    mean_s = first / mass
    return _carried_to_rate(drift, middle_s + mean_s, second / mass - mean_s * mean_s)


def _carried_to_rate(drift: Drift, change_s: float, offset_variance: float) -> Drift:
    offset_variance = max(offset_variance, SMALLEST_OFFSET_VARIANCE)
    gain = drift.covariance / drift.offset_variance
    unexplained = max(drift.rate_variance - gain * drift.covariance, SMALLEST_RATE_VARIANCE)
    return Drift(
        drift.offset_s + change_s,
        drift.rate + gain * change_s,
        offset_variance,
        gain * offset_variance,
        unexplained + gain * gain * offset_variance,
    )


def widened(drift: Drift, missed_s: float) -> Drift:
    """The belief once it is so unsure of all it holds that missing by `missed_s` is no more than one deviation."""
    factor = max(missed_s * missed_s / drift.offset_variance, 1.0)
    return Drift(
        drift.offset_s,
        drift.rate,
        drift.offset_variance * factor,
        drift.covariance * factor,
        drift.rate_variance * factor,
    )


def jumped(drift: Drift, missed_s: float) -> Drift:
    """The belief once the clock may have been stepped by about `missed_s`, its rate being what it was."""
    return Drift(
        drift.offset_s,
        drift.rate,
        drift.offset_variance + missed_s * missed_s,
        drift.covariance,
        drift.rate_variance,
    )


def normal_slice(low: float, high: float) -> tuple[float, float, float]:
    """Mass, mean and variance of the standard normal distribution's part from `low` to `high`.

    Where the part is thin or far out, so that the closed form would be a difference of equals, it is integrated.
    A part forty deviations out has no mass; its other two numbers then mean nothing.
    """
    if high - low < _THIN:
        return _thin_slice(low, high)
    mass = normal_mass(low, high)
    if mass <= 0.0:
        return 0.0, 0.0, 0.0
    at_low = _PEAK * math.exp(-0.5 * low * low)
    at_high = _PEAK * math.exp(-0.5 * high * high)
    mean = min(max((at_low - at_high) / mass, low), high)
    variance = 1.0 + (low * at_low - high * at_high) / mass - mean * mean
    return mass, mean, min(max(variance, 0.0), 1.0)


def _thin_slice(low: float, high: float) -> tuple[float, float, float]:
    middle = 0.5 * (low + high)
    half = 0.5 * (high - low)
    if abs(middle) > _FARTHEST:
        return 0.0, 0.0, 0.0
    mass = 0.0
    first = 0.0
    second = 0.0
    for node, weight in _GAUSS_LEGENDRE:
        beyond = half * node
        density = weight * math.exp(-beyond * (middle + 0.5 * beyond))
        mass += density
        first += density * beyond
        second += density * beyond * beyond
    mean = first / mass
    return half * mass * _PEAK * math.exp(-0.5 * middle * middle), middle + mean, second / mass - mean * mean


def normal_mass(low: float, high: float) -> float:
    """The standard normal distribution's mass from `low` to `high`, exact in both tails."""
    if low + high < 0.0:
        low, high = -high, -low
    if low > 0.0:
        return 0.5 * (math.erfc(low * _ROOT_HALF) - math.erfc(high * _ROOT_HALF))
    return 1.0 - 0.5 * (math.erfc(-low * _ROOT_HALF) + math.erfc(high * _ROOT_HALF))


def typing_delays(median_s: float, sigma: float, parts: int = 16) -> Delays:
    """A lognormal typing delay, cut evenly in its logarithm, each slice kept as a Gaussian.

    Args:
        median_s: the median time from reading a code to its arrival, in seconds.
        sigma: the standard deviation of that time's natural logarithm.
        parts: how many slices, 3 or more.
    """
    width = (SLOWEST_SIGMAS - QUICKEST_SIGMAS) / (parts - 2)
    edges = [QUICKEST_SIGMAS + i * width for i in range(parts - 1)]
    slices = zip([-math.inf, *edges], [*edges, math.inf], strict=True)
    return tuple(_delay_slice(low, high, median_s, sigma) for low, high in slices)


def _delay_slice(low: float, high: float, median_s: float, sigma: float) -> tuple[float, float, float]:
    weight = normal_mass(low, high)
    mean_s = median_s * math.exp(sigma**2 / 2) * normal_mass(low - sigma, high - sigma) / weight
    square = median_s**2 * math.exp(2 * sigma**2) * normal_mass(low - 2 * sigma, high - 2 * sigma) / weight
    return weight, mean_s, max(square - mean_s**2, 0.0)
