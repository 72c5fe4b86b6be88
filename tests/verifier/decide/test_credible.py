"""The credible window: which steps it holds, what it learns, and how far anybody can push it."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.parameters import Parameters
from keyfob_verifier.decide import belief
from keyfob_verifier.decide.estimator import chance_before
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import NO_STEP, State

POLICY = CredibleWindow.for_token(Parameters())
BEGAN = 1_800_000_000.0
NOW = int(BEGAN) // 30
DAY_S = 86_400.0
YEAR_S = 31_557_600.0
PPM = 1e-6
FASTEST = 25 * PPM
SLOWEST = -45 * PPM


def believed(offset_s, sd_s):
    """A token that was proved at BEGAN and whose offset is known to so many seconds."""
    return State(NOW - 100, BEGAN, offset_s, 0.0, sd_s**2, 0.0, (11.5 * PPM) ** 2, offset_s, BEGAN)


def envelope(state, at):
    """The lowest and the highest offset that physics allows."""
    _, low_s, high_s = belief.believed(POLICY.model, state, at)
    return low_s, high_s


def row(state, at):
    """The window as a row of booleans, from five steps behind the server's own to five ahead."""
    first, last = POLICY.window(state, at)
    own = int(at) // 30
    return [first <= step <= last for step in range(own - 5, own + 6)]


def width(policy, state, at):
    first, last = policy.window(state, at)
    return last - first + 1


def is_possible(state):
    return (
        all(math.isfinite(number) for number in state)
        and state.offset_variance > 0.0
        and state.rate_variance > 0.0
        and state.covariance**2 < state.offset_variance * state.rate_variance
    )


class Owner:
    """Someone who logs in honestly with a fob whose rate never changes, activated at BEGAN.

    Args:
        rate_ppm: the fob's.
        seed: of the typing delays and the gaps.
    """

    def __init__(self, rate_ppm, seed=1):
        self.rate, self.draws, self.at = rate_ppm * PPM, random.Random(seed), BEGAN
        self.refused, self.widths = 0, []
        self.state = POLICY.prove(POLICY.enrol(BEGAN, 0.0), BEGAN, self.step_read())

    @property
    def offset_s(self):
        return self.rate * (self.at - BEGAN)

    def step_read(self):
        delay_s = self.draws.lognormvariate(math.log(8.0), 0.6)
        return math.floor((self.at + self.offset_s - delay_s) / 30.0)

    def log_in_every(self, gap_days, logins):
        for _ in range(logins):
            self.at += gap_days * DAY_S * self.draws.uniform(0.7, 1.3)
            first, last = POLICY.window(self.state, self.at)
            self.widths.append(last - first + 1)
            step = self.step_read()
            if first <= step <= last:
                self.state = POLICY.accept(self.state, self.at, step)
            else:
                self.refused += 1
        return self


offsets_s = st.floats(-60.0, 60.0)
spreads_s = st.floats(0.01, 30.0) | st.floats(30.0, 5_000.0)
states = st.builds(believed, offsets_s, spreads_s)


class TestWindow:
    def test_it_is_a_window_policy(self):
        assert isinstance(POLICY, WindowPolicy)

    @pytest.mark.parametrize(
        ("offset_s", "sd_s", "into_step_s", "expected"),
        [
            (0.0, 1.0, 15.0, [False] * 3 + [True] * 3 + [False] * 5),
            (0.0, 1.0, 29.0, [False] * 4 + [True] * 2 + [False] * 5),
            (0.0, 6.0, 15.0, [False] * 3 + [True] * 3 + [False] * 5),
            (0.0, 6.0, 29.0, [False] * 4 + [True] * 3 + [False] * 4),
            (0.0, 10.0, 15.0, [False] * 3 + [True] * 4 + [False] * 4),
            (0.0, 20.0, 15.0, [False] * 2 + [True] * 6 + [False] * 3),
            (60.0, 1.0, 15.0, [False] * 5 + [True] * 3 + [False] * 3),
            (-60.0, 1.0, 15.0, [False] + [True] * 3 + [False] * 7),
        ],
    )
    def test_window_follows_the_offset_and_grows_with_doubt(self, offset_s, sd_s, into_step_s, expected):
        assert row(believed(offset_s, sd_s), BEGAN + into_step_s) == expected

    @given(states, st.floats(0.0, 30.0), st.sampled_from([1e-2, 1e-3, 1e-5]))
    def test_no_shorter_run_holds_as_much(self, state, into_step_s, alpha):
        policy = POLICY._replace(alpha=alpha)
        at = BEGAN + into_step_s
        first, last = policy.window(state, at)

        def chance(low, high):
            edges = (low * 30.0 - at - state.offset_s, (high + 1) * 30.0 - at - state.offset_s)
            before, upto = (
                chance_before(edge, state.offset_variance + 3e-4, policy.delays) for edge in edges
            )
            return upto - before

        steps = last - first + 1
        shorter = max(chance(low, low + steps - 2) for low in range(first - 8, last + 9))
        assert steps == 1 or shorter < 1.0 - alpha + 1e-6
        if steps < policy.max_steps:
            assert chance(first, last) >= 1.0 - alpha - 1e-6

    @given(states, st.floats(0.0, 3 * YEAR_S), st.integers(1, 12))
    def test_it_is_never_wider_than_its_cap(self, state, gap_s, max_steps):
        assert 1 <= width(POLICY._replace(max_steps=max_steps), state, BEGAN + gap_s) <= max_steps

    @pytest.mark.parametrize("sd_s", [1.0, 3.0, 10.0, 20.0])
    def test_it_leans_to_the_past(self, sd_s):
        """People are late and never early: over all moments of a step, more lies behind than ahead."""
        behind = ahead = 0
        for into_step_s in range(30):
            first, last = POLICY.window(believed(0.0, sd_s), BEGAN + into_step_s)
            behind, ahead = behind + NOW - first, ahead + last - NOW
        assert behind - ahead >= 15

    @given(states, st.floats(0.0, 90 * DAY_S), st.integers(-(10**6), 10**6))
    def test_steps_count_from_t0(self, state, gap_s, t0_steps):
        shifted, at = POLICY._replace(t0_s=30.0 * t0_steps), BEGAN + gap_s
        moved = state._replace(last_step=state.last_step - t0_steps)
        for reach in ("window", "search"):
            first, last = getattr(POLICY, reach)(state, at)
            assert getattr(shifted, reach)(moved, at) == (first - t0_steps, last - t0_steps)
        for learn in ("accept", "prove"):
            after = getattr(POLICY, learn)(state, at, first)
            assert getattr(shifted, learn)(moved, at, first - t0_steps) == pytest.approx(
                after._replace(last_step=after.last_step - t0_steps), rel=1e-6, abs=1e-9
            )

    def test_a_long_time_step_needs_one_step_or_two(self):
        hourly = CredibleWindow.for_token(Parameters(time_step_s=3600))
        assert hourly.window(believed(0.0, 5.0), BEGAN + 1800.0) == (NOW // 120, NOW // 120)
        assert hourly.window(believed(0.0, 5.0), BEGAN + 5.0) == (NOW // 120 - 1, NOW // 120)

    def test_slow_people_are_given_more_of_the_past(self):
        slow = CredibleWindow.for_token(Parameters(), delay_median_s=20.0)
        assert (
            slow.window(believed(0.0, 2.0), BEGAN + 15.0)[0]
            < POLICY.window(believed(0.0, 2.0), BEGAN + 15.0)[0]
        )

    def test_a_server_clock_that_was_put_back_finds_the_belief_unchanged(self):
        state = believed(0.0, 6.0)
        assert POLICY.window(state, BEGAN - 300 * 30.0 + 15.0) == (NOW - 302, NOW - 300)


class TestWhatItLearns:
    @pytest.mark.parametrize("rate_ppm", [-20.0, -5.0, 0.0, 20.0])
    def test_a_fob_in_weekly_use_has_three_steps_or_four(self, rate_ppm):
        owner = Owner(rate_ppm).log_in_every(7, logins=100)
        assert max(owner.widths[20:]) <= 4
        assert sum(owner.widths[20:]) / 80 < 3.5
        assert owner.refused <= 1

    def test_a_month_of_rest_widens_the_window_and_a_new_fob_s_more(self):
        settled, new = Owner(20.0).log_in_every(7, logins=60), Owner(20.0)
        moments = [30 * DAY_S + into_step_s for into_step_s in range(30)]
        of_settled = sum(width(POLICY, settled.state, settled.at + moment) for moment in moments) / 30
        of_new = sum(width(POLICY, new.state, new.at + moment) for moment in moments) / 30
        assert 3.4 < of_settled < 5.0
        assert 7.0 < of_new <= 9.0

    def test_a_fob_used_monthly_has_about_five_steps(self):
        owner = Owner(-20.0).log_in_every(30, logins=48)
        assert 4.0 <= sum(owner.widths[6:]) / 42 <= 5.5

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("rate_ppm", [-20.0, 20.0])
    def test_it_follows_a_clock_that_loses_ten_minutes_a_year(self, rate_ppm, seed):
        owner = Owner(rate_ppm, seed).log_in_every(5, logins=150)
        assert abs(owner.offset_s) > 1000.0
        assert owner.state.offset_s == pytest.approx(
            owner.offset_s, abs=4.0 * math.sqrt(owner.state.offset_variance)
        )
        assert owner.state.rate == pytest.approx(owner.rate, abs=4.0 * math.sqrt(owner.state.rate_variance))
        assert owner.state.rate_variance < (3.0 * PPM) ** 2
        assert owner.refused <= 2

    def test_the_seed_file_s_offset_is_where_it_starts(self):
        state = POLICY.enrol(BEGAN, 600.0)
        assert (state.last_step, state.offset_s, state.proved_offset_s, state.proved_at) == (
            NO_STEP,
            600.0,
            600.0,
            BEGAN,
        )
        first, last = POLICY.window(state, BEGAN)
        assert first <= NOW + 20 <= last

    def test_a_perfect_crystal_is_no_division_by_nothing(self):
        policy = CredibleWindow.for_token(Parameters(), grade_ppm=0.0)
        state = policy.prove(policy.enrol(BEGAN, 0.0), BEGAN, NOW)
        assert is_possible(policy.accept(state, BEGAN + DAY_S, NOW + 2880))

    def test_a_state_without_doubt_is_given_some(self):
        """What another policy left behind may hold no variance at all."""
        state = State(NOW, BEGAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, BEGAN)
        assert POLICY.window(state, BEGAN + 15.0) == (NOW - 2, NOW)
        assert is_possible(POLICY.accept(state, BEGAN, NOW))
        assert is_possible(POLICY.prove(state, BEGAN, NOW + 5))
        assert is_possible(POLICY.forecast(state, BEGAN))

    def test_an_incredible_step_is_believed_once_the_belief_is_widened(self):
        state = believed(0.0, 2.0)
        honest = POLICY.accept(state, BEGAN + 15.0, NOW)
        odd = POLICY.accept(state, BEGAN + 15.0, NOW + 2)
        assert odd.offset_s == pytest.approx(60.0, abs=15.0)
        assert odd.offset_variance > 4.0 * honest.offset_variance
        assert odd.rate_variance >= honest.rate_variance

    @given(states, st.floats(-DAY_S, YEAR_S), st.integers(-200, 200))
    def test_neither_step_nor_time_ever_goes_back(self, state, gap_s, further):
        for learn in (POLICY.accept, POLICY.prove):
            after = learn(state, BEGAN + gap_s, state.last_step + further)
            assert after.last_step == max(state.last_step, state.last_step + further)
            assert after.at == max(state.at, BEGAN + gap_s)
            assert after.proved_at >= state.proved_at

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["accept", "prove"]),
                st.floats(-DAY_S, 40 * DAY_S) | st.floats(9 * YEAR_S, 11 * YEAR_S),
                st.floats(0.0, 1.0),
            ),
            min_size=1,
            max_size=25,
        )
    )
    def test_covariance_stays_positive_definite_through_any_life(self, life):
        state, at = POLICY.enrol(BEGAN, 0.0), BEGAN
        for kind, gap_s, place in life:
            at += gap_s
            first, last = POLICY.window(state, at) if kind == "accept" else POLICY.search(state, at)
            state = getattr(POLICY, kind)(state, at, first + round(place * max(last - first, 0)))
            assert is_possible(state)
            low_s, high_s = envelope(state, at)
            assert low_s <= state.offset_s <= high_s
            assert SLOWEST <= state.rate <= FASTEST

    def test_thousands_of_logins_leave_a_sound_belief(self):
        state, at = POLICY.prove(POLICY.enrol(BEGAN, 0.0), BEGAN, NOW), BEGAN
        for _ in range(3000):
            at += 31.0
            state = POLICY.accept(state, at, math.floor((at - 8.0) / 30.0))
            assert is_possible(state)
        assert state.offset_s == pytest.approx(0.0, abs=3.0)


class TestForecast:
    @given(states, st.floats(0.0, 10 * YEAR_S))
    def test_it_learns_nothing_and_doubts_more(self, state, gap_s):
        later = POLICY.forecast(state, BEGAN + gap_s)
        assert is_possible(later)
        assert later.offset_variance >= state.offset_variance
        assert (later.last_step, later.proved_offset_s, later.proved_at) == (
            state.last_step,
            state.proved_offset_s,
            state.proved_at,
        )
        assert later.at == BEGAN + gap_s


def relayed(policy, days):
    """A relay between fob and server hands in every code as late as the window allows, once a day."""
    state, at = policy.prove(policy.enrol(BEGAN, 0.0), BEGAN + 8.0, NOW), BEGAN
    for _ in range(days):
        at += DAY_S
        first, _ = policy.window(state, at)
        state = policy.accept(state, at, max(first, state.last_step + 1))
        yield state, at


class TestCaps:
    def test_a_relay_that_is_always_late_cannot_walk_the_window_away(self):
        for state, at in relayed(POLICY, days=730):
            days = (at - BEGAN) / DAY_S
            assert state.offset_s - state.proved_offset_s >= -60.0 - 3 * 20 * PPM * days * DAY_S - 1e-6
            assert SLOWEST <= state.rate <= FASTEST
            assert width(POLICY, state, at + DAY_S) <= POLICY.max_steps
        weak = list(relayed(POLICY._replace(envelope_grades=1e6), days=730))[-1][0]
        assert weak.offset_s < state.offset_s - 1000.0, "the envelope was never reached"

    def test_a_code_held_back_for_half_an_hour_is_too_old_a_month_after_the_proof(self):
        (state, at) = list(relayed(POLICY, days=30))[-1]
        first, _ = POLICY.window(state, at + DAY_S)
        assert first > (at + DAY_S - 1800.0) / 30.0

    def test_the_rate_stays_within_grade_ageing_and_temperature(self):
        """Codes that gain four steps a week look like a clock 200 ppm fast, and are followed no faster than 25."""
        state, at = POLICY.prove(POLICY.enrol(BEGAN, 0.0), BEGAN, NOW), BEGAN
        for _ in range(20):
            at += 7 * DAY_S
            _, last = POLICY.window(state, at)
            state = POLICY.accept(state, at, last)
        assert state.rate == FASTEST

    def test_odd_steps_do_not_make_the_rate_more_doubtful_than_physics_does(self):
        state = believed(0.0, 2.0)
        for days in (30, 60, 90, 120, 150):
            state = POLICY.accept(state, BEGAN + days * DAY_S, NOW + 2880 * days + 9 * (-1) ** days)
            state = POLICY.accept(state, BEGAN + days * DAY_S, NOW + 2880 * days - 400)
            assert state.rate_variance <= (FASTEST - SLOWEST) ** 2 * (1.0 + 1e-12)
            assert is_possible(state)

    def test_ten_years_of_a_restless_rate_are_no_more_doubtful_either(self):
        later = POLICY._replace(rate_walk_ppm=10.0).forecast(believed(0.0, 2.0), BEGAN + 10 * YEAR_S)
        assert math.sqrt(later.rate_variance) == pytest.approx(FASTEST - SLOWEST)
        assert is_possible(later)

    def test_a_forecast_stays_in_the_envelope_too(self):
        fine = CredibleWindow.for_token(Parameters(), grade_ppm=5.0)
        state = believed(0.0, 2.0)._replace(rate=-25 * PPM)
        later = fine.forecast(state, BEGAN + YEAR_S)
        assert later.offset_s == pytest.approx(-60.0 - 15 * PPM * YEAR_S)

    def test_the_envelope_does_not_shrink_when_the_server_clock_is_put_back(self):
        assert envelope(believed(0.0, 2.0), BEGAN - YEAR_S) == (-60.0, 60.0)


class TestProve:
    def test_a_step_that_belief_can_explain_teaches_the_rate(self):
        owner = Owner(20.0)
        owner.at += 120 * DAY_S
        proved = POLICY.prove(owner.state, owner.at, owner.step_read())
        assert proved.offset_s == pytest.approx(207.0, abs=30.0)
        assert proved.rate == pytest.approx(20 * PPM, abs=3 * PPM)
        assert proved.rate_variance < (3 * PPM) ** 2

    @pytest.mark.parametrize("jump_s", [-600.0, -150.0, 150.0, 3600.0])
    def test_a_clock_that_was_stepped_keeps_its_rate(self, jump_s):
        owner = Owner(10.0).log_in_every(7, logins=50)
        at = owner.at + 100.0
        step = math.floor((at + owner.offset_s + jump_s - 8.0) / 30.0)
        proved = POLICY.prove(owner.state, at, step)
        assert proved.offset_s == pytest.approx(owner.offset_s + jump_s, abs=25.0)
        assert math.sqrt(proved.offset_variance) < 15.0
        assert proved.rate == pytest.approx(owner.state.rate, abs=1 * PPM)

    def test_the_envelope_starts_from_it(self):
        state = POLICY.prove(believed(0.0, 2.0), BEGAN + DAY_S, NOW + 2880 + 40)
        assert state.proved_offset_s == state.offset_s == pytest.approx(1200.0, abs=25.0)
        assert state.proved_at == BEGAN + DAY_S
        low_s, high_s = envelope(state, BEGAN + 11 * DAY_S)
        assert (low_s, high_s) == pytest.approx(
            (state.offset_s - 60.0 - 51.84, state.offset_s + 60.0 + 51.84)
        )

    def test_the_first_code_of_an_enrolled_token_proves_its_offset(self):
        enrolled = POLICY.enrol(BEGAN, 0.0)
        accepted = POLICY.accept(enrolled, BEGAN + 100 * DAY_S, NOW + 100 * 2880 + 2)
        assert accepted == POLICY.prove(enrolled, BEGAN + 100 * DAY_S, NOW + 100 * 2880 + 2)
        assert accepted.proved_offset_s == accepted.offset_s


class TestSearch:
    @given(states, st.floats(0.0, 10 * YEAR_S))
    def test_it_holds_the_window_s_newer_steps_and_no_used_one(self, state, gap_s):
        at = BEGAN + gap_s
        first, last = POLICY.search(state, at)
        window_first, window_last = POLICY.window(state, at)
        assert first > state.last_step
        assert first <= max(window_first, state.last_step + 1)
        assert last >= window_last
        assert last - first <= 2 * POLICY.resync_steps

    def test_it_begins_after_the_last_used_step(self):
        state = believed(0.0, 2.0)._replace(last_step=NOW + 3)
        assert POLICY.search(state, BEGAN)[0] == NOW + 4

    def test_a_fob_that_lay_in_its_box_for_a_year_is_found(self):
        first, last = POLICY.search(POLICY.enrol(BEGAN, 0.0), BEGAN)
        assert first <= NOW - 21
        assert last >= NOW + 21
        assert last - first < 60

    def test_a_battery_swap_is_allowed_for_and_an_hour_is_not(self):
        owner = Owner(5.0).log_in_every(7, logins=30)
        at = owner.at + DAY_S
        first, last = POLICY.search(owner.state, at)
        own = (at + owner.offset_s) / 30.0
        assert own - 12 < first < own - 8
        assert own + 8 < last < own + 12

    def test_a_pair_read_in_the_morning_is_out_of_reach_in_the_evening(self):
        owner = Owner(-20.0).log_in_every(7, logins=30)
        morning = int(owner.at) // 30
        assert POLICY.search(owner.state, owner.at + 8 * 3600.0)[0] > morning + 1

    def test_it_ends_with_its_cap_and_with_the_envelope(self):
        vague = believed(0.0, 1e6)
        first, last = POLICY._replace(resync_steps=7).search(vague, BEGAN + 15.0)
        assert (first, last) == (NOW - 7, NOW + 7)
        first, last = POLICY.search(vague, BEGAN + 15.0)
        reach_s = 60.0 + 4.9 * 60.0
        assert (first, last) == (
            math.floor((BEGAN + 15.0 - reach_s) / 30),
            math.floor((BEGAN + 15.0 + reach_s) / 30),
        )
