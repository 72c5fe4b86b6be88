"""Faults of the fob alone; what the verifier sees of them is told in tests/system."""

import math

import pytest

from fob_samples import NOON, SECRET, steady
from fob_starts import KEY, STARTS, Bench, made
from keyfob.clock import VirtualClock
from keyfob.errors import InvalidParametersError
from keyfob.seed import Seed
from keyfob_firmware.battery import Battery
from keyfob_firmware.errors import PowerFailedError
from keyfob_firmware.faults import (
    FAULTS,
    BitFlip,
    BrownOut,
    ClockStep,
    DeadSegments,
    FlatBattery,
    RateJump,
    StoppedOscillator,
    Tamper,
    TemperatureShock,
)
from keyfob_firmware.fob import Fob
from keyfob_firmware.machine import State
from keyfob_firmware.state import FobState


@pytest.mark.parametrize(
    "fault",
    [
        ClockStep(math.nan),
        ClockStep(math.inf),
        StoppedOscillator(-1.0),
        StoppedOscillator(math.nan),
        RateJump(2e6),
        TemperatureShock(-300.0, 60.0),
        TemperatureShock(20.0, 0.0),
        BrownOut(after_writes=-1),
        BrownOut(after_writes=1.5),
        BrownOut(times=0),
        BitFlip("nowhere", 0, 0),
        BitFlip("counter", 32, 0),
        BitFlip("counter", 1.5, 0),
        BitFlip("counter", 0, 8),
        DeadSegments(((10, "a"),)),
        DeadSegments(((0, "h"),)),
        DeadSegments(((0, "ab"),)),
    ],
    ids=repr,
)
def test_impossible_figure_is_refused_and_nothing_happens(fault):
    fob, _ = made()
    before = fob.state
    with pytest.raises(InvalidParametersError):
        fob.inject(fault)
    assert fob.state is before


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_known_by_the_name_that_its_trace_bears(name):
    assert FAULTS[name].__dataclass_fields__["kind"].default == name


def test_fault_stands_in_the_trace():
    fob, _ = made()
    fob.inject(RateJump(5.0))
    assert fob.state.trace[-1].event == "rate-jump"


@pytest.mark.parametrize("start", STARTS)
def test_opened_case_is_noticed_in_every_state_and_at_once_or_with_power(start):
    fob = Bench(start).fob
    fob.inject(Tamper())
    fob.replace_battery()
    assert fob.mode is State.TAMPERED
    assert fob.state.credential is None


@pytest.mark.parametrize("writes", [*range(12), 100, 500])
def test_seed_is_gone_even_where_the_power_fails_while_it_is_wiped(writes):
    fob, _ = made()
    fob.inject(BrownOut(writes, times=2))
    fob.inject(Tamper())
    assert fob.mode is State.TAMPERED
    assert fob.state.credential is None


@pytest.mark.parametrize("writes", range(0, 500, 7))
def test_fob_in_its_box_that_is_programmed_again_after_a_brown_out_has_the_right_time(writes):
    clock = VirtualClock(NOON + 1e7)
    fob = Fob(FobState.boxed("KF00000001", steady()), KEY, clock)
    fob.inject(BrownOut(writes))
    try:
        fob.program(Seed(SECRET))
    except PowerFailedError:
        fob.program(Seed(SECRET))
    clock.advance(seconds=100)
    assert fob.now() == clock.now()


def test_flat_battery_in_place_of_another_leaves_the_clock_standing():
    fob, clock = made()
    fob.inject(FlatBattery())
    fob.replace_battery(Battery().flattened())
    stood_at = fob.now()
    clock.advance(days=1)
    assert fob.mode is State.DEAD
    assert fob.now() == stood_at


def test_fob_in_its_box_ages_more_slowly_than_one_in_use():
    used = {}
    for start in ("shipping", "idle"):
        fob = Bench(start).fob
        fob.age(days=300)
        used[start] = fob.state.battery.used_uah
    assert used["shipping"] < used["idle"] / 3


def test_fob_whose_battery_sank_by_age_says_so():
    fob, _ = made()
    fob.age(days=365 * 5)
    assert fob.mode is State.LOW_BATTERY
