"""A token's whole life at random, fob and verifier side by side, held against a plain model of what may happen."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from keyfob import SealingKey, VirtualClock
from keyfob.oscillator import Crystal, Oscillator
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState
from keyfob_verifier.errors import TokenStatusError
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.verification import Attempt, verify

START = 1_800_000_000.0
SERIAL = "LIFE-1"


class TokenLife(RuleBasedStateMachine):
    """The model remembers which steps were used and how often a code may still fail; the verifier must agree."""

    def __init__(self):
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        directory = Path(self._directory.name)
        place = f"sqlite:///{directory}/data/verifier.db", directory / "keys" / "kek.key", Purpose.TEST
        self.clock = VirtualClock(START)
        initialise(*place, self.clock)
        self.context = open_installation(*place, self.clock)
        self.seen = []
        self.accepted_steps = []
        self.last_used = -1
        self.status = "pending"

    def teardown(self):
        self.context.store.close()
        self._directory.cleanup()

    @initialize(tolerance_ppm=st.floats(-30, 30), offset_s=st.floats(-40, 40))
    def make_fob(self, tolerance_ppm, offset_s):
        enrolled = enrol(self.context, DEFAULT_TENANT, "model", Application(account="alice", serial=SERIAL))
        oscillator = Oscillator(
            crystal=Crystal(tolerance_ppm), made_at=START, wander_seed=1, offset_at_manufacture_s=offset_s
        )
        self.fob = Fob(FobState.new(SERIAL, oscillator), SealingKey.generate(), self.clock)
        self.fob.provision(enrolled.uri)

    @rule(seconds=st.floats(0, 120))
    def wait_a_little(self, seconds):
        self.clock.advance(seconds=seconds)

    @rule(days=st.floats(0.5, 200))
    def wait_long(self, days):
        self.clock.advance(days=days)

    @rule()
    def press(self):
        reading = self.fob.press()
        self.seen.append((reading.step, reading.code))

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def activate(self, data):
        step, code = data.draw(st.sampled_from(self.seen))
        try:
            outcome = lifecycle.activate(self.context, DEFAULT_TENANT, "model", SERIAL, code)
        except TokenStatusError:
            assert self.status != "pending"
            return
        assert self.status == "pending"
        if outcome.reason is Reason.ACCEPTED:
            assert outcome.step == step
            self.status, self.last_used = "active", step

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), times=st.integers(1, 3))
    def submit(self, data, times):
        """One or several of the codes that were ever shown, old ones too, in one batch."""
        shown = [data.draw(st.sampled_from(self.seen)) for _ in range(times)]
        now = self.clock.now()
        outcomes = verify(
            self.context, [Attempt(DEFAULT_TENANT, "model", SERIAL, code, now) for _, code in shown]
        )
        for (step, _), outcome in zip(shown, outcomes, strict=True):
            if outcome.reason is Reason.ACCEPTED:
                assert self.status == "active"
                assert outcome.step == step > self.last_used
                self.accepted_steps.append(step)
                self.last_used = step
            elif self.status != "active":
                assert outcome.reason is Reason.NOT_ACTIVE

    @rule(code=st.from_regex(r"[0-9]{6}", fullmatch=True))
    def guess(self, code):
        """A guess may hit; then it must be the code of a step that is newer than every used one."""
        (outcome,) = verify(self.context, [Attempt(DEFAULT_TENANT, "model", SERIAL, code, self.clock.now())])
        if outcome.reason is Reason.ACCEPTED:
            assert outcome.step > self.last_used
            self.accepted_steps.append(outcome.step)
            self.last_used = outcome.step

    @rule()
    def press_twice_and_resync(self):
        first = self.fob.press()
        self.clock.advance(seconds=first.changes_in_s + 1)
        second = self.fob.press()
        self.seen += [(first.step, first.code), (second.step, second.code)]
        try:
            outcome = lifecycle.resync(
                self.context, DEFAULT_TENANT, "model", SERIAL, (first.code, second.code)
            )
        except TokenStatusError:
            assert self.status != "active"
            return
        if outcome.reason is Reason.ACCEPTED:
            assert first.step > self.last_used
            assert outcome.step == second.step
            self.last_used = second.step

    @rule()
    def revoke(self):
        if len(self.seen) > 8:
            lifecycle.revoke(self.context, DEFAULT_TENANT, "model", SERIAL)
            self.status = "revoked"

    @invariant()
    def verifier_agrees_with_the_model(self):
        if not hasattr(self, "fob"):
            return
        with self.context.store.read() as transaction:
            token = transaction.tokens.get(DEFAULT_TENANT, SERIAL)
        assert token.status == self.status
        assert token.drift.last_step == self.last_used
        assert token.throttle.budget <= self.context.throttle.budget
        assert len(set(self.accepted_steps)) == len(self.accepted_steps)
        assert sorted(self.accepted_steps) == self.accepted_steps


TestTokenLife = TokenLife.TestCase
TestTokenLife.settings = settings(max_examples=settings.default.max_examples // 4, stateful_step_count=30)
