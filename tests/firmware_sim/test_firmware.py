"""The same events leave the same fob, with the same trace."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from fob_starts import STARTS, Bench, pressed
from keyfob_firmware.faults import BitFlip, BrownOut, FlatBattery, Tamper
from keyfob_firmware.fob import Fob
from keyfob_firmware.machine import State

GESTURES = {
    "press": pressed,
    "hold": Fob.hold,
    "type": lambda fob: fob.type("47"),
    "clear": Fob.clear,
    "battery": Fob.replace_battery,
    "brown-out": lambda fob: fob.inject(BrownOut(3)),
    "flip": lambda fob: fob.inject(BitFlip("seed", 9, 2)),
    "flat": lambda fob: fob.inject(FlatBattery()),
    "tamper": lambda fob: fob.inject(Tamper()),
}


@given(
    st.sampled_from(sorted(STARTS)),
    st.lists(st.tuples(st.sampled_from(sorted(GESTURES)), st.floats(0.0, 40.0)), max_size=12),
)
def test_same_events_leave_the_same_fob_with_the_same_trace(start, happenings):
    ends = []
    for _ in range(2):
        bench = Bench(start)
        for gesture, then_s in happenings:
            GESTURES[gesture](bench.fob)
            bench.wait(then_s)
        ends.append(bench.fob.state)
    assert ends[0].trace == ends[1].trace
    assert dataclasses.asdict(ends[0]) == dataclasses.asdict(ends[1])


def test_samples_show_every_state():
    assert {state.mode for state in STARTS.values()} == set(State)
