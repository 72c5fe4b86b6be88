"""A token's life beside a plain model of it: whatever is sent, and however time moves, no step is used twice."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from keyfob.codes import hotp
from keyfob.parameters import Parameters
from keyfob_verifier.decide.decision import Verdict, decide
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.policies.fixed import FixedWindow
from keyfob_verifier.decide.resync import find_run, step_by_step

KEY = b"12345678901234567890"
AT = 1_800_000_000.0


def code_at(step):
    return hotp(KEY, step)


class TokenLife(RuleBasedStateMachine):
    """Everybody who can send codes for one token: its owner, late and early, and whoever saw one."""

    policy: CredibleWindow | FixedWindow

    def __init__(self):
        super().__init__()
        self.at = AT
        self.used = []
        self.seen = []

    @initialize(offset_s=st.sampled_from([0.0, -600.0, 40.0]))
    def enrol(self, offset_s):
        self.state = self.policy.enrol(self.at, offset_s)
        self.newest = self.state.last_step

    @rule(gap_s=st.floats(0.0, 90.0) | st.floats(0.0, 5e6))
    def time_passes(self, gap_s):
        self.at += gap_s

    @rule(back_s=st.floats(0.0, 90.0) | st.floats(0.0, 1e5))
    def server_clock_is_put_back(self, back_s):
        self.at -= back_s

    @rule(share=st.floats(-0.5, 1.5))
    def code_from_about_the_window_arrives(self, share):
        first, last = self.policy.window(self.state, self.at)
        self.submit(first + round(share * (last - first)))

    @rule(steps=st.integers(-30, 30))
    def code_from_about_now_arrives(self, steps):
        self.submit(int(self.at // 30) + steps)

    @precondition(lambda self: self.seen)
    @rule(which=st.integers(0, 1000))
    def code_that_was_seen_arrives_again(self, which):
        self.submit(self.seen[which % len(self.seen)])

    def submit(self, step):
        first, last = self.policy.window(self.state, self.at)
        decision = decide(self.policy, self.state, code_at(step), self.at, code_at)
        if not first <= step <= last:
            assert decision.verdict is Verdict.WRONG
        elif step <= self.newest:
            assert (decision.verdict, decision.step) == (Verdict.REPLAYED, step)
        else:
            assert (decision.verdict, decision.step) == (Verdict.ACCEPTED, step)
            self.use([step])
        if decision.verdict is not Verdict.ACCEPTED:
            assert decision.state is self.state
        self.seen.append(step)
        self.state = decision.state

    @rule(share=st.floats(-0.2, 1.2), gap=st.sampled_from([1, 1, 1, 2, 0, -1]))
    def pair_from_about_the_search_arrives(self, share, gap):
        first, last = self.policy.search(self.state, self.at)
        self.find([first + round(share * (last - first)), first + round(share * (last - first)) + gap])

    @precondition(lambda self: self.seen)
    @rule(which=st.integers(0, 1000), behind=st.integers(0, 1))
    def pair_with_a_code_that_was_seen_arrives(self, which, behind):
        step = self.seen[which % len(self.seen)] - behind
        self.find([step, step + 1])

    @rule(share=st.floats(0.0, 1.0))
    def single_code_for_activation_arrives(self, share):
        first, last = self.policy.search(self.state, self.at)
        self.find([first + round(share * (last - first))])

    def find(self, steps):
        first, last = self.policy.search(self.state, self.at)
        found = find_run(
            self.policy, self.state, [code_at(step) for step in steps], self.at, step_by_step(code_at)
        )
        typed = [code_at(step) for step in steps]
        oldest = max(first, self.newest + 1, 0)
        places = [
            start
            for start in range(oldest, last - len(steps) + 2)
            if [code_at(start + place) for place in range(len(steps))] == typed
        ]
        assert (found is not None) == (len(places) == 1)
        if found is not None:
            self.use([places[0] + place for place in range(len(steps))])
            self.state = found
        self.seen.extend(steps)

    def use(self, steps):
        assert all(step > self.newest for step in steps)
        self.used.extend(steps)
        self.newest = max(steps)

    @invariant()
    def last_step_is_the_newest_used(self):
        if hasattr(self, "state"):
            assert self.state.last_step == self.newest
            assert len(self.used) == len(set(self.used))


class CredibleTokenLife(TokenLife):
    policy = CredibleWindow.for_token(Parameters())


class FixedTokenLife(TokenLife):
    policy = FixedWindow.for_token(Parameters(), 20.0)


TestCredibleTokenLife = CredibleTokenLife.TestCase
TestFixedTokenLife = FixedTokenLife.TestCase
