"""A token's whole life at random, fob and verifier side by side, held against a plain model of what may happen.

The verifier's clock steps back and forth meanwhile, and somebody else guesses from elsewhere all the time.
"""

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
from keyfob_verifier.service.outcome import Answer, Reason
from keyfob_verifier.service.verification import Attempt, verify

START = 1_800_000_000.0
SERIAL = "LIFE-1"
OWNERS = "the owner's desk"


class TokenLife(RuleBasedStateMachine):
    """The model remembers which steps were used, where from, and what the owner did wrong; the verifier must agree."""

    def __init__(self):
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        directory = Path(self._directory.name)
        place = f"sqlite:///{directory}/data/verifier.db", directory / "keys" / "kek.key", Purpose.TEST
        self.clock = VirtualClock(START)
        initialise(*place, self.clock)
        self.context = open_installation(*place, self.clock)
        self.step_s = 0.0
        self.seen = []
        self.known_sources = []
        self.owners_failures = 0
        self.accepted_steps = []
        self.last_used = -1
        self.status = "pending"

    def teardown(self):
        self.context.store.close()
        self._directory.cleanup()

    @initialize(tolerance_ppm=st.floats(-30, 30), offset_s=st.floats(-40, 40), used=st.booleans())
    def make_fob(self, tolerance_ppm, offset_s, used):
        enrolled = enrol(self.context, DEFAULT_TENANT, "model", Application(account="alice", serial=SERIAL))
        oscillator = Oscillator(
            crystal=Crystal(tolerance_ppm), made_at=START, wander_seed=1, offset_at_manufacture_s=offset_s
        )
        self.fob = Fob(FobState.new(SERIAL, oscillator), SealingKey.generate(), self.clock)
        self.fob.provision(enrolled.uri)
        if used:
            reading = self.fob.press()
            outcome = lifecycle.activate(
                self.context, DEFAULT_TENANT, "model", SERIAL, reading.code, source=OWNERS
            )
            assert outcome.reason is Reason.ACCEPTED
            self.status, self.last_used = "active", reading.step
            self.known_sources.append(OWNERS)

    @rule(seconds=st.floats(0, 120))
    def wait_a_little(self, seconds):
        self.clock.advance(seconds=seconds)

    @rule(days=st.floats(0.5, 200))
    def wait_long(self, days):
        self.clock.advance(days=days)

    @rule(seconds=st.sampled_from([-864_000.0, -3600.0, -31.0, 0.0, 31.0, 3600.0, 864_000.0]))
    def step_the_verifier_s_clock(self, seconds):
        """Its wall clock is off from now on, and nothing is learned until it is right again."""
        self.step_s = seconds

    def attempt(self, code, source=None):
        """At the time that the wall clock shows; the steady one goes on as ever."""
        now = self.clock.now()
        return Attempt(
            DEFAULT_TENANT,
            "model",
            SERIAL,
            code,
            at=now + self.step_s,
            source=source,
            steady_at=now,
            learns=self.step_s == 0.0,
        )

    def use(self, step, outcome, source):
        """What the model remembers of an accepted code."""
        assert self.status == "active"
        assert outcome.step > self.last_used
        assert step is None or outcome.step == step
        self.accepted_steps.append(outcome.step)
        self.last_used = outcome.step
        if source == OWNERS:
            self.owners_failures = 0
        if source is not None and source not in self.known_sources:
            self.known_sources.append(source)

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
    @rule(data=st.data(), times=st.integers(1, 3), source=st.sampled_from([None, OWNERS]))
    def submit(self, data, times, source):
        """One or several of the codes that were ever shown, old ones too, in one batch."""
        shown = [data.draw(st.sampled_from(self.seen)) for _ in range(times)]
        outcomes = verify(self.context, [self.attempt(code, source) for _, code in shown])
        for (step, _), outcome in zip(shown, outcomes, strict=True):
            if outcome.answer is Answer.ACCEPTED:
                self.use(step, outcome, source)
            elif self.status != "active":
                assert outcome.reason is Reason.NOT_ACTIVE
            elif source == OWNERS and outcome.answer is Answer.REFUSED:
                self.owners_failures += 1

    @rule(code=st.from_regex(r"[0-9]{6}", fullmatch=True), times=st.integers(1, 12))
    def guess(self, code, times):
        """Somebody elsewhere guesses; a guess may hit, and then it is of a step newer than every used one."""
        for _ in range(times):
            (outcome,) = verify(self.context, [self.attempt(code)])
            if outcome.answer is Answer.ACCEPTED:
                self.use(None, outcome, None)
            self.clock.advance(seconds=30.0)
        if self.status == "active" and OWNERS in self.known_sources and self.owners_failures == 0:
            self.owner_is_not_locked()

    def owner_is_not_locked(self):
        """Somebody who did nothing wrong is compared where they are known, whatever others did."""
        reading = self.fob.press()
        self.seen.append((reading.step, reading.code))
        (outcome,) = verify(self.context, [self.attempt(reading.code, OWNERS)])
        assert outcome.answer is not Answer.RETRY_AFTER
        if outcome.answer is Answer.ACCEPTED:
            self.use(reading.step, outcome, OWNERS)
        else:
            self.owners_failures += 1

    @rule(gap_s=st.floats(1.5, 29.0))
    def press_twice_and_submit_both(self, gap_s):
        """Next-code mode: wherever the fob's clock is, two codes in a row are a login or are refused."""
        first = self.fob.press()
        outcomes = verify(self.context, [self.attempt(first.code, OWNERS)])
        self.clock.advance(seconds=max(first.changes_in_s + 1, gap_s))
        second = self.fob.press()
        self.seen += [(first.step, first.code), (second.step, second.code)]
        outcomes += verify(self.context, [self.attempt(second.code, OWNERS)])
        for reading, outcome in zip((first, second), outcomes, strict=True):
            if outcome.reason is Reason.ACCEPTED_AS_PAIR:
                assert first.step > self.last_used
            if outcome.answer is Answer.ACCEPTED:
                self.use(reading.step, outcome, OWNERS)
            elif outcome.answer is Answer.REFUSED and self.status == "active":
                self.owners_failures += 1

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
        assert len(set(self.accepted_steps)) == len(self.accepted_steps)
        assert sorted(self.accepted_steps) == self.accepted_steps


TestTokenLife = TokenLife.TestCase
TestTokenLife.settings = settings(max_examples=settings.default.max_examples // 4, stateful_step_count=30)
