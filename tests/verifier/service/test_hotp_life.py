"""A counter token's life at random: pressed idly, its codes sent in any order, held against a plain model."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from attempt_samples import outcome_of
from keyfob import VirtualClock
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import initialise, open_installation
from keyfob_verifier.service.outcome import Answer, Reason
from kind_samples import CountingToken

START = 1_800_000_000.0
LOOK_AHEAD, SEARCHED = 10, 200


class CountingLife(RuleBasedStateMachine):
    """The model is one integer, the last counter used: only newer ones are accepted, and that at once."""

    def __init__(self):
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        directory = Path(self._directory.name)
        self.clock = VirtualClock(START)
        place = f"sqlite:///{directory}/data/verifier.db", directory / "keys" / "kek.key", Purpose.TEST
        initialise(*place, self.clock)
        self.context = open_installation(*place, self.clock)
        self.token = CountingToken(self.context, digits=10)  # of which no two are alike by chance
        assert self.token.activate(0).reason is Reason.ACCEPTED
        self.pressed, self.last, self.accepted = 1, 0, []

    def teardown(self):
        self.context.store.close()
        self._directory.cleanup()

    def press(self):
        self.pressed += 1
        return self.pressed - 1

    def send(self, counter):
        """A code that was shown at some time, as a login an hour after the last one."""
        self.token.later()
        outcome = outcome_of(self.token, self.token.code(counter))
        is_due = self.last < counter <= self.last + LOOK_AHEAD
        assert (outcome.reason is Reason.ACCEPTED) == is_due, (counter, self.last)
        if is_due:
            assert outcome.step == counter
            self.accepted.append(counter)
            self.last = counter

    @rule(times=st.integers(1, 8))
    def press_idly(self, times):
        self.pressed += times

    @rule(times=st.integers(50, 150))
    def carry_in_a_pocket(self, times):
        self.pressed += times

    @rule()
    def press_and_send(self):
        self.send(self.press())

    @rule(data=st.data())
    def send_one_of_those_shown(self, data):
        newest_first = st.integers(0, min(self.pressed - 1, 30)).map(lambda back: self.pressed - 1 - back)
        self.send(data.draw(newest_first | st.integers(0, self.pressed - 1)))

    @rule()
    def send_the_last_accepted_again(self):
        self.token.later()
        assert outcome_of(self.token, self.token.code(self.last)).reason is Reason.REPLAYED

    @rule(gap_s=st.floats(2.0, 60.0))
    def send_two_in_a_row(self, gap_s):
        """As a login or as a pair, or not at all; never an old one."""
        self.token.later()
        for counter in (self.press(), self.press()):
            outcome = outcome_of(self.token, self.token.code(counter))
            if outcome.answer is Answer.ACCEPTED:
                assert outcome.step == counter > self.last
                self.accepted.append(counter)
                self.last = counter
            self.clock.advance(seconds=gap_s)

    @rule(back=st.integers(0, 30))
    def resync(self, back):
        """With two codes shown lately: it is no login."""
        self.token.later()
        first = max(self.pressed - 2 - back, 0)
        self.pressed = max(self.pressed, first + 2)
        outcome = self.token.resync(first)
        is_found = self.last < first < self.last + SEARCHED
        assert (outcome.reason is Reason.ACCEPTED) == is_found, (first, self.last)
        if is_found:
            self.last = first + 1

    @invariant()
    def no_counter_is_accepted_twice_nor_after_a_newer_one(self):
        assert self.token.token().drift.last_step == self.last
        assert self.accepted == sorted(set(self.accepted))


TestCountingLife = CountingLife.TestCase
TestCountingLife.settings = settings(max_examples=settings.default.max_examples // 4, stateful_step_count=30)
