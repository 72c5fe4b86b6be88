import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.clock import DriftingClock, SystemClock, VirtualClock
from keyfob.oscillator import Crystal, Oscillator
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature import TEMPERATE_CLIMATE

MADE_AT = 1_735_689_600.0
OSCILLATOR = Oscillator(
    crystal=Crystal(-20.0), temperature=TEMPERATE_CLIMATE, made_at=MADE_AT, wander_seed=5
).jumped(MADE_AT + 10.0 * DAY_S, 45.0)


class HurriedClock:
    """Moves on by an hour whenever it is read."""

    def __init__(self, start):
        self._next = start

    def now(self):
        self._next += 3600.0
        return self._next


def test_system_clock_shows_the_machines_time():
    before, shown, after = time.time(), SystemClock().now(), time.time()
    assert before <= shown <= after


def test_virtual_clock_stands_still_until_moved():
    clock = VirtualClock(100.0)
    assert clock.now() == clock.now() == 100.0
    clock.advance(days=2.0, seconds=5.0)
    assert clock.now() == 100.0 + 2.0 * DAY_S + 5.0
    clock.move_to(1e6)
    clock.move_to(1e6)
    assert clock.now() == 1e6


@pytest.mark.parametrize("at", [99.9, float("nan"), float("-inf")])
def test_virtual_clock_never_goes_back(at):
    clock = VirtualClock(100.0)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.move_to(at)
    assert clock.now() == 100.0


def test_virtual_clock_refuses_a_negative_advance():
    with pytest.raises(ValueError, match="cannot go back"):
        VirtualClock(100.0).advance(seconds=-1.0)


@given(st.lists(st.floats(0.0, 90.0), max_size=10))
def test_drifting_clock_shows_true_time_and_its_offset(strides_days):
    truth = VirtualClock(MADE_AT)
    clock = DriftingClock(truth, OSCILLATOR)
    for days in strides_days:
        truth.advance(days=days)
        assert clock.offset_s() == OSCILLATOR.offset_s(truth.now())
        assert clock.now() == truth.now() + OSCILLATOR.offset_s(truth.now())


def test_slow_clock_falls_minutes_behind_in_a_year():
    truth = VirtualClock(MADE_AT + YEAR_S)
    assert truth.now() - 16.0 * 60.0 < DriftingClock(truth, OSCILLATOR).now() < truth.now() - 10.0 * 60.0


def test_drifting_clock_is_right_before_its_manufacture():
    clock = DriftingClock(VirtualClock(MADE_AT - DAY_S), OSCILLATOR)
    assert clock.offset_s() == 0.0
    assert clock.now() == MADE_AT - DAY_S


def test_drifting_clock_jumps_with_its_oscillator():
    truth = VirtualClock(MADE_AT + DAY_S)
    clock = DriftingClock(truth, OSCILLATOR)
    before = clock.now()
    clock.oscillator = clock.oscillator.jumped(truth.now(), -7.0)
    assert clock.now() == pytest.approx(before - 7.0, abs=1e-6)


def test_drifting_clock_reads_true_time_once():
    start = MADE_AT + 10.0 * DAY_S - 1.5 * 3600.0
    shown = DriftingClock(HurriedClock(start), OSCILLATOR).now()
    at = HurriedClock(start).now()
    assert shown == at + OSCILLATOR.offset_s(at)
