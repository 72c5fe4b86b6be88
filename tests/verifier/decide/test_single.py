"""The window of a token that only its question moves on."""

from keyfob_verifier.decide.decision import Verdict, decide
from keyfob_verifier.decide.policies.single import SingleAnswer
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.resync import find_run, step_by_step

AT = 1_800_000_000.0
POLICY = SingleAnswer()
USED = POLICY.enrol(AT, 0.0)
OPEN = USED._replace(last_step=USED.last_step - 1)


def answer(_step):
    return "123456"


def test_it_is_a_window_policy():
    assert isinstance(POLICY, WindowPolicy)


def test_answer_counts_only_where_the_guard_was_taken_back():
    assert decide(POLICY, USED, "123456", AT, answer).verdict is Verdict.REPLAYED
    accepted = decide(POLICY, OPEN, "123456", AT + 5.0, answer)
    assert accepted.verdict is Verdict.ACCEPTED
    assert accepted.state == USED._replace(at=AT + 5.0)


def test_wrong_answer_is_wrong():
    assert decide(POLICY, OPEN, "123457", AT, answer).verdict is Verdict.WRONG


def test_one_answer_is_found_and_never_two_in_a_row():
    find = step_by_step(answer)
    assert find_run(POLICY, OPEN, ["123456"], AT, find) == USED
    assert find_run(POLICY, USED, ["123456"], AT, find) is None
    assert find_run(POLICY, OPEN, ["123456", "123456"], AT, find) is None
