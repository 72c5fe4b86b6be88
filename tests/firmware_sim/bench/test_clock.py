import pytest
from hypothesis import given
from hypothesis import strategies as st

from fob_samples import NOON
from keyfob.clock import VirtualClock
from keyfob.errors import InvalidParametersError
from keyfob_firmware.bench.clock import LONGEST_ADVANCE_S, BenchClock, Mode, Setting


class SettableClock:
    """A machine's clock that somebody may set back."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


def test_running_time_runs_with_the_machine():
    machine = VirtualClock(NOON)
    clock = BenchClock(machine, Setting())
    clock.advance(100.0)
    machine.advance(seconds=7.0)
    assert (clock.mode, clock.now()) == (Mode.RUNNING, NOON + 107.0)


def test_standing_time_stands_until_moved_and_runs_on_from_there():
    machine = VirtualClock(NOON)
    clock = BenchClock(machine, Setting())
    clock.switch(Mode.STANDING)
    machine.advance(seconds=7.0)
    clock.advance(30.0)
    assert (clock.mode, clock.now()) == (Mode.STANDING, NOON + 30.0)
    clock.switch(Mode.RUNNING)
    machine.advance(seconds=5.0)
    assert (clock.mode, clock.now()) == (Mode.RUNNING, NOON + 35.0)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("machine"), st.floats(-1e6, 1e6)),
            st.tuples(st.just("advance"), st.floats(0, 1e6)),
            st.tuples(st.just("switch"), st.sampled_from(Mode)),
        )
    )
)
def test_time_never_goes_back(happenings):
    machine = SettableClock(NOON)
    clock = BenchClock(machine, Setting())
    before = clock.now()
    for what, figure in happenings:
        match what:
            case "machine":
                machine.at += figure
            case "advance":
                clock.advance(figure)
            case "switch":
                clock.switch(figure)
        assert clock.now() >= before
        before = clock.now()


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 2 * LONGEST_ADVANCE_S])
def test_time_is_not_moved_back_or_away(seconds):
    clock = BenchClock(VirtualClock(NOON), Setting())
    with pytest.raises(InvalidParametersError):
        clock.advance(seconds)
    assert clock.now() == NOON


def test_many_small_moves_lead_no_further_than_one():
    clock = BenchClock(VirtualClock(NOON), Setting())
    clock.advance(LONGEST_ADVANCE_S)
    with pytest.raises(InvalidParametersError):
        clock.advance(1.0)
