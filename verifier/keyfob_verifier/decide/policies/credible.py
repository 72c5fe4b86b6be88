"""keyfob's own window: the steps that a model of the fob's clock and of its user holds likely."""

import math
from typing import NamedTuple

from keyfob.parameters import Parameters
from keyfob_verifier.decide.estimator import Delays, Drift, chance_before, learn, predict, typing_delays
from keyfob_verifier.decide.state import NO_STEP, State

DAY_S = 86_400.0
CERTAIN_SIGMAS = 4.9
"""A normal deviate lies within so many standard deviations but once in a million."""
_PPM = 1e-6


class CredibleWindow(NamedTuple):
    time_step_s: float
    t0_s: float
    delay_median_s: float
    delays: Delays
    alpha: float = 5e-4
    max_steps: int = 7
    grade_ppm: float = 20.0
    ageing_ppm: float = 5.0
    temperature_ppm: float = 20.0
    rate_walk_ppm: float = 0.1
    offset_walk_s: float = 0.1
    enrolment_spread_s: float = 120.0
    envelope_grades: float = 3.0
    envelope_floor_steps: float = 2.0
    incredible: float = 1e-6
    jump_chance: float = 0.01
    supply_step_s: float = 60.0
    search_alpha: float = 1e-6
    resync_steps: int = 200

    @classmethod
    def for_token(
        cls,
        parameters: Parameters,
        grade_ppm: float = 20.0,
        *,
        delay_median_s: float = 8.0,
        delay_sigma: float = 0.6,
    ) -> "CredibleWindow":
        """The window for a credential's time step and T0, its crystal's grade, and the people who type its codes."""
        return cls(
            float(parameters.time_step_s),
            float(parameters.t0_s),
            delay_median_s,
            typing_delays(delay_median_s, delay_sigma),
            grade_ppm=grade_ppm,
        )

    def enrol(self, at: float, offset_s: float) -> State:
        """See `enrol`."""
        return enrol(self, at, offset_s)

    def window(self, state: State, at: float) -> tuple[int, int]:
        """See `window`."""
        return window(self, state, at)

    def search(self, state: State, at: float) -> tuple[int, int]:
        """See `search`."""
        return search(self, state, at)

    def accept(self, state: State, at: float, step: int) -> State:
        """See `accept`."""
        return accept(self, state, at, step)

    def prove(self, state: State, at: float, step: int) -> State:
        """See `prove`."""
        return prove(self, state, at, step)

    def forecast(self, state: State, at: float) -> State:
        """See `forecast`."""
        return forecast(self, state, at)


def forecast(policy: CredibleWindow, state: State, at: float) -> State:
    """The estimate carried on to `at`, nothing learned."""
    drift = believed(policy, state, at)
    return state._replace(
        at=max(at, state.at),
        offset_s=drift.offset_s,
        rate=drift.rate,
        offset_variance=drift.offset_variance,
        covariance=drift.covariance,
        rate_variance=drift.rate_variance,
    )


def enrol(policy: CredibleWindow, at: float, offset_s: float) -> State:
    rate_sd = policy.grade_ppm * _PPM / math.sqrt(3.0)
    return State(
        NO_STEP,
        at,
        offset_s,
        0.0,
        policy.enrolment_spread_s * policy.enrolment_spread_s,
        0.0,
        rate_sd * rate_sd,
        offset_s,
        at,
    )


def window(policy: CredibleWindow, state: State, at: float) -> tuple[int, int]:
    """The smallest run of steps that holds 1 − alpha of the chance, grown from the likeliest step.

    It ends early at `max_steps`.
    """
    drift = believed(policy, state, at)
    fob_s = at - policy.t0_s + drift.offset_s
    variance, delays, length_s = drift.offset_variance, policy.delays, policy.time_step_s
    first = last = math.floor((fob_s - policy.delay_median_s) / length_s)
    before = chance_before(first * length_s - fob_s, variance, delays)
    upto = chance_before((last + 1) * length_s - fob_s, variance, delays)
    earlier = chance_before((first - 1) * length_s - fob_s, variance, delays)
    later = chance_before((last + 2) * length_s - fob_s, variance, delays)
    while upto - before < 1.0 - policy.alpha and last - first + 1 < policy.max_steps:
        if before - earlier > later - upto:
            first -= 1
            before = earlier
            earlier = chance_before((first - 1) * length_s - fob_s, variance, delays)
        else:
            last += 1
            upto = later
            later = chance_before((last + 2) * length_s - fob_s, variance, delays)
    return first, last


def search(policy: CredibleWindow, state: State, at: float) -> tuple[int, int]:
    drift = believed(policy, state, at)
    here_s = at - policy.t0_s
    variance = drift.offset_variance + policy.supply_step_s * policy.supply_step_s
    low_s, high_s = envelope(policy, state, at)
    jump_s = CERTAIN_SIGMAS * policy.supply_step_s
    first = step_reaching(policy, here_s + drift.offset_s, variance, 0.5 * policy.search_alpha)
    last = step_reaching(policy, here_s + drift.offset_s, variance, 1.0 - 0.5 * policy.search_alpha)
    first = max(first, math.floor((here_s + low_s - jump_s) / policy.time_step_s))
    last = min(last, math.floor((here_s + high_s + jump_s) / policy.time_step_s))
    return max(first, state.last_step + 1), last


def step_reaching(policy: CredibleWindow, fob_s: float, variance: float, level: float) -> int:
    middle = math.floor((fob_s - policy.delay_median_s) / policy.time_step_s)
    low, high = middle - policy.resync_steps, middle + policy.resync_steps
    while low < high:
        step = (low + high) // 2
        if chance_before((step + 1) * policy.time_step_s - fob_s, variance, policy.delays) < level:
            low = step + 1
        else:
            high = step
    return low


def accept(policy: CredibleWindow, state: State, at: float, step: int) -> State:
    drift = believed(policy, state, at)
    start_s = step * policy.time_step_s - (at - policy.t0_s + drift.offset_s)
    if chance_of(policy, drift, start_s) < policy.incredible:
        drift = widened(drift, missed_s(policy, start_s))
    drift = learn(drift, start_s, policy.time_step_s, policy.delays)
    if state.last_step < 0:
        return proved(policy, state, at, step, drift)
    drift = capped(policy, state, at, drift)
    return State(
        max(state.last_step, step),
        max(state.at, at),
        drift.offset_s,
        drift.rate,
        drift.offset_variance,
        drift.covariance,
        drift.rate_variance,
        state.proved_offset_s,
        state.proved_at,
    )


def prove(policy: CredibleWindow, state: State, at: float, step: int) -> State:
    drift = believed(policy, state, at)
    start_s = step * policy.time_step_s - (at - policy.t0_s + drift.offset_s)
    if chance_of(policy, drift, start_s) < policy.jump_chance:
        drift = jumped(drift, missed_s(policy, start_s))
    return proved(policy, state, at, step, learn(drift, start_s, policy.time_step_s, policy.delays))


def proved(policy: CredibleWindow, state: State, at: float, step: int, drift: Drift) -> State:
    low, high = rate_limits(policy)
    return State(
        max(state.last_step, step),
        max(state.at, at),
        drift.offset_s,
        min(max(drift.rate, low), high),
        drift.offset_variance,
        drift.covariance,
        drift.rate_variance,
        drift.offset_s,
        max(state.proved_at, at),
    )


def believed(policy: CredibleWindow, state: State, at: float) -> Drift:
    drift = Drift(state.offset_s, state.rate, state.offset_variance, state.covariance, state.rate_variance)
    walk = policy.rate_walk_ppm * _PPM
    rate_walk = walk * walk / DAY_S
    offset_walk = policy.offset_walk_s * policy.offset_walk_s / DAY_S
    return capped(policy, state, at, predict(drift, at - state.at, rate_walk, offset_walk))


def capped(policy: CredibleWindow, state: State, at: float, drift: Drift) -> Drift:
    low_s, high_s = envelope(policy, state, at)
    slowest, fastest = rate_limits(policy)
    largest = (fastest - slowest) * (fastest - slowest)
    kept = min(1.0, largest / drift.rate_variance)
    return Drift(
        min(max(drift.offset_s, low_s), high_s),
        min(max(drift.rate, slowest), fastest),
        drift.offset_variance,
        drift.covariance * math.sqrt(kept),
        drift.rate_variance * kept,
    )


def envelope(policy: CredibleWindow, state: State, at: float) -> tuple[float, float]:
    age_s = max(at - state.proved_at, 0.0)
    half_s = (
        policy.envelope_floor_steps * policy.time_step_s
        + policy.envelope_grades * policy.grade_ppm * _PPM * age_s
    )
    if state.last_step < 0:
        half_s += CERTAIN_SIGMAS * policy.enrolment_spread_s
    return state.proved_offset_s - half_s, state.proved_offset_s + half_s


def rate_limits(policy: CredibleWindow) -> tuple[float, float]:
    fastest = (policy.grade_ppm + policy.ageing_ppm) * _PPM
    return -fastest - policy.temperature_ppm * _PPM, fastest


def chance_of(policy: CredibleWindow, drift: Drift, start_s: float) -> float:
    return chance_before(start_s + policy.time_step_s, drift.offset_variance, policy.delays) - chance_before(
        start_s, drift.offset_variance, policy.delays
    )


def missed_s(policy: CredibleWindow, start_s: float) -> float:
    return start_s + 0.5 * policy.time_step_s + policy.delay_median_s


def widened(drift: Drift, missed_s: float) -> Drift:
    factor = max(1.0, missed_s * missed_s / drift.offset_variance)
    return Drift(
        drift.offset_s,
        drift.rate,
        drift.offset_variance * factor,
        drift.covariance * factor,
        drift.rate_variance * factor,
    )


def jumped(drift: Drift, missed_s: float) -> Drift:
    return Drift(
        drift.offset_s,
        drift.rate,
        drift.offset_variance + missed_s * missed_s,
        drift.covariance,
        drift.rate_variance,
    )
