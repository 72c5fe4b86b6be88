"""The map of runs, held against the arithmetic that it was drawn from."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.parameters import Parameters
from keyfob_verifier.decide.estimator import chance_before, typing_delays
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.runs import (
    MAP_COLUMNS,
    SUREST_VARIANCE,
    RunRule,
    likely_run,
    run_map,
    smallest_run,
)

MIDNIGHT_S = 1_800_000_000.0


def rule_of(median_s=8.0, sigma=0.6, time_step_s=30.0, alpha=1e-3, max_steps=9):
    return RunRule(time_step_s, median_s, typing_delays(median_s, sigma), alpha, max_steps)


RULES = [
    rule_of(),
    rule_of(alpha=1e-5),
    rule_of(alpha=0.01, max_steps=3),
    rule_of(time_step_s=60.0),
    rule_of(median_s=14.0),
    rule_of(sigma=0.4),
]


def chance(rule, run, fob_s, variance):
    edges = (run[0] * rule.time_step_s - fob_s, (run[1] + 1) * rule.time_step_s - fob_s)
    before, upto = (chance_before(edge, variance, rule.delays) for edge in edges)
    return upto - before


def differ_by(rule, one, other, fob_s, variance):
    """By how much a chance would have to be another for the two runs to be the same."""
    chances = [chance(rule, run, fob_s, variance) for run in (one, other)]
    if one[1] - one[0] == other[1] - other[0]:
        return abs(chances[0] - chances[1])
    return min(abs(1.0 - rule.alpha - each) for each in chances)


def beliefs(rule, count, seed):
    draws = random.Random(seed)
    deviations_s = (math.sqrt(SUREST_VARIANCE), rule.time_step_s)
    for _ in range(count):
        sd_s = math.exp(draws.uniform(*map(math.log, deviations_s)))
        yield MIDNIGHT_S + draws.uniform(-1e7, 1e7), sd_s**2


def is_decided(runs, fob_s, variance):
    row = math.floor(math.log(variance / SUREST_VARIANCE) * runs.rows / math.log(900.0 / SUREST_VARIANCE))
    column = math.floor(fob_s / 30.0 % 1.0 * MAP_COLUMNS)
    cell = 2 * (row * MAP_COLUMNS + column)
    return runs.cells[cell] <= runs.cells[cell + 1]


@pytest.mark.parametrize("rule", RULES, ids=range(len(RULES)))
def test_map_and_arithmetic_differ_rarely_and_only_on_the_border(rule, soak_rounds):
    runs, tried = run_map(rule), soak_rounds(3_000, 300_000)
    differences = []
    for fob_s, variance in beliefs(rule, tried, seed=6238):
        found, exact = likely_run(runs, fob_s, variance), smallest_run(rule, fob_s, variance)
        if found != exact:
            differences.append(differ_by(rule, found, exact, fob_s, variance))
    assert len(differences) <= tried / 1000
    assert max(differences, default=0.0) <= rule.alpha / 100


def test_a_tongue_of_another_run_between_two_columns_is_seen():
    """Of quick people's windows: 1.66 to 1.7 s of doubt, just before the end of a step."""
    rule = RULES[5]
    runs = run_map(rule)
    for place in range(60):
        for sd_s in (1.66, 1.67, 1.68, 1.69, 1.7):
            fob_s = MIDNIGHT_S + 28.2 + place / 60
            found, exact = likely_run(runs, fob_s, sd_s**2), smallest_run(rule, fob_s, sd_s**2)
            assert found == exact or differ_by(rule, found, exact, fob_s, sd_s**2) <= rule.alpha / 100


@given(
    st.sampled_from(RULES), st.floats(-1e9, 4e9), st.floats(math.log(1e-3), math.log(1e4)), st.integers(-3, 3)
)
def test_map_agrees_wherever_one_asks(rule, fob_s, log_sd, ulps):
    """Also at the ends of steps and of the map, to the last digit."""
    for place_s in (fob_s, math.floor(fob_s / rule.time_step_s) * rule.time_step_s):
        for sd_s in (math.exp(log_sd), math.sqrt(SUREST_VARIANCE), rule.time_step_s):
            moved_s, variance = place_s + ulps * math.ulp(place_s), sd_s**2 + ulps * math.ulp(sd_s**2)
            found = likely_run(run_map(rule), moved_s, variance)
            exact = smallest_run(rule, moved_s, variance)
            assert found == exact or differ_by(rule, found, exact, moved_s, variance) <= rule.alpha / 100


def test_nineteen_beliefs_in_twenty_find_their_run_on_the_map():
    runs = run_map(RULES[0])
    decided = [is_decided(runs, *belief) for belief in beliefs(RULES[0], 5_000, seed=1)]
    assert 0.93 < sum(decided) / len(decided) < 0.97


@pytest.mark.parametrize("time_step_s", [1.0, 0.25, 3600.0, 2.0**31 - 1])
def test_any_time_step_has_its_map(time_step_s):
    rule = rule_of(time_step_s=time_step_s)
    for fob_s, variance in beliefs(rule._replace(time_step_s=30.0), 200, seed=2):
        assert likely_run(run_map(rule), fob_s, variance) == smallest_run(rule, fob_s, variance)


def test_a_map_is_drawn_once_and_when_it_is_needed():
    policy, twin = (CredibleWindow.for_token(Parameters(t0_s=t0_s)) for t0_s in (0, 7))
    state = policy.prove(policy.enrol(MIDNIGHT_S, 0.0), MIDNIGHT_S, 60_000_000)
    policy.search(policy.forecast(state, MIDNIGHT_S), MIDNIGHT_S)
    assert not {"runs", "lessons"} & vars(policy).keys()
    policy.window(state, MIDNIGHT_S)
    assert vars(policy)["runs"] is twin.runs
    assert "lessons" not in vars(policy)


def test_changed_settings_have_a_map_of_their_own():
    policy = CredibleWindow.for_token(Parameters())
    known = policy.prove(policy.enrol(MIDNIGHT_S, 0.0), MIDNIGHT_S, 60_000_000)
    first, last = policy.window(known, MIDNIGHT_S)
    narrow = policy._replace(max_steps=1)
    assert narrow.window(known, MIDNIGHT_S) in [(step, step) for step in range(first, last + 1)]


def test_maps_and_tables_of_a_server_fit_into_a_megabyte():
    policies = [CredibleWindow.for_token(Parameters(time_step_s=seconds)) for seconds in (30, 60)]
    cells = [cells for policy in policies for cells in (policy.runs.cells, policy.lessons.cells)]
    assert sum(each.itemsize * len(each) for each in cells) < 2**20
