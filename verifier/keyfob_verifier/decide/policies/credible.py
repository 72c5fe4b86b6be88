"""keyfob's own window: the steps that a model of the fob's clock and of the people who type holds credible.

`CredibleWindow` is the policy's settings; the functions below it are its rules, which Numba compiles unchanged.
"""

import math
from typing import NamedTuple

from keyfob.parameters import Parameters
from keyfob_verifier.decide.estimator import (
    SMALLEST_OFFSET_VARIANCE,
    SMALLEST_RATE_VARIANCE,
    Delays,
    Drift,
    chance_before,
    jumped,
    learn,
    predict,
    typing_delays,
    widened,
)
from keyfob_verifier.decide.state import NO_STEP, State

CERTAIN_SIGMAS = 4.9
"""A normal deviate lies farther out than this but once in a million."""

_DAY_S = 86_400.0
_PPM = 1e-6


class CredibleWindow(NamedTuple):
    """A window that follows each fob's clock, as wide as it is uncertain; make one with `for_token`.

    The defaults were chosen with benchmarks/drift_quality.py. Settings without a default belong together.

    Attributes:
        time_step_s: X in seconds.
        t0_s: T0, Unix seconds.
        delay_median_s: the median time from reading a code to its arrival; 8 s until a tenant's own logins tell.
        delays: those times as a mixture: `typing_delays` of the same median and a spread of 0.6 in the logarithm.
        alpha: the chance of a first code that is left outside. At 1e-3 a fob used weekly has three steps or four,
            one used monthly four or five, and one honest login in two thousand is refused; a tenth of it makes
            that one in twelve thousand, for one step more.
        max_steps: the window's widest. Nine hold a new fob of the common grade through its first month.
        grade_ppm: the crystal's tolerance either way; ±20 is the common grade.
        ageing_ppm: what ageing adds to the tolerance over the years: 3 in the first, slower after.
        temperature_ppm: how much the parabola can slow a clock for good: 20 is a fob kept at 1 °C.
        rate_walk_ppm: how far the rate walks in a day (one standard deviation, growing with the square root of
            time). It stands for the seasons, whose ±8 °C make 0.25 the likeliest value over gaps of 3 to 30 days.
        offset_walk_s: how far the offset walks in a day besides. It stands for the weather: a rate that differs
            by some ppm from day to day; with 0.5 the estimate's errors are as large as it says they are.
        enrolment_spread_s: how far the enrolled offset may be off (one standard deviation): 120 s let a fob be found
            that lay in its box for a year at 20 ppm.
        envelope_grades: the offset stays within so many times the grade, times the age, of what was last proved.
        envelope_floor_steps: the envelope's half-width on the first day: a proof is good to one step, and to a
            second one where a slow person gave it.
        incredible: an accepted step less likely than this widens the belief before it teaches anything; rarer than
            whatever a window leaves outside, so that no honest login does.
        jump_chance: a proved step less likely than this tells of a clock that was stepped, not of its rate. At
            one in a hundred a fob that lay for a year, and is credible in dozens of steps, still mends its rate.
        supply_step_s: how far a supply drop, a battery swap or a stopped oscillator sets a clock off (one standard
            deviation): a minute, as long as a swap takes. Only a search allows for it.
        search_alpha: the chance that a search leaves the fob's step outside.
        resync_steps: how far from the likeliest step a search goes at most, either way.
    """

    time_step_s: float
    t0_s: float
    delay_median_s: float
    delays: Delays
    alpha: float = 1e-3
    max_steps: int = 9
    grade_ppm: float = 20.0
    ageing_ppm: float = 5.0
    temperature_ppm: float = 20.0
    rate_walk_ppm: float = 0.25
    offset_walk_s: float = 0.5
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
        delay_median_s: float = 8.0,
        delay_sigma: float = 0.6,
    ) -> "CredibleWindow":
        """The window for a credential's time step and T0, its crystal's grade and the people who type its codes.

        Args:
            parameters: the credential's.
            grade_ppm: the crystal's tolerance either way.
            delay_median_s: the median time from reading a code to its arrival.
            delay_sigma: the standard deviation of that time's natural logarithm.
        """
        return cls(
            float(parameters.time_step_s),
            float(parameters.t0_s),
            delay_median_s,
            typing_delays(delay_median_s, delay_sigma),
            grade_ppm=grade_ppm,
        )

    def enrol(self, at: float, offset_s: float) -> State:
        """The first state: nothing is known but the crystal's grade and what the seed file says."""
        return enrol(self, at, offset_s)

    def window(self, state: State, at: float) -> tuple[int, int]:
        """The smallest run of steps that holds 1 − `alpha` of the chance."""
        return window(self, state, at)

    def search(self, state: State, at: float) -> tuple[int, int]:
        """The newer steps within the interval that `search_alpha`, `supply_step_s` and the envelope leave."""
        return search(self, state, at)

    def accept(self, state: State, at: float, step: int) -> State:
        """Learns offset and rate from a login, within the caps."""
        return accept(self, state, at, step)

    def prove(self, state: State, at: float, step: int) -> State:
        """Takes the offset that the step shows, and moves the envelope there."""
        return prove(self, state, at, step)

    def forecast(self, state: State, at: float) -> State:
        """The state carried on to `at`: surer of nothing, and less sure of the offset."""
        return forecast(self, state, at)


def enrol(policy: CredibleWindow, at: float, offset_s: float) -> State:
    """The first state: tolerances are uniform within the grade, and offset and rate tell nothing of each other."""
    tolerance = policy.grade_ppm * _PPM
    return State(
        NO_STEP,
        at,
        offset_s,
        0.0,
        policy.enrolment_spread_s * policy.enrolment_spread_s,
        0.0,
        tolerance * tolerance / 3.0,
        offset_s,
        at,
    )


def window(policy: CredibleWindow, state: State, at: float) -> tuple[int, int]:
    """The smallest run of steps that holds 1 − alpha of the chance, or the likeliest `max_steps`.

    It grows by its likelier neighbour. It starts with the step that the median person reads, which is in every
    run that holds more than half of the chance, the likeliest step with it.
    """
    drift = _believed(policy, state, at)
    fob_s = at - policy.t0_s + drift.offset_s
    variance, delays, length_s = drift.offset_variance, policy.delays, policy.time_step_s
    first = last = math.floor((fob_s - policy.delay_median_s) / length_s)
    earlier = chance_before((first - 1) * length_s - fob_s, variance, delays)
    before = chance_before(first * length_s - fob_s, variance, delays)
    within = chance_before((last + 1) * length_s - fob_s, variance, delays)
    later = chance_before((last + 2) * length_s - fob_s, variance, delays)
    while within - before < 1.0 - policy.alpha and last - first + 1 < policy.max_steps:
        if before - earlier > later - within:
            first -= 1
            before = earlier
            earlier = chance_before((first - 1) * length_s - fob_s, variance, delays)
        else:
            last += 1
            within = later
            later = chance_before((last + 2) * length_s - fob_s, variance, delays)
    return first, last


def search(policy: CredibleWindow, state: State, at: float) -> tuple[int, int]:
    """The steps that hold 1 − search_alpha once the clock may have been stepped: inside the envelope, and newer."""
    drift = _believed(policy, state, at)
    server_s = at - policy.t0_s
    fob_s = server_s + drift.offset_s
    variance = drift.offset_variance + policy.supply_step_s * policy.supply_step_s
    low_s, high_s = envelope(policy, state, at)
    stepped_s = CERTAIN_SIGMAS * policy.supply_step_s
    first = max(
        _step_at_chance(policy, fob_s, variance, 0.5 * policy.search_alpha),
        math.floor((server_s + low_s - stepped_s) / policy.time_step_s),
        state.last_step + 1,
    )
    last = min(
        _step_at_chance(policy, fob_s, variance, 1.0 - 0.5 * policy.search_alpha),
        math.floor((server_s + high_s + stepped_s) / policy.time_step_s),
    )
    return first, last


def accept(policy: CredibleWindow, state: State, at: float, step: int) -> State:
    """The state after a login with the code of `step`; a token's very first one is its proof besides."""
    if state.last_step < 0:
        return prove(policy, state, at, step)
    drift = _believed(policy, state, at)
    start_s = step * policy.time_step_s - (at - policy.t0_s + drift.offset_s)
    if _chance(policy, drift, start_s) < policy.incredible:
        drift = widened(drift, _missed_s(policy, start_s))
    drift = learn(drift, start_s, policy.time_step_s, policy.delays)
    low_s, high_s = envelope(policy, state, at)
    drift = _capped(policy, drift, low_s, high_s)
    return _remembered(state, at, step, drift, (state.proved_offset_s, state.proved_at))


def prove(policy: CredibleWindow, state: State, at: float, step: int) -> State:
    """The state after an activation or a resync showed that the fob is at `step`, whatever the envelope said.

    A step that the belief can explain teaches offset and rate as a login does. Any other is put down to a clock
    that was stepped: the offset follows, the rate moves by what little the two still have in common.
    """
    drift = _believed(policy, state, at)
    start_s = step * policy.time_step_s - (at - policy.t0_s + drift.offset_s)
    if _chance(policy, drift, start_s) < policy.jump_chance:
        drift = jumped(drift, _missed_s(policy, start_s))
    drift = learn(drift, start_s, policy.time_step_s, policy.delays)
    drift = _capped(policy, drift, drift.offset_s, drift.offset_s)
    return _remembered(state, at, step, drift, (drift.offset_s, max(state.proved_at, at)))


def forecast(policy: CredibleWindow, state: State, at: float) -> State:
    """The state as it stands at `at` with no code since, within the caps."""
    drift = _believed(policy, state, at)
    return _remembered(state, at, state.last_step, drift, (state.proved_offset_s, state.proved_at))


def envelope(policy: CredibleWindow, state: State, at: float) -> tuple[float, float]:
    """The lowest and the highest offset that physics allows since the last proof, in seconds."""
    age_s = max(at - state.proved_at, 0.0)
    half_s = policy.envelope_floor_steps * policy.time_step_s
    half_s += policy.envelope_grades * policy.grade_ppm * _PPM * age_s
    if state.last_step < 0:
        half_s += CERTAIN_SIGMAS * policy.enrolment_spread_s
    return state.proved_offset_s - half_s, state.proved_offset_s + half_s


def _believed(policy: CredibleWindow, state: State, at: float) -> Drift:
    drift = Drift(state.offset_s, state.rate, state.offset_variance, state.covariance, state.rate_variance)
    rate_walk = policy.rate_walk_ppm * _PPM
    drift = predict(
        drift,
        at - state.at,
        rate_walk * rate_walk / _DAY_S,
        policy.offset_walk_s * policy.offset_walk_s / _DAY_S,
    )
    low_s, high_s = envelope(policy, state, at)
    return _capped(policy, drift, low_s, high_s)


def _capped(policy: CredibleWindow, drift: Drift, low_s: float, high_s: float) -> Drift:
    fastest = (policy.grade_ppm + policy.ageing_ppm) * _PPM
    slowest = -fastest - policy.temperature_ppm * _PPM
    widest = max((fastest - slowest) * (fastest - slowest), SMALLEST_RATE_VARIANCE)
    rate_variance = max(drift.rate_variance, SMALLEST_RATE_VARIANCE)
    kept = min(widest / rate_variance, 1.0)
    return Drift(
        min(max(drift.offset_s, low_s), high_s),
        min(max(drift.rate, slowest), fastest),
        max(drift.offset_variance, SMALLEST_OFFSET_VARIANCE),
        drift.covariance * math.sqrt(kept),
        rate_variance * kept,
    )


def _chance(policy: CredibleWindow, drift: Drift, start_s: float) -> float:
    variance, delays = drift.offset_variance, policy.delays
    before = chance_before(start_s, variance, delays)
    return chance_before(start_s + policy.time_step_s, variance, delays) - before


def _missed_s(policy: CredibleWindow, start_s: float) -> float:
    return start_s + 0.5 * policy.time_step_s + policy.delay_median_s


def _step_at_chance(policy: CredibleWindow, fob_s: float, variance: float, chance: float) -> int:
    """The first step by whose end so much of the chance is reached, by bisection within `resync_steps`."""
    middle = math.floor((fob_s - policy.delay_median_s) / policy.time_step_s)
    low, high = middle - policy.resync_steps, middle + policy.resync_steps
    while low < high:
        step = (low + high) // 2
        if chance_before((step + 1) * policy.time_step_s - fob_s, variance, policy.delays) < chance:
            low = step + 1
        else:
            high = step
    return low


def _remembered(state: State, at: float, step: int, drift: Drift, proof: tuple[float, float]) -> State:
    return State(
        max(state.last_step, step),
        max(state.at, at),
        drift.offset_s,
        drift.rate,
        drift.offset_variance,
        drift.covariance,
        drift.rate_variance,
        proof[0],
        proof[1],
    )
