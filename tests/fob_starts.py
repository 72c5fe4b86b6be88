"""Fobs in every state, by what they are: to act upon."""

import contextlib

from fob_samples import NOON, SECRET, steady
from keyfob.clock import VirtualClock
from keyfob.ocra import OcraSuite
from keyfob.parameters import Parameters
from keyfob.seed import SealingKey, Seed
from keyfob_firmware.battery import CR1616, Battery
from keyfob_firmware.errors import NoCodeError
from keyfob_firmware.faults import BitFlip, BrownOut, FlatBattery, Tamper
from keyfob_firmware.fob import Fob
from keyfob_firmware.records import SLOT_BYTES
from keyfob_firmware.state import FobState

KEY = SealingKey("test", bytes(range(32)))
PIN = "4711"
SUITE = OcraSuite.parse("OCRA-1:HOTP-SHA1-6:QN08")
LOW = Battery(CR1616, 0.97 * CR1616.capacity_uah)


def made(kind="totp", pin=None, attempts=5, battery=None):
    clock = VirtualClock(NOON)
    fob = Fob(FobState.new("KF00000001", steady(), random_bytes=bytes), KEY, clock)
    if pin:
        fob.set_pin(pin, attempts)
    if kind == "totp":
        fob.program(Seed(SECRET), Parameters(), "alice")
    elif kind == "ocra":
        fob.program_challenge(Seed(SECRET), SUITE)
    if battery is not None:
        fob.replace_battery(battery)
    return fob, clock


def pressed(fob):
    with contextlib.suppress(NoCodeError):
        fob.press()
    return fob


def _starts():
    shipping = Fob(FobState.boxed("KF00000001", steady()), KEY, VirtualClock(NOON))
    unprovisioned, _ = made(kind=None)
    idle, _ = made()
    low, _ = made(battery=LOW)
    pin_idle, _ = made(pin=PIN)
    pin_low, _ = made(pin=PIN, battery=LOW)
    ocra_idle, _ = made("ocra")
    both_idle, _ = made("ocra", pin=PIN)
    last, _ = made(pin=PIN, attempts=1)
    challenge_low, _ = made("ocra", battery=LOW)
    lit, lit_low = pressed(made()[0]), pressed(made(battery=LOW)[0])
    information, information_low, information_blank = made()[0], made(battery=LOW)[0], made(kind=None)[0]
    for fob in (information, information_low, information_blank):
        fob.hold()
    self_test, _ = made()
    self_test.replace_battery(button_held=True)
    blocked, _ = made(pin=PIN, attempts=1)
    pressed(blocked)
    with contextlib.suppress(NoCodeError):
        blocked.enter("0000")
    recovering = Fob(blocked.state, KEY, VirtualClock(NOON))
    recovering.hold()
    damaged, damaged_fused = made()[0], made()[0]
    damaged_fused.blow_fuse()
    for fob in (damaged, damaged_fused):
        fob.inject(BitFlip("seed", 40, 1))
        pressed(fob)
    stumbling, _ = made()
    stumbling.inject(BrownOut(after_writes=SLOT_BYTES, times=6))
    pressed(stumbling)
    dead, dead_box = made()[0], Fob(shipping.state, KEY, VirtualClock(NOON))
    for fob in (dead, dead_box):
        fob.inject(FlatBattery())
    tampered, _ = made()
    tampered.inject(Tamper())
    return {
        "shipping": shipping, "unprovisioned": unprovisioned, "idle": idle, "low": low,
        "pin-idle": pin_idle, "pin-low": pin_low, "ocra-idle": ocra_idle, "both-idle": both_idle,
        "pin-entry": pressed(Fob(pin_idle.state, KEY, VirtualClock(NOON))),
        "pin-entry-low": pressed(Fob(pin_low.state, KEY, VirtualClock(NOON))),
        "pin-entry-both": pressed(Fob(both_idle.state, KEY, VirtualClock(NOON))),
        "pin-entry-last": pressed(last),
        "challenge": pressed(Fob(ocra_idle.state, KEY, VirtualClock(NOON))),
        "challenge-low": pressed(challenge_low),
        "lit": lit, "lit-low": lit_low,
        "information": information, "information-low": information_low,
        "information-blank": information_blank, "self-test": self_test,
        "blocked": blocked, "recovery-blocked": recovering, "recovery-damaged": damaged,
        "recovery-fused": damaged_fused, "recovery-stumbling": stumbling,
        "dead": dead, "dead-box": dead_box, "tampered": tampered,
    }  # fmt: skip


def _states_of(fobs):
    return {name: fob.state for name, fob in fobs.items()}


STARTS = _states_of(_starts())


class Bench:
    """A fob at one of the starts, its clock, and the ways to act on it."""

    def __init__(self, start):
        self.clock = VirtualClock(NOON)
        self.fob = Fob(STARTS[start], KEY, self.clock)

    def tell(self, event):
        self.fob._firmware.settle()
        self.fob._firmware.happen(event)
        return self

    def wait(self, seconds):
        self.clock.advance(seconds=seconds)
        return self

    @property
    def shown(self):
        return self.fob.screen().cells.strip()

    @property
    def storage(self):
        return self.fob._firmware.storage

    @property
    def ram(self):
        return self.fob._firmware.ram
