"""The credible window's rules: plain functions of settings, tables, state and time, which Numba compiles unchanged."""

import math

from keyfob_verifier.decide.belief import CERTAIN_SIGMAS, PPM, Model, believed, capped
from keyfob_verifier.decide.estimator import (
    Drift,
    chance_before,
    corrected,
    jumped,
    learn,
    lesson,
    widened,
)
from keyfob_verifier.decide.lessons import LIKELY, LessonTable, likely_lesson
from keyfob_verifier.decide.runs import RunMap, likely_run
from keyfob_verifier.decide.settings import CredibleSettings
from keyfob_verifier.decide.state import NO_STEP, State


def enrol(settings: CredibleSettings, at: float, offset_s: float) -> State:
    """The first state: tolerances are uniform within the grade, and offset and rate tell nothing of each other."""
    tolerance = settings.grade_ppm * PPM
    return State(
        NO_STEP,
        at,
        offset_s,
        0.0,
        settings.enrolment_spread_s * settings.enrolment_spread_s,
        0.0,
        tolerance * tolerance / 3.0,
        offset_s,
        at,
    )


def window(model: Model, runs: RunMap, state: State, at: float) -> tuple[int, int]:
    """The smallest run of steps that holds 1 − alpha of the chance, or the likeliest `max_steps`."""
    (offset_s, _, offset_variance, _, _), _, _ = believed(model, state, at)
    return likely_run(runs, at - model.settings.t0_s + offset_s, offset_variance)


def search(model: Model, state: State, at: float) -> tuple[int, int]:
    """The steps that hold 1 − search_alpha once the clock may have been stepped: inside the envelope, and newer."""
    (offset_s, _, offset_variance, _, _), low_s, high_s = believed(model, state, at)
    settings = model.settings
    server_s = at - settings.t0_s
    fob_s = server_s + offset_s
    variance = offset_variance + settings.supply_step_s * settings.supply_step_s
    stepped_s = CERTAIN_SIGMAS * settings.supply_step_s
    first = max(
        _step_at_chance(settings, fob_s, variance, 0.5 * settings.search_alpha),
        math.floor((server_s + low_s - stepped_s) / settings.time_step_s),
        state.last_step + 1,
    )
    last = min(
        _step_at_chance(settings, fob_s, variance, 1.0 - 0.5 * settings.search_alpha),
        math.floor((server_s + high_s + stepped_s) / settings.time_step_s),
    )
    return first, last


def accept(model: Model, lessons: LessonTable, state: State, at: float, step: int) -> State:
    """The state after a login with the code of `step`; a token's very first one is its proof besides."""
    if state.last_step < 0:
        return prove(model, state, at, step)
    drift, low_s, high_s = believed(model, state, at)
    offset_s, _, offset_variance, _, _ = drift
    settings = model.settings
    start_s = step * settings.time_step_s - (at - settings.t0_s + offset_s)
    change_s, left = likely_lesson(lessons, start_s, offset_variance)
    if left > 0.0 and settings.incredible <= LIKELY:
        drift = corrected(drift, change_s, left)
    else:
        drift = _learned(settings, drift, start_s)
    drift = capped(model, drift, low_s, high_s)
    return _remembered(state, at, step, drift, (state.proved_offset_s, state.proved_at))


def prove(model: Model, state: State, at: float, step: int) -> State:
    """The state after an activation or a resync showed that the fob is at `step`, whatever the envelope said.

    A step that the belief can explain teaches offset and rate as a login does. Any other is put down to a clock
    that was stepped: the offset follows, the rate moves by what little the two still have in common.
    """
    drift, _, _ = believed(model, state, at)
    offset_s, _, offset_variance, _, _ = drift
    settings = model.settings
    start_s = step * settings.time_step_s - (at - settings.t0_s + offset_s)
    if lesson(start_s, settings.time_step_s, offset_variance, settings.delays)[0] < settings.jump_chance:
        drift = jumped(drift, _missed_s(settings, start_s))
    drift = learn(drift, start_s, settings.time_step_s, settings.delays)
    offset_s, _, _, _, _ = drift
    drift = capped(model, drift, offset_s, offset_s)
    return _remembered(state, at, step, drift, (offset_s, max(state.proved_at, at)))


def forecast(model: Model, state: State, at: float) -> State:
    """The state as it stands at `at` with no code since, within the caps."""
    drift, _, _ = believed(model, state, at)
    return _remembered(state, at, state.last_step, drift, (state.proved_offset_s, state.proved_at))


def _learned(settings: CredibleSettings, drift: Drift, start_s: float) -> Drift:
    _, _, offset_variance, _, _ = drift
    if lesson(start_s, settings.time_step_s, offset_variance, settings.delays)[0] < settings.incredible:
        drift = widened(drift, _missed_s(settings, start_s))
    return learn(drift, start_s, settings.time_step_s, settings.delays)


def _missed_s(settings: CredibleSettings, start_s: float) -> float:
    return start_s + 0.5 * settings.time_step_s + settings.delay_median_s


def _step_at_chance(settings: CredibleSettings, fob_s: float, variance: float, chance: float) -> int:
    """The first step by whose end so much of the chance is reached, by bisection within `resync_steps`."""
    middle = math.floor((fob_s - settings.delay_median_s) / settings.time_step_s)
    low, high = middle - settings.resync_steps, middle + settings.resync_steps
    while low < high:
        step = (low + high) // 2
        if chance_before((step + 1) * settings.time_step_s - fob_s, variance, settings.delays) < chance:
            low = step + 1
        else:
            high = step
    return low


def _remembered(state: State, at: float, step: int, drift: Drift, proof: tuple[float, float]) -> State:
    offset_s, rate, offset_variance, covariance, rate_variance = drift
    proved_offset_s, proved_at = proof
    return State(
        max(state.last_step, step),
        max(state.at, at),
        offset_s,
        rate,
        offset_variance,
        covariance,
        rate_variance,
        proved_offset_s,
        proved_at,
    )
