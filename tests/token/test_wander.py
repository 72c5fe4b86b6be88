"""The random walk of the rate."""

import math
import statistics
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.quantities import DAY_S
from keyfob.wander import WanderTable, standard_deviates, tabulate_wander

DEVIATES_OF_SEED_0 = (0.09637157846515239, -0.05850007947614822, -0.9894262130739009)
SEEDS = st.integers(0, 2**64 - 1)


@given(SEEDS, st.integers(0, 300), st.integers(0, 300))
def test_longer_table_begins_with_the_shorter(seed, days, more_days):
    shorter, longer = tabulate_wander(seed, 0.01, days), tabulate_wander(seed, 0.01, days + more_days)
    assert longer.rates_ppm[: days + 1] == shorter.rates_ppm
    assert longer.integrals_ppm_s[: days + 1] == shorter.integrals_ppm_s


@given(SEEDS, st.lists(st.floats(0.0, 2_000.0 * DAY_S), min_size=1, max_size=8))
def test_table_reaches_the_end_of_every_day_asked_for(seed, moments):
    table = WanderTable(seed, 0.01)
    for elapsed_s in moments:
        assert len(table.reaching(elapsed_s).rates_ppm) > int(elapsed_s / DAY_S) + 1


def test_table_is_kept_until_it_is_too_short():
    table = WanderTable(3, 0.01)
    first = table.reaching(0.0)
    last_s = (len(first.rates_ppm) - 2) * DAY_S
    assert table.reaching(last_s) is first
    longer = table.reaching(last_s + DAY_S)
    assert len(longer.rates_ppm) >= 2 * len(first.rates_ppm) - 1
    assert table.reaching(0.0) is longer


def test_deviates_are_standard_normal():
    deviates = list(islice(standard_deviates(11), 20_000))
    assert statistics.fmean(deviates) == pytest.approx(0.0, abs=0.03)
    assert statistics.pvariance(deviates) == pytest.approx(1.0, abs=0.04)
    within = [sum(abs(deviate) < bound for deviate in deviates) / len(deviates) for bound in (1.0, 2.0, 3.0)]
    assert within == pytest.approx([0.6827, 0.9545, 0.9973], abs=0.012)


def test_neighbouring_deviates_and_seeds_are_uncorrelated():
    ours, theirs = (list(islice(standard_deviates(seed), 10_000)) for seed in (0, 1))
    assert statistics.correlation(ours, theirs) == pytest.approx(0.0, abs=0.04)
    assert statistics.correlation(ours[:-1], ours[1:]) == pytest.approx(0.0, abs=0.04)


def test_deviates_of_a_seed_stay_what_they_were():
    """A stored fob keeps its trajectory, whatever Python it runs on."""
    assert list(islice(standard_deviates(0), 3)) == pytest.approx(list(DEVIATES_OF_SEED_0), rel=1e-12)


def test_walk_spreads_with_the_square_root_of_time():
    walks = [tabulate_wander(seed, 0.02, 400).rates_ppm for seed in range(300)]
    for days in (25, 100, 400):
        spread = statistics.pstdev([walk[days] for walk in walks], mu=0.0)
        assert spread == pytest.approx(0.02 * math.sqrt(days), rel=0.15)


def test_walk_starts_at_nothing_and_without_noise_stays_there():
    assert tabulate_wander(5, 0.3, 10).rates_ppm[0] == 0.0
    still = tabulate_wander(5, 0.0, 10)
    assert set(still.rates_ppm) == set(still.integrals_ppm_s) == {0.0}
