"""A fob's whole life at random, under faults and cuts of its power, beside a plain model of what it may show."""

import contextlib
import hashlib
import math
from pathlib import Path

import pyotp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fob_samples import NOON, steady, tells
from keyfob.clock import VirtualClock
from keyfob.diagnostics import parse_report, report_to_json
from keyfob.errors import KeyfobError
from keyfob.ocra import OcraSuite, hash_pin, ocra
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import SealingKey, Seed
from keyfob_firmware.battery import CR1616, Battery
from keyfob_firmware.credential import Kind
from keyfob_firmware.display import SEGMENTS, seen
from keyfob_firmware.display_png import draw_png, read_png
from keyfob_firmware.faults import (
    BitFlip,
    BouncingButton,
    BrownOut,
    ClockStep,
    DeadSegments,
    FlatBattery,
    RateJump,
    StoppedOscillator,
    StuckButton,
    Tamper,
    TemperatureShock,
)
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import state_from_json, state_to_json
from keyfob_firmware.machine import State
from keyfob_firmware.state import FobState
from keyfob_firmware.storage import AREAS

SECRET = bytes.fromhex("a7c1f30e5b9d2846e0f41b6c8d7392ae55c0137b")
PIN, LIMIT = "80417", 3
KEY = SealingKey("test", bytes(range(32)))
DIGESTS = {Algorithm.SHA1: hashlib.sha1, Algorithm.SHA256: hashlib.sha256, Algorithm.SHA512: hashlib.sha512}
SUITES = [
    "OCRA-1:HOTP-SHA1-6:QN08",
    "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1",
    "OCRA-1:HOTP-SHA512-8:QN08-T1M",
]
SECONDS = st.floats(0, 90)

faults = st.one_of(
    st.builds(ClockStep, st.floats(-1e5, 1e5)),
    st.builds(StoppedOscillator, st.floats(0, 1e5)),
    st.builds(RateJump, st.floats(-1e4, 1e4)),
    st.builds(TemperatureShock, st.floats(-40, 90), st.floats(1, 1e6)),
    st.just(BouncingButton()),
    st.builds(
        DeadSegments,
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from(SEGMENTS)), max_size=3).map(tuple),
    ),
)
rare_faults = st.sampled_from([FlatBattery(), StuckButton(), Tamper()])
brown_outs = st.builds(BrownOut, st.integers(0, 40), st.sampled_from([1, 1, 1, 2, 7]))


def as_oracles_see(secret, parameters, factor, kind):
    base32 = Seed(secret).to_base32()
    digest = DIGESTS[parameters.algorithm]
    if kind is Kind.HOTP:
        return pyotp.HOTP(base32, digits=parameters.digits, digest=digest).at(factor)
    peer = pyotp.TOTP(base32, digits=parameters.digits, digest=digest, interval=parameters.time_step_s)
    return peer.at(factor * parameters.time_step_s)


class FobLife(RuleBasedStateMachine):
    """The model knows the seed, the PIN, which counters were shown, and how many wrong PINs were looked at."""

    def __init__(self):
        super().__init__()
        self.clock = VirtualClock(NOON)
        self.fob = Fob(FobState.boxed("KF00000001", steady(12.0), random_bytes=bytes), KEY, self.clock)
        self.wrong_pins = 0
        self.counters = []
        self.flipped = set()
        self.told = []

    @initialize(
        kind=st.sampled_from(Kind),
        has_pin=st.booleans(),
        suite=st.sampled_from(SUITES),
        algorithm=st.sampled_from(Algorithm),
        digits=st.integers(6, 8),
        is_fused=st.booleans(),
    )
    def program(self, *, kind, has_pin, suite, algorithm, digits, is_fused):
        self.kind, self.suite = kind, OcraSuite.parse(suite)
        self.parameters = Parameters(algorithm, digits)
        self.has_pin = has_pin or (kind is Kind.OCRA and self.suite.pin_hash is not None)
        self._program()
        if is_fused:
            self.fob.blow_fuse()

    def _program(self):
        if self.has_pin:
            self.fob.set_pin(PIN, LIMIT)
        seed = Seed(SECRET)
        if self.kind is Kind.TOTP:
            self.fob.program(seed, self.parameters, "alice")
        elif self.kind is Kind.HOTP:
            self.fob.program_counter(seed, 5, self.parameters, "alice")
        else:
            self.fob.program_challenge(seed, self.suite, 5, "alice")
        self.wrong_pins, self.counters = 0, []
        self.flipped.clear()

    @contextlib.contextmanager
    def _refusals(self):
        """Only typed errors leave a fob, and none of them tells the seed."""
        try:
            yield
        except KeyfobError as error:
            self.told.append(f"{error} {error!r} {vars(error)!r}")

    def _check(self, reading):
        """A code is shown: is it the right one, does it read as such, was it there before?"""
        if self.kind is Kind.TOTP:
            assert reading.step == math.floor(self.fob.now()) // self.parameters.time_step_s
        if self.kind is not Kind.OCRA:
            assert reading.code == as_oracles_see(SECRET, self.parameters, reading.step, self.kind)
        lit = self.fob.lit()
        image = read_png(draw_png(lit, 1))
        assert image == lit
        assert seen(image) == reading.seen
        if not self.fob.state.dead_segments:
            assert reading.seen == reading.code
        self.told.append(repr(reading))

    def _count(self, reading, was_lit):
        if self.kind is not Kind.HOTP:
            return
        if was_lit:
            assert not self.counters or reading.step >= self.counters[-1]
        else:
            assert reading.step > max(self.counters, default=4)
        self.counters.append(reading.step)

    # --- what hands do ---

    @rule()
    def press(self):
        was_lit = self.fob.mode is State.LIT
        with self._refusals():
            reading = self.fob.press()
            assert not self.has_pin or was_lit
            self._check(reading)
            self._count(reading, was_lit)

    @rule(
        seconds=SECONDS,
        brown_out=st.none() | brown_outs,
        pins=st.lists(st.sampled_from([PIN, "80418", "0000"]), max_size=2),
        question=st.integers(0, 10**8 - 1).map(str),
        clears=st.booleans(),
    )
    def log_in(self, *, seconds, brown_out, pins, question, clears):
        """As its holder does it, who may mistype; the supply may fail at any moment of it."""
        self.clock.advance(seconds=seconds)
        if self.fob.mode in {State.INFORMATION, State.SELF_TEST, State.LIT}:
            self.clock.advance(seconds=40.0)
        if brown_out is not None:
            self.fob.inject(brown_out)
        self.press()
        for pin in (*pins, PIN):
            self.enter_pin(pin)
        if clears:
            self.fob.clear()
        self.answer(question)

    @precondition(lambda self: self.has_pin)
    @rule(
        pins=st.lists(st.sampled_from(["80418", "0000"]), min_size=1, max_size=4),
        cut=st.none() | st.integers(0, 40),
    )
    def guess_pins(self, pins, cut):
        """Somebody guesses, and may cut the power in each attempt."""
        for pin in pins:
            if self.fob.mode in {State.IDLE, State.LOW_BATTERY}:
                self.press()
            if cut is not None:
                self.fob.inject(BrownOut(cut))
            self.enter_pin(pin)

    @rule(gesture=st.sampled_from([Fob.hold, Fob.clear, Fob.screen, lambda fob: fob.type("804")]))
    def fiddle(self, gesture):
        with self._refusals():
            gesture(self.fob)

    def enter_pin(self, pin):
        if self.fob.mode is not State.PIN_ENTRY:
            return
        self.fob.clear()
        starts = self.fob.state.starts
        with self._refusals():
            reading = self.fob.enter(pin)
            assert pin == PIN
            self._check(reading)
            self._count(reading, was_lit=False)
        if self.fob.state.starts != starts:
            return
        if self.fob.mode in {State.LIT, State.CHALLENGE}:
            assert pin == PIN
            assert self.wrong_pins < LIMIT
            self.wrong_pins = 0
        elif pin != PIN and self.fob.mode in {State.PIN_ENTRY, State.PIN_BLOCKED}:
            self.wrong_pins += 1

    def answer(self, question):
        if self.fob.mode is not State.CHALLENGE:
            return
        with self._refusals():
            reading = self.fob.enter(question)
            suite = self.suite
            assert reading.code == ocra(
                SECRET,
                suite,
                question=question,
                counter=reading.step if suite.counter else None,
                pin_hash=hash_pin(PIN, suite) if suite.pin_hash else None,
                step=int(self.fob.now() // suite.time_step_s) if suite.time_step_s else None,
            )
            self._check(reading)
            if suite.counter:
                assert reading.step > max(self.counters, default=4)
                self.counters.append(reading.step)

    @rule(used=st.sampled_from([0.0, 0.0, 0.97, 0.9999, 1.0]), button_held=st.booleans())
    def replace_battery(self, used, button_held):
        self.fob.replace_battery(Battery(CR1616, used * CR1616.capacity_uah), button_held=button_held)

    @rule()
    def program_what_was_erased(self):
        if self.fob.mode is State.UNPROVISIONED:
            self.fob.replace_battery()
            with self._refusals():
                self._program()

    # --- what befalls it ---

    @rule(days=st.floats(0.1, 60))
    def wait_long(self, days):
        self.clock.advance(days=days)

    @rule(days=st.floats(0, 60))
    def age(self, days):
        self.fob.age(days)

    @rule(fault=st.one_of(faults, faults, brown_outs, brown_outs, brown_outs))
    def harm(self, fault):
        self.fob.inject(fault)

    @precondition(lambda self: len(self.fob.state.trace) > 25)
    @rule(fault=rare_faults)
    def harm_much(self, fault):
        self.fob.inject(fault)

    @rule(data=st.data(), area=st.sampled_from(sorted(AREAS)), bit=st.integers(0, 7))
    def flip(self, data, area, bit):
        """Once in an area: no sum finds out any number of flipped bits."""
        if area in self.flipped:
            return
        self.flipped.add(area)
        byte = data.draw(st.integers(0, min(len(AREAS[area]), 400) - 1))
        self.fob.inject(BitFlip(area, byte, bit))

    @rule()
    def keep_in_a_file_and_go_on(self):
        content = state_to_json(self.fob.state)
        self.told.append(content.decode())
        self.fob = Fob(state_from_json(Path("x.fob"), content), KEY, self.clock)

    @rule()
    def diagnose(self):
        with self._refusals():
            report = self.fob.diagnose()
            assert parse_report(report_to_json(report)) == report
            self.told.append(report_to_json(report).decode())

    # --- what always holds ---

    @invariant()
    def display_shows_what_the_fob_says(self):
        with self._refusals():
            reading = self.fob.display()
            if reading is not None:
                assert self.fob.screen().cells == reading.code
                self._check(reading)

    @invariant()
    def nothing_shows_in_the_dark(self):
        if self.fob.mode in {State.IDLE, State.LOW_BATTERY, State.DEAD}:
            assert not self.fob.lit().parts

    @invariant()
    def pin_limit_holds(self):
        assert self.wrong_pins <= LIMIT

    @invariant()
    def nothing_tells_the_seed(self):
        state = self.fob.state
        assert SECRET not in state.memory
        self.told += [repr(state), repr(self.fob), repr(vars(self.fob)), repr(self.fob.screen())]
        for text in self.told:
            assert not tells(text, SECRET)
        self.told.clear()


TestFobLife = FobLife.TestCase
TestFobLife.settings = settings(max_examples=settings.default.max_examples, stateful_step_count=30)
