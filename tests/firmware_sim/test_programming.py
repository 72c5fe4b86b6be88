import dataclasses

import pytest

from fob_samples import NOON, SECRET, steady
from fob_starts import Bench
from keyfob.clock import VirtualClock
from keyfob.seed import Seed
from keyfob_firmware.battery import Battery
from keyfob_firmware.errors import NoCodeError, UnprogrammableError
from keyfob_firmware.faults import BrownOut, FlatBattery, Tamper
from keyfob_firmware.fob import Fob
from keyfob_firmware.machine import Event, State
from keyfob_firmware.state import FobState


@pytest.mark.parametrize("fault", [FlatBattery(), Tamper()], ids=["dead", "tampered"])
def test_dead_or_opened_fob_takes_no_seed_and_no_pin(blank_fob, fault):
    blank_fob.inject(fault)
    memory = blank_fob.state.memory
    with pytest.raises(UnprogrammableError):
        blank_fob.program(Seed(SECRET))
    with pytest.raises(UnprogrammableError):
        blank_fob.set_pin("1234")
    assert blank_fob.state.memory == memory


def test_brown_out_waits_while_the_fob_is_kept_in_a_file(fob, key, clock):
    fob.inject(BrownOut())
    again = Fob(fob.state, key, clock)
    with pytest.raises(NoCodeError):
        again.press()
    assert again.state.brown_out is None
    assert again.press().code == Fob(again.state, key, clock).display().code


@pytest.mark.parametrize("after_writes", [0, 1, 2, 100, 3_000, 3_800, 3_900, 3_950, 4_000, 4_050])
def test_erasure_that_was_cut_off_is_completed_with_the_pin(after_writes):
    """An empty fob must not keep the PIN of the one before."""
    bench = Bench("recovery-blocked")
    bench.fob.inject(BrownOut(after_writes))
    bench.tell(Event.ERASE)
    assert bench.storage.seed.empty == bench.storage.pin.empty
    assert bench.fob.mode is (State.UNPROVISIONED if bench.storage.seed.empty else State.PIN_BLOCKED)


def test_battery_that_dies_in_a_long_pause_stops_the_clock_then(key):
    def life(strides):
        clock = VirtualClock(NOON)
        fob = Fob(
            dataclasses.replace(FobState.new("KF1", steady()), battery=Battery(used_uah=30_000.0)), key, clock
        )
        for _ in range(strides):
            clock.advance(days=3_000 / strides)
            fob.screen()
        assert fob.mode is State.DEAD
        return fob.now()

    assert life(1) == pytest.approx(life(10), abs=1e-3)
    assert life(1) == pytest.approx(life(997), abs=1e-3)
    assert life(1) < NOON + 1_000 * 86_400
