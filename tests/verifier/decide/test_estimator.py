"""The estimator's closed forms, held against integrals and against clocks that were drawn from its own model."""

import math
import random
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyfob_verifier.decide.estimator import (
    SMALLEST_OFFSET_VARIANCE,
    chance_before,
    jumped,
    learn,
    lesson,
    normal_mass,
    normal_slice,
    predict,
    typing_delays,
    widened,
)
from quadrature import integrate

MEDIAN_S = 8.0
SIGMA = 0.6
DELAYS = typing_delays(MEDIAN_S, SIGMA)
YEAR_S = 31_557_600.0
DAY_S = 86_400.0
RATE_WALK = (0.25e-6) ** 2 / DAY_S
OFFSET_WALK = 0.5**2 / DAY_S


class Drift(NamedTuple):
    """A belief with its numbers named, for what is asked of it here."""

    offset_s: float
    rate: float
    offset_variance: float
    covariance: float
    rate_variance: float


def density(x):
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def below(x):
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def exact_chance_before(edge_s, spread_s):
    """The same chance with the lognormal delay itself: integrated over the logarithm of the delay."""
    return integrate(
        lambda z: density(z) * below((edge_s + MEDIAN_S * math.exp(SIGMA * z)) / spread_s),
        -8.0,
        8.0,
        longest=0.05,
    )


def exact_moments(offset_variance, chance_in_step, smallest_s):
    """Chance of a step, then mean and variance of the offset's change, integrated over that change.

    `chance_in_step` says how likely a fob that is so many seconds ahead of what was believed shows the step; it
    varies over no less than `smallest_s`.
    """
    spread_s = math.sqrt(offset_variance)

    @cache
    def weight(change):
        return density(change / spread_s) / spread_s * chance_in_step(change)

    def over_change(function):
        return integrate(
            lambda change: weight(change) * function(change),
            -9.5 * spread_s,
            9.5 * spread_s,
            longest=min(spread_s, smallest_s),
        )

    chance = over_change(lambda _: 1.0)
    mean = over_change(lambda change: change) / chance
    return chance, mean, over_change(lambda change: (change - mean) ** 2) / chance


def slower_than(delay_s):
    return below(-math.log(delay_s / MEDIAN_S) / SIGMA) if delay_s > 0.0 else 1.0


offset_sds = st.floats(0.3, 40.0)
correlations = st.floats(-0.99, 0.99)


@st.composite
def drifts(draw):
    sd_s, rate_sd = draw(offset_sds), draw(st.floats(1e-8, 3e-5))
    covariance = draw(correlations) * sd_s * rate_sd
    return Drift(draw(st.floats(-1e4, 1e4)), draw(st.floats(-4e-5, 4e-5)), sd_s**2, covariance, rate_sd**2)


def is_possible(belief):
    drift = Drift(*belief)
    return (
        all(math.isfinite(number) for number in drift)
        and drift.offset_variance > 0.0
        and drift.rate_variance > 0.0
        and drift.covariance**2 < drift.offset_variance * drift.rate_variance
    )


class TestTypingDelays:
    @pytest.mark.parametrize("parts", [3, 8, 16, 40])
    def test_mixture_keeps_the_lognormal_mean_and_variance(self, parts):
        delays = typing_delays(MEDIAN_S, SIGMA, parts)
        assert len(delays) == parts
        mean = sum(weight * mean for weight, mean, _ in delays)
        square = sum(weight * (mean**2 + variance) for weight, mean, variance in delays)
        assert sum(weight for weight, _, _ in delays) == pytest.approx(1.0, abs=1e-14)
        assert mean == pytest.approx(MEDIAN_S * math.exp(SIGMA**2 / 2), rel=1e-12)
        assert square == pytest.approx(MEDIAN_S**2 * math.exp(2 * SIGMA**2), rel=1e-12)

    def test_parts_follow_one_another(self):
        assert all(earlier[1] < later[1] for earlier, later in pairwise(DELAYS))
        assert all(variance >= 0.0 for _, _, variance in DELAYS)

    def test_people_without_a_spread_all_take_the_median(self):
        assert all(
            (mean, variance) == pytest.approx((5.0, 0.0)) for _, mean, variance in typing_delays(5.0, 0.0)
        )


class TestChanceOfAStep:
    @pytest.mark.parametrize(("spread_s", "tolerance"), [(1.0, 3e-3), (2.0, 6e-4), (4.0, 5e-5), (30.0, 5e-6)])
    def test_it_is_that_of_a_lognormal_delay(self, spread_s, tolerance):
        for edge_s in range(-75, 60, 3):
            exact = exact_chance_before(edge_s, spread_s)
            assert chance_before(edge_s, spread_s**2, DELAYS) == pytest.approx(exact, abs=tolerance)

    @pytest.mark.parametrize("edge_s", [-28.0, -40.0, -55.0])
    def test_the_tail_of_slow_people_is_kept(self, edge_s):
        """Where Gauss and Hermite's sixteen points are off by up to two."""
        exact = exact_chance_before(edge_s, 1.0)
        assert chance_before(edge_s, 1.0, DELAYS) == pytest.approx(exact, rel=0.12)

    def test_it_is_what_simulated_people_do(self):
        draws = random.Random(20)
        read = [
            draws.gauss(0.0, 3.0) - draws.lognormvariate(math.log(MEDIAN_S), SIGMA) for _ in range(40_000)
        ]
        for start_s in (-70.0, -40.0, -10.0, 20.0):
            share = sum(start_s <= at < start_s + 30.0 for at in read) / len(read)
            chance = chance_before(start_s + 30.0, 9.0, DELAYS) - chance_before(start_s, 9.0, DELAYS)
            assert chance == pytest.approx(share, abs=4.0 * math.sqrt(0.25 / len(read)))

    @given(st.floats(-200.0, 200.0), st.floats(0.0, 100.0), st.floats(1e-6, 1e6))
    def test_it_grows_from_nothing_to_certainty(self, edge_s, further_s, variance):
        assert 0.0 <= chance_before(edge_s, variance, DELAYS) <= 1.0 + 1e-15
        assert (
            chance_before(edge_s + further_s, variance, DELAYS)
            >= chance_before(edge_s, variance, DELAYS) - 1e-15
        )
        assert chance_before(1e7, variance, DELAYS) == pytest.approx(1.0, abs=1e-14)
        assert chance_before(-1e7, variance, DELAYS) == 0.0


class TestNormalSlice:
    @given(st.floats(-12.0, 12.0), st.floats(1e-6, 20.0))
    def test_moments_are_those_of_the_integral(self, low, width):
        high = low + width
        peak = min(max(0.0, low), high)

        def over(function):
            near = (max(low, peak - 9.0), min(high, peak + 9.0))
            return integrate(
                lambda x: math.exp(-0.5 * (x * x - peak * peak)) * function(x), *near, longest=0.25
            )

        scale = over(lambda _: 1.0)
        mean = over(lambda x: x - peak) / scale + peak
        variance = over(lambda x: (x - mean) ** 2) / scale
        mass, found_mean, found_variance = normal_slice(low, high)
        assert mass == pytest.approx(scale * density(peak), rel=1e-9)
        assert found_mean == pytest.approx(mean, rel=1e-9, abs=1e-9)
        assert found_variance == pytest.approx(variance, rel=1e-6)

    @given(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9))
    def test_nothing_is_out_of_bounds_however_far_out(self, low, width):
        mass, mean, variance = normal_slice(low, low + width)
        assert 0.0 <= mass <= 1.0
        assert 0.0 <= variance <= 1.0
        if mass > 0.0:
            assert low <= mean <= low + width

    @pytest.mark.parametrize("low", [37.0, 37.5, 38.0, 38.2, 38.4, 38.47, 39.0])
    def test_where_the_last_digits_go_the_mean_stays_within(self, low):
        mass, mean, variance = normal_slice(low, low + 1.0)
        assert mass == 0.0 or low <= mean <= low + 1.0
        assert 0.0 <= variance <= 1.0

    def test_mass_keeps_its_digits_in_both_tails(self):
        assert normal_mass(10.0, 11.0) == pytest.approx(7.61985302416e-24 - 1.91065957449e-28, rel=1e-9)
        assert normal_mass(-11.0, -10.0) == normal_mass(10.0, 11.0)


class TestPredict:
    @given(drifts(), st.floats(0.0, 10 * YEAR_S), st.floats(0.0, 1.0))
    def test_two_gaps_are_as_good_as_one(self, drift, gap_s, share):
        whole = Drift(*predict(drift, gap_s, RATE_WALK, OFFSET_WALK))
        first = predict(drift, share * gap_s, RATE_WALK, OFFSET_WALK)
        halves = Drift(*predict(first, gap_s - share * gap_s, RATE_WALK, OFFSET_WALK))
        scale = math.sqrt(whole.offset_variance * whole.rate_variance)
        assert halves[:3] == pytest.approx(whole[:3], rel=1e-9, abs=1e-9)
        assert halves.covariance == pytest.approx(whole.covariance, abs=1e-9 * scale)
        assert halves.rate_variance == pytest.approx(whole.rate_variance, rel=1e-9)

    @given(drifts(), st.floats(0.0, 10 * YEAR_S))
    def test_covariance_stays_positive_definite_over_ten_years(self, drift, gap_s):
        assert is_possible(predict(drift, gap_s, RATE_WALK, OFFSET_WALK))

    @given(drifts(), st.floats(-1e9, 0.0))
    def test_a_clock_that_was_put_back_changes_nothing(self, drift, gap_s):
        assert predict(drift, gap_s, RATE_WALK, OFFSET_WALK) == drift

    def test_the_offset_follows_the_rate(self):
        drift = predict(Drift(1.0, 20e-6, 4.0, 0.0, 1e-12), DAY_S, 0.0, 0.0)
        assert drift == pytest.approx((1.0 + 1.728, 20e-6, 4.0 + DAY_S**2 * 1e-12, DAY_S * 1e-12, 1e-12))


class TestLearn:
    @given(drifts(), st.floats(-4.0, 4.0), st.sampled_from([10.0, 30.0, 60.0]))
    def test_moments_are_those_of_the_integral(self, drift, deviations, length_s):
        people = ((0.5, 6.0, 4.0), (0.3, 12.0, 25.0), (0.2, 25.0, 100.0))
        start_s = deviations * math.sqrt(drift.offset_variance + 100.0) - 30.0

        def chance_in_step(change):
            return sum(
                weight
                * (
                    below((start_s + length_s - change + mean) / math.sqrt(variance))
                    - below((start_s - change + mean) / math.sqrt(variance))
                )
                for weight, mean, variance in people
            )

        chance, mean, variance = exact_moments(drift.offset_variance, chance_in_step, smallest_s=2.0)
        assume(chance > 1e-7)
        gain = drift.covariance / drift.offset_variance
        unexplained = drift.rate_variance - gain * drift.covariance
        assert lesson(start_s, length_s, drift.offset_variance, people) == pytest.approx(
            (chance, mean, variance), rel=1e-6, abs=1e-6
        )
        learned = Drift(*learn(drift, start_s, length_s, people))
        assert learned.offset_s - drift.offset_s == pytest.approx(mean, rel=1e-6, abs=1e-6)
        assert learned.offset_variance == pytest.approx(variance, rel=1e-6)
        assert learned.rate == pytest.approx(drift.rate + gain * mean, rel=1e-6, abs=1e-12)
        assert learned.covariance == pytest.approx(gain * variance, rel=1e-6)
        assert learned.rate_variance == pytest.approx(unexplained + gain**2 * variance, rel=1e-6)

    @pytest.mark.parametrize("spread_s", [1.0, 3.0, 10.0])
    @pytest.mark.parametrize("start_s", [-55.0, -40.0, -30.0, -20.0, -5.0])
    def test_it_is_what_a_lognormal_delay_teaches(self, spread_s, start_s):
        _, mean, variance = exact_moments(
            spread_s**2,
            lambda change: slower_than(change - start_s - 30.0) - slower_than(change - start_s),
            smallest_s=0.25,
        )
        learned = Drift(*learn(Drift(0.0, 0.0, spread_s**2, 0.0, 1e-12), start_s, 30.0, DELAYS))
        assert learned.offset_s == pytest.approx(mean, abs=0.04 * spread_s)
        assert learned.offset_variance == pytest.approx(variance, rel=0.04)

    @given(drifts(), st.floats(-1e9, 1e9), st.floats(1.0, 3600.0))
    def test_no_step_however_odd_breaks_the_covariance(self, drift, start_s, length_s):
        assert is_possible(learn(drift, start_s, length_s, DELAYS))

    def test_an_impossible_step_teaches_nothing(self):
        drift = Drift(0.0, 0.0, 4.0, 0.0, 1e-12)
        assert learn(drift, 1e6, 30.0, DELAYS) == drift

    def test_thousands_of_logins_within_one_moment_leave_a_belief(self):
        drift = Drift(0.0, 0.0, 100.0, 1e-5, 1e-11)
        for _ in range(3000):
            drift = Drift(*learn(drift, -20.0, 30.0, DELAYS))
        assert is_possible(drift)
        assert drift.offset_variance >= SMALLEST_OFFSET_VARIANCE

    @pytest.mark.parametrize(
        "drift",
        [
            Drift(0.0, 0.0, 1e-12, 0.0, 1e-12),
            Drift(0.0, 0.0, 4.0, 2e-6, 1e-12),
            Drift(0.0, 0.0, 4.0, 0.0, 0.0),
        ],
        ids=["no doubt of the offset", "rate and offset as one", "no doubt of the rate"],
    )
    def test_a_belief_on_the_verge_is_brought_back(self, drift):
        learned = Drift(*learn(drift, -20.0, 30.0, DELAYS))
        assert is_possible(learned)
        assert learned.offset_variance >= SMALLEST_OFFSET_VARIANCE

    def test_a_late_code_is_put_down_to_the_person_first(self):
        """A code of the step before moves a well-known clock by far less than a step."""
        drift = Drift(0.0, 0.0, 4.0, 0.0, 1e-12)
        assert -2.0 < learn(drift, -45.0, 30.0, DELAYS)[0] < 0.0

    @given(
        drifts(),
        st.lists(st.tuples(st.floats(-10.0, YEAR_S), st.floats(-3.0, 3.0)), min_size=1, max_size=30),
    )
    def test_covariance_stays_positive_definite_through_a_life(self, drift, life):
        for gap_s, deviations in life:
            drift = Drift(*predict(drift, gap_s, RATE_WALK, OFFSET_WALK))
            start_s = deviations * math.sqrt(drift.offset_variance + 36.0) - 23.0
            drift = Drift(*learn(drift, start_s, 30.0, DELAYS))
            assert is_possible(drift)


class TestWidening:
    @given(drifts(), st.floats(-1e6, 1e6))
    def test_what_was_missed_is_one_deviation_then(self, drift, missed_s):
        for changed in (Drift(*widened(drift, missed_s)), Drift(*jumped(drift, missed_s))):
            assert is_possible(changed)
            assert changed[:2] == drift[:2]
            assert math.sqrt(changed.offset_variance) >= abs(missed_s) * (1.0 - 1e-12)

    def test_widening_doubts_the_rate_too_and_a_jump_does_not(self):
        drift = Drift(0.0, 0.0, 4.0, 1e-6, 1e-12)
        assert widened(drift, 20.0) == pytest.approx((0.0, 0.0, 400.0, 1e-4, 1e-10))
        assert jumped(drift, 20.0) == pytest.approx((0.0, 0.0, 404.0, 1e-6, 1e-12))
        assert widened(drift, 0.1) == drift


def lives(clocks, logins, gap_s, walks, seed):
    """Beliefs before each login, each with the true offset and rate: clocks drawn from the model itself."""
    draws = random.Random(seed)
    rate_walk, offset_walk = walks
    for _ in range(clocks):
        offset_s, rate = draws.gauss(0.0, 10.0), draws.gauss(0.0, 11e-6)
        drift = Drift(0.0, 0.0, 100.0, 0.0, (11e-6) ** 2)
        for _ in range(logins):
            walked = draws.gauss(0.0, 1.0) * math.sqrt(rate_walk * gap_s)
            bent = draws.gauss(0.0, 1.0) * math.sqrt(rate_walk * gap_s**3 / 12.0)
            offset_s += (
                gap_s * (rate + 0.5 * walked) + bent + draws.gauss(0.0, 1.0) * math.sqrt(offset_walk * gap_s)
            )
            rate += walked
            drift = Drift(*predict(drift, gap_s, rate_walk, offset_walk))
            yield drift, offset_s, rate
            at = draws.uniform(0.0, 3e9)
            read = at + offset_s - draws.lognormvariate(math.log(MEDIAN_S), SIGMA)
            start = math.floor(read / 30.0) * 30.0
            drift = Drift(*learn(drift, start - (at + drift.offset_s), 30.0, DELAYS))


def squared_error(drift, offset_s, rate):
    """The error of offset and rate in units of the stated covariance: 2 on average where that is honest."""
    off, fast = offset_s - drift.offset_s, rate - drift.rate
    determinant = drift.offset_variance * drift.rate_variance - drift.covariance**2
    weighted = drift.rate_variance * off**2 - 2.0 * drift.covariance * off * fast
    return (weighted + drift.offset_variance * fast**2) / determinant


class TestConsistency:
    @pytest.mark.parametrize("gap_days", [1.0, 7.0, 30.0])
    def test_errors_are_as_large_as_it_says_they_are(self, gap_days):
        errors = [
            squared_error(*life)
            for life in lives(60, 40, gap_days * DAY_S, (RATE_WALK, OFFSET_WALK), seed=int(gap_days))
        ]
        assert sum(errors) / len(errors) == pytest.approx(2.0, abs=0.25)

    def test_a_steady_clock_is_followed_within_the_stated_uncertainty(self):
        """A ±20 ppm clock that neither walks nor bends: easier than the model thinks, so never worse than stated."""
        truths = list(lives(40, 50, 3 * DAY_S, (0.0, 0.0), seed=3))
        deviations = [
            abs(offset_s - drift.offset_s) / math.sqrt(drift.offset_variance) for drift, offset_s, _ in truths
        ]
        assert sum(d <= 2.0 for d in deviations) / len(deviations) == pytest.approx(0.954, abs=0.03)
        assert max(deviations) < 5.0
        last = truths[-1]
        assert last[0].rate == pytest.approx(last[2], abs=4.0 * math.sqrt(last[0].rate_variance))
        assert last[0].rate_variance < (0.5e-6) ** 2
