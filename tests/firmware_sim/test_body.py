import dataclasses

import pytest

from fob_samples import NOON, steady
from keyfob.clock import VirtualClock
from keyfob_firmware.battery import CR1616, Battery
from keyfob_firmware.faults import FlatBattery
from keyfob_firmware.fob import Fob
from keyfob_firmware.machine import State
from keyfob_firmware.state import FobState

DAY_S = 86_400.0


def after_a_year(key, used_fraction):
    """A fob with a steady crystal and a cell so far used, a year later."""
    clock = VirtualClock(NOON)
    battery = Battery(CR1616, used_fraction * CR1616.capacity_uah)
    fob = Fob(dataclasses.replace(FobState.new("KF1", steady()), battery=battery), key, clock)
    clock.advance(days=365)
    assert fob.mode is not State.DEAD
    return fob, fob.now() - clock.now()


def test_fresh_cell_leaves_the_crystal_alone(key):
    _, offset_s = after_a_year(key, 0.0)
    assert offset_s == pytest.approx(0.0, abs=1e-5)


def test_worn_cell_slows_the_crystal_as_its_voltage_sinks(key):
    fob, offset_s = after_a_year(key, 0.78)
    steps = fob.state.oscillator.rate_steps
    assert len(steps) >= 2
    assert all(step.change_ppm < 0.0 for step in steps)
    ends_at = NOON + 365 * DAY_S
    expected_s = sum(1e-6 * step.change_ppm * (ends_at - step.at) for step in steps)
    assert offset_s == pytest.approx(expected_s, abs=1e-5)
    assert offset_s < -1.0


def test_display_of_a_fob_without_power_is_dark(fob):
    fob.press()
    fob.inject(FlatBattery())
    assert fob.screen().cells.strip() == ""
    assert fob.state.lit_for_s(fob.now()) == 0.0
