"""Finding a fob again: by one code or two, consecutive, newer than any used, and in one place only."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.codes import hotp
from keyfob.parameters import Parameters
from keyfob_verifier.decide.decision import Verdict, decide
from keyfob_verifier.decide.policies import POLICIES
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.resync import find_run, step_by_step

KEY = b"12345678901234567890"
AT = 1_800_000_015.0
NOW = 60_000_000
POLICY = CredibleWindow.for_token(Parameters())
KNOWN = POLICY.prove(POLICY.enrol(AT - 864_000.0, 0.0), AT - 864_000.0, NOW - 28_800)


def code_at(step):
    return hotp(KEY, step)


def find(codes, state=KNOWN, at=AT, code_at=code_at):
    return find_run(POLICY, state, codes, at, step_by_step(code_at))


def pair(step):
    return [code_at(step), code_at(step + 1)]


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_two_consecutive_codes_beyond_the_window_are_found(name):
    policy = POLICIES[name](Parameters(), 20.0)
    state = policy.accept(policy.enrol(AT, 0.0), AT, NOW)
    at = AT + 30.0 * 100
    assert decide(policy, state, code_at(NOW + 92), at, code_at).verdict is Verdict.WRONG
    found = find_run(policy, state, pair(NOW + 92), at, step_by_step(code_at))
    assert found == policy.prove(state, at, NOW + 93)
    assert found.last_step == NOW + 93


def test_both_codes_are_used_then():
    state = find(pair(NOW - 2))
    for step in (NOW - 2, NOW - 1):
        assert decide(POLICY, state, code_at(step), AT, code_at).verdict is Verdict.REPLAYED
    assert find(pair(NOW - 2), state) is None


def test_the_fob_s_next_code_is_accepted_then():
    state = find(pair(NOW - 8))
    assert decide(POLICY, state, code_at(NOW - 6), AT + 30.0, code_at).verdict is Verdict.ACCEPTED


def test_one_code_is_enough_to_activate():
    enrolled = POLICY.enrol(AT, 0.0)
    found = find([code_at(NOW + 15)], enrolled)
    assert found.last_step == NOW + 15
    assert found.offset_s == pytest.approx(450.0, abs=30.0)


@pytest.mark.parametrize(
    "codes",
    [
        [code_at(NOW), code_at(NOW + 2)],
        [code_at(NOW + 1), code_at(NOW)],
        [code_at(NOW), code_at(NOW)],
        [code_at(NOW), "000000"],
        ["000000", code_at(NOW)],
        [code_at(NOW) + code_at(NOW + 1)],
        [code_at(NOW)[:-1], code_at(NOW)[-1:] + code_at(NOW + 1)],
        [],
    ],
    ids=["gap", "reversed", "twice", "second wrong", "first wrong", "joined", "cut elsewhere", "none"],
)
def test_anything_but_consecutive_codes_is_not_found(codes):
    assert find(codes) is None


@given(st.integers(-40, 40), st.integers(-40, 40))
def test_a_pair_is_found_exactly_where_the_search_holds_both_and_neither_was_used(start, last_used):
    state = KNOWN._replace(last_step=NOW + last_used)
    first, last = POLICY.search(state, AT)
    found = find(pair(NOW + start), state)
    assert (found is not None) == (first <= NOW + start and NOW + start + 1 <= last)
    if found is not None:
        assert NOW + start > state.last_step
        assert found.last_step == NOW + start + 1


def test_a_used_first_code_proves_nothing_with_its_unused_successor():
    assert find(pair(NOW), KNOWN._replace(last_step=NOW)) is None
    assert find(pair(NOW + 1), KNOWN._replace(last_step=NOW)) is not None


def test_a_policy_s_search_that_reaches_back_is_not_trusted_with_used_steps():
    class Careless(CredibleWindow):
        __slots__ = ()

        def search(self, state, at):
            return super().search(state._replace(last_step=-1), at)

    careless = Careless(*POLICY)
    state = KNOWN._replace(last_step=NOW)
    assert careless.search(state, AT)[0] < NOW
    assert find_run(careless, state, pair(NOW), AT, step_by_step(code_at)) is None


def test_codes_that_fit_in_two_places_prove_neither():
    shown = dict.fromkeys(range(NOW - 100, NOW + 100), "000000")
    shown |= {NOW - 3: "111111", NOW - 2: "222222", NOW + 2: "111111", NOW + 3: "222222"}
    assert find(["111111", "222222"], code_at=shown.__getitem__) is None
    assert (
        find(["111111", "222222"], KNOWN._replace(last_step=NOW - 3), code_at=shown.__getitem__) is not None
    )
    assert find(["111111"], code_at=shown.__getitem__) is None


def test_each_code_is_compared_with_every_step_of_the_search_in_constant_time(monkeypatch):
    computed, compared = [], []

    def counted(step):
        computed.append(step)
        return code_at(step)

    def watched(left, right):
        compared.append((left, right))
        return left == right

    monkeypatch.setattr(hmac, "compare_digest", watched)
    find(pair(NOW - 5), code_at=counted)
    first, last = POLICY.search(KNOWN, AT)
    assert computed == [*range(first, last), *range(first + 1, last + 1)]
    typed = [code for code in pair(NOW - 5) for _ in range(first, last)]
    assert compared == list(zip(map(code_at, computed), typed, strict=True))


def test_a_pair_read_in_the_morning_is_not_found_in_the_evening():
    assert find(pair(NOW)) is not None
    assert find(pair(NOW), at=AT + 8 * 3600.0) is None


def test_no_codes_prove_nothing_where_there_is_no_step_to_search():
    assert find([], KNOWN._replace(last_step=NOW + 10_000)) is None


def test_a_code_that_the_fob_will_show_tomorrow_is_not_found_today():
    assert find(pair(NOW + 2880)) is None


def test_before_t0_there_is_nothing_to_find():
    policy = CredibleWindow.for_token(Parameters(t0_s=int(AT) + 86_400))
    assert find_run(policy, policy.enrol(AT, 0.0), pair(0), AT, step_by_step(code_at)) is None


@pytest.mark.parametrize(("first", "is_found"), [(-4, False), (-3, True), (2, True), (3, False)])
def test_search_may_be_told_how_far_to_go(first, is_found):
    """Four steps from the far end of a window that has one step either side: from three behind to three ahead."""
    policy = POLICIES["fixed"](Parameters(), 20.0)
    find_near = step_by_step(code_at)
    found = find_run(policy, policy.enrol(AT, 0.0), pair(NOW + first), AT, find_near, reach_steps=4)
    assert (found is not None) == is_found
