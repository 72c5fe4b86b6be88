"""What becomes of one code: the verdict, the state after it, and the work that it took."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.codes import hotp
from keyfob.parameters import Parameters
from keyfob_verifier.decide.decision import Verdict, decide
from keyfob_verifier.decide.policies import POLICIES
from keyfob_verifier.decide.policies.fixed import FixedWindow

KEY = b"12345678901234567890"
AT = 1_800_000_015.0
NOW = 60_000_000
POLICY = FixedWindow.for_token(Parameters(), 20.0)
FRESH = POLICY.enrol(AT, 0.0)


def code_at(step):
    return hotp(KEY, step)


@pytest.fixture(params=sorted(POLICIES))
def policy(request):
    """Each policy that there is."""
    return POLICIES[request.param](Parameters(), 20.0)


@pytest.fixture
def used(policy):
    """A token whose owner logged in just now."""
    enrolled = policy.enrol(AT, 0.0)
    return decide(policy, enrolled, code_at(NOW), AT, code_at).state


class TestVerdicts:
    def test_right_code_is_accepted_and_remembered(self, policy):
        decision = decide(policy, policy.enrol(AT, 0.0), code_at(NOW), AT, code_at)
        assert (decision.verdict, decision.step, decision.state.last_step) == (Verdict.ACCEPTED, NOW, NOW)

    def test_accepted_state_is_what_the_policy_learned(self, policy, used):
        decision = decide(policy, used, code_at(NOW + 1), AT + 30.0, code_at)
        assert decision.state == policy.accept(used, AT + 30.0, NOW + 1)

    def test_replayed_step_is_refused(self, policy, used):
        decision = decide(policy, used, code_at(NOW), AT + 1.0, code_at)
        assert (decision.verdict, decision.step) == (Verdict.REPLAYED, NOW)
        assert decision.state == used

    def test_older_unused_code_is_refused_as_replayed(self, policy, used):
        decision = decide(policy, used, code_at(NOW - 1), AT + 1.0, code_at)
        assert (decision.verdict, decision.step) == (Verdict.REPLAYED, NOW - 1)
        assert decision.state == used

    @given(code=st.text("0123456789", min_size=6, max_size=6), last_step=st.integers(NOW - 3, NOW + 3))
    def test_wrong_code_leaves_the_state_as_it_was(self, code, last_step):
        state = FRESH._replace(last_step=last_step)
        decision = decide(POLICY, state, code, AT, code_at)
        near = {code_at(step) for step in range(NOW - 1, NOW + 2)}
        assert (decision.verdict is Verdict.WRONG) == (code not in near)
        if decision.verdict is Verdict.WRONG:
            assert decision.state is state
            assert decision.step is None

    def test_code_from_outside_the_window_is_wrong(self, policy, used):
        for steps in (-20, 20):
            decision = decide(policy, used, code_at(NOW + steps), AT, code_at)
            assert (decision.verdict, decision.step, decision.state) == (Verdict.WRONG, None, used)


class TestWork:
    @pytest.mark.parametrize("typed", [NOW - 1, NOW, NOW + 1, NOW + 50])
    def test_every_step_of_the_window_is_computed_once_whichever_it_was(self, typed):
        computed = []

        def counted(step):
            computed.append(step)
            return code_at(step)

        decide(POLICY, FRESH, code_at(typed), AT, counted)
        assert computed == [NOW - 1, NOW, NOW + 1]

    def test_every_comparison_takes_constant_time(self, monkeypatch):
        compared = []

        def watched(left, right):
            compared.append((left, right))
            return left == right

        monkeypatch.setattr(hmac, "compare_digest", watched)
        decide(POLICY, FRESH, "000000", AT, code_at)
        assert compared == [(code_at(step), "000000") for step in (NOW - 1, NOW, NOW + 1)]

    def test_before_t0_there_is_no_step_to_compute(self):
        computed = []
        early = FixedWindow(30.0, AT + 3600.0)
        decision = decide(early, early.enrol(AT, 0.0), "000000", AT, computed.append)
        assert (decision.verdict, computed) == (Verdict.WRONG, [])

    def test_the_first_step_of_all_is_accepted(self):
        start = FixedWindow(30.0, AT)
        assert decide(start, start.enrol(AT, 0.0), code_at(0), AT, code_at).step == 0


class TestTwoStepsWithOneCode:
    """Of two steps in the window that share a code, the later one counts."""

    SAME = staticmethod({NOW - 1: "111111", NOW: "222222", NOW + 1: "111111"}.__getitem__)

    def test_the_later_one_is_accepted(self):
        decision = decide(POLICY, FRESH, "111111", AT, self.SAME)
        assert (decision.verdict, decision.step) == (Verdict.ACCEPTED, NOW + 1)

    def test_the_code_cannot_be_used_again_for_the_later_one(self):
        first = decide(POLICY, FRESH, "111111", AT, self.SAME)
        assert decide(POLICY, first.state, "111111", AT, self.SAME).verdict is Verdict.REPLAYED

    def test_the_earlier_one_being_used_does_not_spend_the_later(self):
        state = FRESH._replace(last_step=NOW - 1)
        decision = decide(POLICY, state, "111111", AT, self.SAME)
        assert (decision.verdict, decision.step) == (Verdict.ACCEPTED, NOW + 1)
