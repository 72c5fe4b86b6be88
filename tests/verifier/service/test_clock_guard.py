from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyfob import VirtualClock
from keyfob_verifier.service.clock_guard import LIMITS, ClockGuard, Course, followed, guard_of

START = 1_800_000_000.0
DAY_S = 86_400.0


class Host:
    """A host whose wall clock the test sets, beside one that never jumps."""

    def __init__(self):
        self.steady_s, self.ahead_s = 1_000.0, 0.0
        self.guard = ClockGuard(lambda: START + self.steady_s + self.ahead_s, lambda: self.steady_s)

    def run(self, seconds, slew_ppm=0.0):
        for _ in range(int(seconds)):
            self.steady_s += 1.0
            self.ahead_s += slew_ppm * 1e-6
            self.guard.observe()

    def step(self, by_s):
        self.ahead_s += by_s


@pytest.fixture
def host():
    return Host()


@pytest.mark.parametrize("step_s", [-DAY_S, -15.1, 15.1, 3600.0, DAY_S])
def test_step_of_more_than_half_a_time_step_pauses_learning_at_once(host, step_s):
    host.run(60)
    host.step(step_s)
    assert not host.guard.moment().learns
    assert not host.guard.may_learn
    assert host.guard.reasons == [f"the host's clock was stepped by {step_s:+.1f} s"]


@pytest.mark.parametrize("step_s", [-14.9, 14.9])
def test_smaller_step_does_not(host, step_s):
    host.step(step_s)
    host.run(60)
    assert host.guard.may_learn
    assert host.guard.reasons == []


def test_small_steps_that_add_up_to_a_large_one_are_a_step(host):
    for _ in range(4):
        host.step(5.0)
        host.run(10)
    assert not host.guard.may_learn


@given(rates=st.lists(st.floats(-1_000.0, 1_000.0), min_size=1, max_size=50))
def test_slewing_alone_is_followed_and_never_a_step(rates):
    host = Host()
    for rate in rates:
        host.run(120, slew_ppm=rate)
        assert host.guard.may_learn
        assert host.guard.steady_now() == pytest.approx(host.guard.moment().at, abs=1e-3)


def test_slewing_faster_than_a_clock_is_ever_pulled_is_a_step(host):
    host.run(3_600, slew_ppm=6_000.0)
    assert not host.guard.may_learn


def test_clock_that_came_back_is_believed_at_once(host):
    host.step(DAY_S)
    host.run(3)
    host.step(-DAY_S)
    host.run(1)
    assert host.guard.may_learn


def test_clock_that_stayed_where_it_was_put_is_believed_after_a_quarter_of_an_hour(host):
    host.step(DAY_S)
    host.run(LIMITS.quiet_s)
    assert not host.guard.may_learn
    host.run(2)
    assert host.guard.may_learn
    assert host.guard.steady_now() == host.guard.moment().at


def test_each_further_step_begins_the_quarter_of_an_hour_anew(host):
    host.step(DAY_S)
    host.run(800)
    host.step(2.0)
    host.run(800)
    assert not host.guard.may_learn


def test_slewing_does_not_keep_a_stepped_clock_from_being_believed_again(host):
    host.step(-DAY_S)
    host.run(LIMITS.quiet_s + 2, slew_ppm=500.0)
    assert host.guard.may_learn


def test_time_by_which_waits_are_counted_goes_on_undisturbed(host):
    began = host.guard.steady_now()
    host.step(DAY_S)
    host.run(890)
    assert host.guard.steady_now() == pytest.approx(began + 890, abs=0.01)


@given(steps=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_no_step_moves_steady_time_as_long_as_the_clock_is_not_believed(steps):
    """A wait counted by it lasts its length, whatever the wall clock does meanwhile."""
    host = Host()
    began = host.guard.steady_now()
    for number, step_s in enumerate(steps):
        host.step(step_s)
        assert host.guard.moment().steady_at == pytest.approx(began + number * 40, abs=1.0)
        host.run(40)
    assert host.guard.steady_now() == pytest.approx(began + 40 * len(steps), abs=1.0)


@given(
    steps=st.lists(st.tuples(st.floats(-100.0, 100.0), st.integers(1, 2_000)), min_size=1, max_size=10),
)
@example(steps=[(16.0, 1_000)])
def test_learning_goes_on_only_within_half_a_step_of_the_reference_and_comes_back_once_all_is_quiet(steps):
    host = Host()
    for step_s, seconds in steps:
        host.step(step_s)
        host.run(seconds)
        away_s = abs(host.guard.moment().at - host.guard.steady_now())
        assert host.guard.may_learn == (away_s <= LIMITS.step_s + 1e-6)
    host.run(LIMITS.quiet_s + 2)
    assert host.guard.may_learn


@given(
    offsets=st.lists(st.floats(-50.0, 50.0), max_size=30),
    gaps=st.lists(st.floats(0.0, 5_000.0), min_size=30, max_size=30),
)
def test_reference_moves_no_faster_than_an_honest_clock_or_takes_a_settled_offset(offsets, gaps):
    course = Course(0.0, 0.0)
    for offset_s, at in zip(offsets, accumulate(gaps), strict=False):
        later = followed(course, at + offset_s, at)
        moved_s = abs(later.reference_s - course.reference_s)
        gap_s = at - course.seen_at
        taken = course.is_stepped and not later.is_stepped and later.reference_s == pytest.approx(offset_s)
        assert moved_s <= gap_s * 1e-3 + 1e-9 or taken
        course = later


@pytest.mark.parametrize(("ahead_s", "unsure_s", "learns"), [
    (1.9, 0.0, True), (2.1, 0.0, False), (-2.1, 0.0, False), (5.0, 4.0, True), (-7.0, 4.0, False),
])  # fmt: skip
def test_host_far_from_the_database_learns_nothing(host, ahead_s, unsure_s, learns):
    host.guard.observe_database(ahead_s, unsure_s)
    assert host.guard.may_learn is host.guard.moment().learns is learns
    assert len(host.guard.reasons) == (0 if learns else 1)
    host.guard.observe_database(0.0, 0.0)
    assert host.guard.may_learn


def test_time_that_is_moved_on_purpose_is_no_step():
    clock = VirtualClock(START)
    guard = guard_of(clock)
    for days in (0.001, 1.0, 400.0):
        clock.advance(days=days)
        guard.observe()
        assert guard.may_learn
        assert guard.moment() == (clock.now(), clock.now(), True)
