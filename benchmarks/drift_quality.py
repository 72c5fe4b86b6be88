"""How good a window is: false rejects per login and steps accepted, over years of simulated fobs.

The fobs obey physics written here and unknown to the policies: tolerance, parabola, seasons, weather, ageing and
wander. Whoever is refused tries again with the next code; after three refusals a resync finds the fob.

    python benchmarks/drift_quality.py --fobs 3000 --years 4
"""

import argparse
import math
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from keyfob.parameters import Parameters
from keyfob_verifier.decide import belief, estimator, lessons, rules, runs
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.state import State

DAY_S = 86_400.0
STEP_S = 30.0
START_S = 1_700_000_010.0
TRIES = 3
DELAY_MEDIAN_S = 8.0
DELAY_SIGMA = 0.6

Floats = NDArray[np.float64]


class Case(NamedTuple):
    """Fobs of one grade, used every so often by people who type so fast (the model always believes in 8 s)."""

    grade_ppm: float
    gap_days: float
    delay_median_s: float = DELAY_MEDIAN_S


CASES = [Case(grade, gap) for grade in (5.0, 20.0) for gap in (3.0, 7.0, 30.0)] + [Case(20.0, 7.0, 14.0)]


class Fobs(NamedTuple):
    """What happens to some fobs, a row each.

    Attributes:
        offsets_s: the clock's offset at the start of each day.
        logins_s: when people log in, since the start; beyond the last day nobody looks.
        delays_s: the typing delay of each try of each login.
    """

    offsets_s: Floats
    logins_s: Floats
    delays_s: Floats


def make_fobs(case: Case, fobs: int, years: float, random: np.random.Generator) -> Fobs:
    days = math.ceil(years * 365.25)
    rates_ppm = daily_rates_ppm(random, fobs, days, case.grade_ppm)
    drifted_s = np.cumsum(rates_ppm * 1e-6 * DAY_S, axis=1)
    offsets_s = random.normal(0.0, 2.0, (fobs, 1)) + np.pad(drifted_s, ((0, 0), (1, 0)))
    logins = math.ceil(1.6 * days / case.gap_days + 60)
    gaps_s = random.lognormal(math.log(case.gap_days * DAY_S) - 0.5, 1.0, (fobs, logins))
    delays_s = random.lognormal(math.log(case.delay_median_s), DELAY_SIGMA, (fobs, logins, TRIES + 1))
    return Fobs(offsets_s, np.cumsum(gaps_s, axis=1) + 120.0, delays_s)


def daily_rates_ppm(random: np.random.Generator, fobs: int, days: int, grade_ppm: float) -> Floats:
    day = np.arange(days)
    each = (fobs, 1)
    tolerance = random.uniform(-grade_ppm, grade_ppm, each)
    turnover_c = random.normal(25.0, 2.0, each)
    parabola = random.normal(-0.034, 0.003, each)
    season_c = 8.0 * np.sin(2.0 * np.pi * (day / 365.25 + random.uniform(0.0, 1.0, each)))
    celsius = random.normal(22.0, 2.0, each) + season_c + random.normal(0.0, 2.0, (fobs, days))
    ageing = random.uniform(-3.0, 3.0, each) * np.log1p(day / 30.0) / np.log1p(365.25 / 30.0)
    wander = np.cumsum(random.normal(0.0, 0.01, (fobs, days)), axis=1)
    rates_ppm: Floats = tolerance + parabola * (celsius - turnover_c) ** 2 + ageing + wander
    return rates_ppm


def jitted(function: Any) -> Any:
    return numba.njit(function)


def compiled(*modules: types.ModuleType) -> dict[str, Any]:
    """All of the modules' functions, jitted, so that they find one another in one namespace."""
    namespace = {name: value for module in modules for name, value in vars(module).items()}
    for name, value in list(namespace.items()):
        if isinstance(value, types.FunctionType):
            twin = types.FunctionType(value.__code__, namespace, name, value.__defaults__)
            namespace[name] = jitted(twin)
    return namespace


COMPILED = compiled(estimator, belief, runs, lessons, rules)
_enrol, _window, _accept, _prove = (COMPILED[name] for name in ("enrol", "window", "accept", "prove"))


class Rules(NamedTuple):
    """What the rules of a credible window are handed, the tables included."""

    model: belief.Model
    runs: runs.RunMap
    lessons: lessons.LessonTable


def enrol_by_model(own: Rules, at: float, offset_s: float) -> State:
    state: State = _enrol(own.model.settings, at, offset_s)
    return state


def window_by_model(own: Rules, state: State, at: float, _truth_s: float) -> tuple[int, int]:
    first, last = _window(own.model, own.runs, state, at)
    return first, last


def accept_by_model(own: Rules, state: State, at: float, step: int) -> State:
    after: State = _accept(own.model, own.lessons, state, at, step)
    return after


def prove_by_model(own: Rules, state: State, at: float, step: int) -> State:
    after: State = _prove(own.model, state, at, step)
    return after


def enrol_by_step(_policy: Any, at: float, _offset_s: float) -> State:
    return State(-1, at, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, at)


def window_round_last(width: int, state: State, at: float, _truth_s: float) -> tuple[int, int]:
    step = math.floor(at / STEP_S) + int(state.offset_s)
    return step - width, step + width


def accept_last(_width: int, state: State, at: float, step: int) -> State:
    """Keeps a whole number of steps as the drift, as django-otp and privacyIDEA do."""
    return State(step, at, step - math.floor(at / STEP_S), 0.0, 0.0, 0.0, 0.0, 0.0, state.proved_at)


def accept_fixed(_width: int, state: State, at: float, step: int) -> State:
    return State(step, at, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, state.proved_at)


def unread_so_far(delay_s: float) -> float:
    """The share of people who take longer than `delay_s`."""
    if delay_s <= 0.0:
        return 1.0
    return 0.5 * math.erfc(math.log(delay_s / DELAY_MEDIAN_S) / DELAY_SIGMA / math.sqrt(2.0))


_unread = jitted(unread_so_far)


def window_by_truth(alpha: float, _state: State, at: float, truth_s: float) -> tuple[int, int]:
    """The smallest run of steps that holds 1 − alpha for one who knows the offset, and not the delay."""
    fob_s = at + truth_s
    first = last = math.floor((fob_s - DELAY_MEDIAN_S) / STEP_S)
    missing = 1.0
    while missing > alpha:
        earlier = _unread(fob_s - first * STEP_S) - _unread(fob_s - (first - 1) * STEP_S)
        later = _unread(fob_s - (last + 2) * STEP_S) - _unread(fob_s - (last + 1) * STEP_S)
        if earlier > later:
            first -= 1
        else:
            last += 1
        missing = 1.0 - _unread(fob_s - (last + 1) * STEP_S) + _unread(fob_s - first * STEP_S)
    return first, last


def offset_at(offsets_s: Floats, at_s: float) -> float:
    day = min(int(at_s / DAY_S), len(offsets_s) - 2)
    return float(offsets_s[day] + (offsets_s[day + 1] - offsets_s[day]) * (at_s / DAY_S - day))


_offset_at = jitted(offset_at)


def step_read(offsets_s: Floats, at_s: float, delay_s: float) -> int:
    read_s = at_s - delay_s
    return int((START_S + read_s + _offset_at(offsets_s, read_s)) // STEP_S)


_step_read = jitted(step_read)


def life_under(enrol: Any, window: Any, accept: Any, prove: Any) -> Any:
    """One fob's years under one verifier: counts of logins, of first tries refused, of steps tried and of resyncs."""

    def life(policy: Any, offsets_s: Floats, logins_s: Floats, delays_s: Floats) -> tuple[int, int, int, int]:
        end_s = (len(offsets_s) - 2) * DAY_S
        logins, refused, steps, resyncs = 0, 0, 0, 0
        state = enrol(policy, START_S, 0.0)
        state = prove(policy, state, START_S + 60.0, _step_read(offsets_s, 60.0, delays_s[0, TRIES]))
        for login in range(len(logins_s)):
            at_s = logins_s[login]
            if at_s > end_s:
                break
            logins += 1
            for attempt in range(TRIES + 1):
                step = _step_read(offsets_s, at_s, delays_s[login, attempt])
                while step <= state.last_step:
                    at_s += STEP_S
                    step = _step_read(offsets_s, at_s, delays_s[login, attempt])
                at = START_S + at_s
                if attempt == TRIES:
                    resyncs += 1
                    state = prove(policy, state, at, step)
                    break
                first, last = window(policy, state, at, _offset_at(offsets_s, at_s))
                if attempt == 0:
                    steps += last - first + 1
                if first <= step <= last:
                    state = accept(policy, state, at, step)
                    break
                if attempt == 0:
                    refused += 1
                at_s += STEP_S
        return logins, refused, steps, resyncs

    return jitted(life)


class Verifier(NamedTuple):
    name: str
    life: Any
    policy: Callable[[Case], Any]


def verifiers() -> list[Verifier]:
    enrol, round_last, follow, stay = map(
        jitted, (enrol_by_step, window_round_last, accept_last, accept_fixed)
    )
    model = life_under(*map(jitted, (enrol_by_model, window_by_model, accept_by_model, prove_by_model)))
    last = life_under(enrol, round_last, follow, follow)
    fixed = life_under(enrol, round_last, stay, stay)
    truth = life_under(enrol, jitted(window_by_truth), stay, stay)

    def model_at(alpha: float) -> Callable[[Case], Rules]:
        def own(case: Case) -> Rules:
            policy = CredibleWindow.for_token(Parameters(), case.grade_ppm)._replace(alpha=alpha)
            return Rules(policy.model, policy.runs, policy.lessons)

        return own

    default = CredibleWindow.for_token(Parameters()).alpha
    return [
        Verifier("±1, fixed", fixed, lambda _: 1),
        Verifier("±1 round the last\n(django-otp)", last, lambda _: 1),
        Verifier("±6 round the last\n(privacyIDEA)", last, lambda _: 6),
        Verifier("keyfob's\nα = 5e-3", model, model_at(5e-3)),
        Verifier(f"keyfob's default\nα = {default:.0e}", model, model_at(default)),
        Verifier("keyfob's\nα = 1e-4", model, model_at(1e-4)),
        Verifier("oracle\nα = 2e-3", truth, lambda _: 2e-3),
        Verifier("oracle\nα = 2e-4", truth, lambda _: 2e-4),
    ]


def counts_of(verifier: Verifier, case: Case, fobs: Fobs) -> NDArray[np.int64]:
    """Logins, first tries refused, steps tried and resyncs of all the fobs together."""
    policy = verifier.policy(case)
    counts: NDArray[np.int64] = np.sum(
        [verifier.life(policy, *fob) for fob in zip(*fobs, strict=True)], axis=0
    )
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fobs", type=int, default=300, help="of each case")
    parser.add_argument("--years", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    compared = verifiers()
    table = Table("crystal, mean gap", title="first tries refused, at the mean number of steps tried")
    for verifier in compared:
        table.add_column(verifier.name)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("simulating", total=len(CASES) * len(compared))
        for case in CASES:
            fobs = make_fobs(case, asked.fobs, asked.years, random)
            cells = []
            for verifier in compared:
                logins, refused, steps, resyncs = counts_of(verifier, case, fobs)
                cells.append(f"{refused / logins:.5f} at {steps / logins:.2f}\n{resyncs} resynced")
                progress.advance(task)
            slow = (
                "" if case.delay_median_s == DELAY_MEDIAN_S else f"\npeople take {case.delay_median_s:.0f} s"
            )
            table.add_row(f"±{case.grade_ppm:.0f} ppm, {case.gap_days:.0f} d{slow}\n{logins} logins", *cells)
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
