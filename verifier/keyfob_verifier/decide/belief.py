"""What is believed of a token's clock at any time: its state carried on, within what physics allows."""

import math
from typing import NamedTuple

from keyfob_verifier.decide.estimator import (
    SMALLEST_OFFSET_VARIANCE,
    SMALLEST_RATE_VARIANCE,
    Drift,
    predict,
)
from keyfob_verifier.decide.settings import CredibleSettings
from keyfob_verifier.decide.state import State

CERTAIN_SIGMAS = 4.9
"""A normal deviate lies farther out than this but once in a million."""

PPM = 1e-6
_DAY_S = 86_400.0


class Model(NamedTuple):
    """A policy's settings, and what they say of a clock in the units of the arithmetic.

    Attributes:
        settings: the policy's.
        rate_walk: what the rate's random walk adds to its variance, per second.
        offset_walk: what frequency noise adds to the offset's variance besides, s² per second.
        slowest: the lowest rate there is, in seconds per second.
        fastest: the highest.
        rate_variance: the largest variance that a belief about the rate may have.
        reach_s: how far the offset may be from what was last proved, at once.
        reach_rate: by how much more, for each second since.
        unproved_s: by how much more before the first proof.
    """

    settings: CredibleSettings
    rate_walk: float
    offset_walk: float
    slowest: float
    fastest: float
    rate_variance: float
    reach_s: float
    reach_rate: float
    unproved_s: float


def model_of(settings: CredibleSettings) -> Model:
    """What the settings say, worked out once."""
    fastest = (settings.grade_ppm + settings.ageing_ppm) * PPM
    slowest = -fastest - settings.temperature_ppm * PPM
    return Model(
        settings,
        rate_walk=(settings.rate_walk_ppm * PPM) ** 2 / _DAY_S,
        offset_walk=settings.offset_walk_s**2 / _DAY_S,
        slowest=slowest,
        fastest=fastest,
        rate_variance=max((fastest - slowest) ** 2, SMALLEST_RATE_VARIANCE),
        reach_s=settings.envelope_floor_steps * settings.time_step_s,
        reach_rate=settings.envelope_grades * settings.grade_ppm * PPM,
        unproved_s=CERTAIN_SIGMAS * settings.enrolment_spread_s,
    )


def believed(model: Model, state: State, at: float) -> tuple[Drift, float, float]:
    """What `state` says of the fob's clock at `at`, with no code since, and the envelope that it stays in.

    Returns:
        The belief within its caps; the lowest and the highest offset that physics allows since the last proof.
    """
    last_step, since, offset_s, rate, offset_variance, covariance, rate_variance, proved_s, proved_at = state
    drift = (offset_s, rate, offset_variance, covariance, rate_variance)
    drift = predict(drift, at - since, model.rate_walk, model.offset_walk)
    half_s = model.reach_s
    if at > proved_at:
        half_s += model.reach_rate * (at - proved_at)
    if last_step < 0:
        half_s += model.unproved_s
    low_s, high_s = proved_s - half_s, proved_s + half_s
    return capped(model, drift, low_s, high_s), low_s, high_s


def capped(model: Model, drift: Drift, low_s: float, high_s: float) -> Drift:
    """The belief with its offset between `low_s` and `high_s` and its rate within grade, ageing and temperature."""
    offset_s, rate, offset_variance, covariance, rate_variance = drift
    slowest, fastest, widest = model.slowest, model.fastest, model.rate_variance
    if (
        low_s <= offset_s <= high_s
        and slowest <= rate <= fastest
        and SMALLEST_RATE_VARIANCE <= rate_variance <= widest
        and offset_variance >= SMALLEST_OFFSET_VARIANCE
    ):
        return drift
    rate_variance = max(rate_variance, SMALLEST_RATE_VARIANCE)
    kept = min(widest / rate_variance, 1.0)
    return (
        min(max(offset_s, low_s), high_s),
        min(max(rate, slowest), fastest),
        max(offset_variance, SMALLEST_OFFSET_VARIANCE),
        covariance * math.sqrt(kept),
        rate_variance * kept,
    )
