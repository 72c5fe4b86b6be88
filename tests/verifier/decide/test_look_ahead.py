"""The counter's window, against RFC 4226's own values and a plain model of a token that is pressed idly."""

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Seed
from keyfob.parameters import Parameters
from keyfob_verifier.decide.decision import Verdict, decide
from keyfob_verifier.decide.policies.look_ahead import MAX_COUNTER, LookAhead
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.resync import find_run, step_by_step
from keyfob_verifier.decide.state import NO_STEP

AT = 1_800_000_000.0
POLICY = LookAhead()
SECRET = b"12345678901234567890"
CODE_AT = Seed(SECRET).codes(Parameters())
RFC_4226_APPENDIX_D = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]


def after(counter):
    return POLICY.enrol_counter(counter, AT)


def test_it_is_a_window_policy():
    assert isinstance(POLICY, WindowPolicy)


def test_the_codes_of_rfc_4226_are_accepted_one_after_the_other():
    state = POLICY.enrol(AT, 0.0)
    for counter, code in enumerate(RFC_4226_APPENDIX_D):
        decision = decide(POLICY, state, code, AT, CODE_AT)
        assert (decision.verdict, decision.step) == (Verdict.ACCEPTED, counter)
        state = decision.state


def test_the_window_is_the_last_code_and_the_next_ten():
    row = [
        decide(POLICY, after(20), CODE_AT(counter), AT, CODE_AT).verdict.value for counter in range(16, 34)
    ]
    assert row == ["wrong"] * 3 + ["replayed"] + ["accepted"] * 10 + ["wrong"] * 4


def test_a_new_token_has_no_code_behind_it():
    assert POLICY.enrol(AT, 0.0).last_step == NO_STEP
    assert decide(POLICY, POLICY.enrol(AT, 0.0), CODE_AT(0), AT, CODE_AT).verdict is Verdict.ACCEPTED


def test_time_changes_nothing():
    for at in (0.0, AT, AT + 1e9):
        assert POLICY.window(after(7), at) == (6, 16)
        assert POLICY.forecast(after(7), at) == after(7)


@pytest.mark.parametrize(
    ("pressed", "found"), [(0, True), (150, True), (198, True), (199, False), (5000, False)]
)
def test_two_consecutive_codes_find_a_token_up_to_two_hundred_presses_away(pressed, found):
    first = 40 + pressed
    state = find_run(POLICY, after(40), [CODE_AT(first), CODE_AT(first + 1)], AT, step_by_step(CODE_AT))
    assert (state is not None) is found
    assert state is None or state.last_step == first + 1


def test_the_last_counters_that_can_be_stored_are_the_last_that_are_tried():
    state = after(MAX_COUNTER - 2)
    assert POLICY.window(state, AT) == (MAX_COUNTER - 3, MAX_COUNTER)
    assert POLICY.search(state, AT) == (MAX_COUNTER - 2, MAX_COUNTER)
    last = decide(POLICY, state, CODE_AT(MAX_COUNTER), AT, CODE_AT)
    assert last.verdict is Verdict.ACCEPTED
    assert decide(POLICY, last.state, CODE_AT(MAX_COUNTER), AT, CODE_AT).verdict is Verdict.REPLAYED


@given(st.lists(st.integers(0, 14), max_size=30), st.integers(0, 2**40))
def test_whoever_presses_idly_stays_in_step_with_a_plain_model(idle_presses, start):
    """pyotp makes the codes; the model is one integer."""
    oracle = pyotp.HOTP(Seed(SECRET).to_base32())
    state, expected, pressed = after(start), start, start
    for idle in idle_presses:
        pressed += idle
        decision = decide(POLICY, state, oracle.at(pressed), AT, CODE_AT)
        within = expected <= pressed < expected + POLICY.look_ahead
        assert (decision.verdict is Verdict.ACCEPTED) is within
        state = decision.state
        pressed += 1
        if within:
            expected = pressed
        else:
            pressed = expected
