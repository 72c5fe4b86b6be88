"""What a verifier believes of a fob's clock, and what one code teaches: plain functions on floats.

The belief is Gaussian in offset and rate. A code is an interval observation of the offset, blurred by the time
that a person takes to type it. All but `typing_delays` and its slices stays within what Numba compiles unchanged.
"""

import math

SMALLEST_OFFSET_VARIANCE = 1e-6
"""In s²: no history makes an offset surer than to a millisecond."""
SMALLEST_RATE_VARIANCE = 1e-20
"""What stays of a rate's variance once the offset is known: a ten-thousandth of a ppm, squared."""

QUICKEST_SIGMAS = -2.5
"""Where the first slice of the typing delay ends, in standard deviations of the delay's logarithm."""
SLOWEST_SIGMAS = 4.0
"""Where the last one begins."""

Drift = tuple[float, float, float, float, float]
"""A fob's clock less true time, as believed at one moment.

The offset's mean in s, the rate's mean in s per s, the offset's variance in s², the covariance of offset and rate
in s, the rate's variance. A plain tuple: to name the five would cost as much as most of the arithmetic on them.
"""

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


def predict(drift: Drift, gap_s: float, rate_walk: float, offset_walk: float) -> Drift:
    """The belief after `gap_s` seconds without a code; a negative gap counts as none.

    Args:
        drift: the belief at the start of the gap.
        gap_s: its length.
        rate_walk: what the rate's random walk adds to its variance, per second.
        offset_walk: what frequency noise adds to the offset's variance besides, s² per second.
    """
    offset_s, rate, offset_variance, covariance, rate_variance = drift
    if gap_s <= 0.0:
        return drift
    grown = covariance + gap_s * rate_variance
    walked = gap_s * gap_s * rate_walk
    return (
        offset_s + gap_s * rate,
        rate,
        offset_variance + gap_s * (covariance + grown + offset_walk + walked / 3.0),
        grown + walked / 2.0,
        rate_variance + gap_s * rate_walk,
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

    Args:
        drift: the belief at the code's arrival.
        start_s: the step's beginning less the fob's time as believed, in seconds.
        length_s: the step's length.
        delays: how long before its arrival the code may have been read.

    Returns:
        The new belief; the one handed in where it holds the step impossible (about forty deviations away).
    """
    _, _, offset_variance, _, _ = drift
    chance, change_s, offset_variance = lesson(start_s, length_s, offset_variance, delays)
    if chance <= 0.0:
        return drift
    return corrected(drift, change_s, max(offset_variance, SMALLEST_OFFSET_VARIANCE))


def lesson(
    start_s: float, length_s: float, offset_variance: float, delays: Delays
) -> tuple[float, float, float]:
    """What the code of a time step says of the offset, whose variance was `offset_variance` before.

    For each part of the typing delay the fob's time at reading is a truncated normal, whose moments have a closed
    form; the mixture's mean and variance become those of the offset.

    Returns:
        The step's chance; the change of the offset's mean in s, and its new variance in s². Those two mean
        nothing where there was no chance.
    """
    middle_s = start_s + 0.5 * length_s
    chance = 0.0
    first = 0.0
    second = 0.0
    for weight, mean_s, variance in delays:
        spread_s = math.sqrt(offset_variance + variance)
        low = (start_s + mean_s) / spread_s
        share, mean, narrowed = normal_slice(low, low + length_s / spread_s)
        gain = offset_variance / (offset_variance + variance)
        past_middle_s = gain * spread_s * mean - middle_s
        kept = gain * (variance + offset_variance * narrowed)
        chance += weight * share
        first += weight * share * past_middle_s
        second += weight * share * (past_middle_s * past_middle_s + kept)
    if chance <= 0.0:
        return 0.0, 0.0, offset_variance
    mean_s = first / chance
    return chance, middle_s + mean_s, second / chance - mean_s * mean_s


def corrected(drift: Drift, change_s: float, offset_variance: float) -> Drift:
    """The belief once the offset is known better: the gain covariance/variance carries the news to the rate."""
    offset_s, rate, before, covariance, rate_variance = drift
    gain = covariance / before
    unexplained = max(rate_variance - gain * covariance, SMALLEST_RATE_VARIANCE)
    return (
        offset_s + change_s,
        rate + gain * change_s,
        offset_variance,
        gain * offset_variance,
        unexplained + gain * gain * offset_variance,
    )


def widened(drift: Drift, missed_s: float) -> Drift:
    """The belief once it is so unsure of all it holds that missing by `missed_s` is no more than one deviation."""
    offset_s, rate, offset_variance, covariance, rate_variance = drift
    factor = max(missed_s * missed_s / offset_variance, 1.0)
    return offset_s, rate, offset_variance * factor, covariance * factor, rate_variance * factor


def jumped(drift: Drift, missed_s: float) -> Drift:
    """The belief once the clock may have been stepped by about `missed_s`, its rate being what it was."""
    offset_s, rate, offset_variance, covariance, rate_variance = drift
    return offset_s, rate, offset_variance + missed_s * missed_s, covariance, rate_variance


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
    mean = (at_low - at_high) / mass
    if not low <= mean <= high:  # rounding, far out
        mean = min(max(mean, low), high)
    variance = 1.0 + (low * at_low - high * at_high) / mass - mean * mean
    if not 0.0 <= variance <= 1.0:
        variance = min(max(variance, 0.0), 1.0)
    return mass, mean, variance


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
