"""Next-code mode: a code beyond the window is wrong, and with the one that follows it is right."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from attempt_samples import activate, attempt, failures_of, outcome_of, reason_of
from keyfob import Parameters
from keyfob_verifier.decide.policies import POLICIES
from keyfob_verifier.decide.policies.fixed import FixedWindow
from keyfob_verifier.service.comparison import PAIR_WORK, WINDOW_WORK
from keyfob_verifier.service.next_code import NEXT_CODE_STEPS
from keyfob_verifier.service.outcome import Answer, Outcome, Reason
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import throttles

AWAY = 8
"""A fob whose clock was set four minutes ahead: far beyond the window of one used this week."""


@pytest.fixture
def database_url(tmp_path):
    """What is tested here lies above the database; test_verification.py has a pair over each kind."""
    return f"sqlite:///{tmp_path}/data/verifier.db"


def submit_pair(fob, first, second, *, gap_s=30.0, **named):
    """Two codes, as a person reads them one after the other; the reasons of both."""
    reasons = [reason_of(fob, first, **named)]
    fob.context.clock.advance(seconds=gap_s)
    return [*reasons, reason_of(fob, second, **named)]


def test_two_consecutive_codes_beyond_the_window_are_accepted(fob):
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert submit_pair(fob, *codes) == [Reason.WRONG, Reason.ACCEPTED_AS_PAIR]
    fob.context.clock.advance(seconds=30)
    assert reason_of(fob, fob.code(AWAY)) is Reason.ACCEPTED


def test_first_one_is_answered_and_charged_as_any_wrong_one(fob, hold):
    other = activate(hold(account="bob"))
    right, wrong = outcome_of(fob, fob.code(AWAY)), outcome_of(other, other.wrong_code())
    assert right == wrong == Outcome(Reason.WRONG)
    assert [failures.state for failures in failures_of(fob)] == [
        failures.state for failures in failures_of(other)
    ]


def test_both_codes_are_used_then(fob):
    first, second = fob.code(AWAY), fob.code(AWAY + 1)
    submit_pair(fob, first, second)
    for code in (first, second):
        fob.context.clock.advance(seconds=5)
        assert reason_of(fob, code) in {Reason.REPLAYED, Reason.WRONG}
    assert fob.token().drift.last_step == int(fob.context.clock.now()) // 30 + AWAY


def test_pair_ends_the_back_off_and_keeps_what_it_cost(fob):
    submit_pair(fob, fob.code(AWAY), fob.code(AWAY + 1))
    for failures in failures_of(fob):
        assert failures.state.streak == 0
        assert failures.state.budget < 9.1
        assert failures.last_wrong is None


@pytest.mark.parametrize(
    ("first", "second"),
    [(AWAY, AWAY + 2), (AWAY, AWAY - 1), (AWAY, AWAY), (AWAY + 1, AWAY)],
    ids=["skipped", "backwards", "twice", "reversed"],
)
def test_other_pairs_are_wrong_as_pairs(fob, first, second):
    codes = fob.code(first), fob.code(second)
    assert submit_pair(fob, *codes) == [Reason.WRONG, Reason.WRONG_AS_PAIR]
    assert Reason.WRONG_AS_PAIR.answer is Reason.WRONG.answer is Answer.REFUSED


def test_of_three_wrong_ones_the_last_two_count(fob):
    codes = fob.wrong_code(), fob.code(AWAY), fob.code(AWAY + 1)
    assert reason_of(fob, codes[0]) is Reason.WRONG
    fob.context.clock.advance(seconds=20)
    assert submit_pair(fob, *codes[1:]) == [Reason.WRONG_AS_PAIR, Reason.ACCEPTED_AS_PAIR]


@pytest.mark.parametrize(("gap_s", "reason"), [(60.0, Reason.ACCEPTED_AS_PAIR), (60.5, Reason.WRONG)])
def test_first_one_is_remembered_for_two_steps(fob, gap_s, reason):
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert submit_pair(fob, *codes, gap_s=gap_s) == [Reason.WRONG, reason]


def test_attempts_during_a_back_off_do_not_make_it_remembered_longer(fob):
    for _ in range(6):
        reason_of(fob, fob.wrong_code())
        fob.context.clock.advance(seconds=40)
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert reason_of(fob, codes[0]) is Reason.WRONG_AS_PAIR
    fob.context.clock.advance(seconds=50)
    assert reason_of(fob, codes[1]) is Reason.THROTTLED
    fob.context.clock.advance(seconds=15)
    assert reason_of(fob, codes[1]) is Reason.WRONG


def test_used_code_after_a_wrong_one_is_a_replay(fob):
    code = fob.code()
    assert reason_of(fob, code) is Reason.ACCEPTED
    assert submit_pair(fob, fob.wrong_code(), code, gap_s=5.0) == [Reason.WRONG, Reason.REPLAYED]


def test_next_code_during_the_back_off_is_not_compared(fob):
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert submit_pair(fob, *codes, gap_s=0.5) == [Reason.WRONG, Reason.THROTTLED]
    fob.context.clock.advance(seconds=5)
    assert reason_of(fob, codes[1]) is Reason.ACCEPTED_AS_PAIR


def test_accepted_code_forgets_the_wrong_one_before_it(fob):
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert reason_of(fob, codes[0]) is Reason.WRONG
    fob.context.clock.advance(seconds=2)
    assert reason_of(fob, fob.code()) is Reason.ACCEPTED
    fob.context.clock.advance(seconds=2)
    assert reason_of(fob, codes[1]) is Reason.WRONG


def test_code_that_came_too_early_is_used_when_its_time_has_come(fob):
    early = fob.code(AWAY)
    assert reason_of(fob, early) is Reason.WRONG
    fob.context.clock.advance(seconds=30 * AWAY)
    assert reason_of(fob, early) is Reason.ACCEPTED


def test_pair_of_used_codes_is_never_accepted(fob):
    codes = fob.code(-1), fob.code()
    assert reason_of(fob, codes[1]) is Reason.ACCEPTED
    fob.context.clock.advance(seconds=240)
    assert submit_pair(fob, *codes)[1] is not Reason.ACCEPTED_AS_PAIR
    fob.context.clock.advance(seconds=240)
    newer = fob.code(-7), fob.code(-6)
    assert submit_pair(fob, codes[1], newer[0])[1] is not Reason.ACCEPTED_AS_PAIR


def test_pair_with_half_of_it_used_is_not_accepted(fob):
    """A seen code is worth nothing together with its successor."""
    codes = fob.code(), fob.code(1)
    assert reason_of(fob, codes[0]) is Reason.ACCEPTED
    fob.context.clock.advance(seconds=600)
    assert submit_pair(fob, *codes)[1] is Reason.WRONG_AS_PAIR


def test_known_and_unknown_sources_remember_apart(fob):
    """Somebody elsewhere neither completes a pair of the owner's, nor makes it forgotten."""
    assert reason_of(fob, fob.code(), source="home") is Reason.ACCEPTED
    fob.context.clock.advance(seconds=60)
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert reason_of(fob, codes[0], source="home") is Reason.WRONG
    fob.context.clock.advance(seconds=5)
    assert reason_of(fob, codes[1], source="café") is Reason.WRONG
    fob.context.clock.advance(seconds=5)
    assert reason_of(fob, codes[1], source="home") is Reason.ACCEPTED_AS_PAIR


def test_policy_may_forbid_it(fob):
    fob.context = replace(fob.context, next_code=False)
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert submit_pair(fob, *codes) == [Reason.WRONG, Reason.WRONG]


def test_clock_that_is_not_believed_teaches_nothing(fob):
    known = fob.token().drift
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    assert submit_pair(fob, *codes, learns=False)[1] is Reason.ACCEPTED_AS_PAIR
    learned = fob.token().drift
    assert learned == known._replace(last_step=learned.last_step)


def test_code_is_kept_sealed_and_for_its_token_alone(context, fob, hold):
    other = activate(hold(account="bob"))
    first = fob.code(AWAY)
    reason_of(fob, first)
    reason_of(other, other.wrong_code())
    kept = failures_of(fob)[0].last_wrong
    assert first.encode() not in kept
    with context.store._engine.begin() as connection:
        connection.execute(update(throttles).values(last_wrong=kept))
    fob.context.clock.advance(seconds=5)
    assert reason_of(other, other.wrong_code()) is Reason.WRONG
    assert reason_of(fob, fob.wrong_code()) is Reason.WRONG_AS_PAIR


@pytest.mark.parametrize("damaged", [b"", b"\xff", b"\x05hello", bytes(100)])
def test_kept_code_that_was_damaged_is_forgotten(context, fob, damaged):
    reason_of(fob, fob.code(AWAY))
    with context.store._engine.begin() as connection:
        connection.execute(update(throttles).values(last_wrong=damaged))
    fob.context.clock.advance(seconds=5)
    assert reason_of(fob, fob.code(AWAY + 1)) is Reason.WRONG


class FarSeeing(FixedWindow):
    """A window whose searches go very far."""

    def search(self, state, at):
        now = int(at // self.time_step_s)
        return max(now - 40_000, state.last_step + 1), now + 40_000


@pytest.mark.parametrize(
    ("away", "reason"),
    [(-150, Reason.ACCEPTED_AS_PAIR), (198, Reason.ACCEPTED_AS_PAIR), (199, Reason.WRONG_AS_PAIR)],
)
def test_search_is_capped_whatever_the_policy_s_range(fob, monkeypatch, away, reason):
    monkeypatch.setitem(POLICIES, "far", FarSeeing.for_token)
    fob.context = replace(fob.context, policy="far")
    fob.context.clock.advance(days=2)
    codes = fob.code(away), fob.code(away + 1)
    computed = []
    monkeypatch.setattr(type(fob.seed), "codes", counted(type(fob.seed).codes, computed))
    assert submit_pair(fob, *codes, gap_s=5.0)[1] is reason
    assert 2 * NEXT_CODE_STEPS < len(computed) <= 8 * PAIR_WORK + WINDOW_WORK


def counted(codes_of, computed):
    def codes(seed, parameters):
        code_at = codes_of(seed, parameters)

        def code(step):
            computed.append(step)
            return code_at(step)

        return code

    return codes


def test_batch_of_both_is_searched_where_there_is_no_back_off(fob):
    """In one batch the second code meets the first one's back-off."""
    codes = fob.code(AWAY), fob.code(AWAY + 1)
    outcomes = verify(fob.context, [attempt(fob, code) for code in codes])
    assert [outcome.reason for outcome in outcomes] == [Reason.WRONG, Reason.THROTTLED]


def test_long_steps_are_remembered_longer(hold):
    held = activate(hold(parameters=Parameters(time_step_s=60)))
    codes = held.code(5), held.code(6)
    assert submit_pair(held, *codes, gap_s=110.0)[1] is Reason.ACCEPTED_AS_PAIR


def test_record_names_the_pair(context, fob):
    submit_pair(fob, fob.code(AWAY), fob.code(AWAY + 1))
    with context.store.read() as transaction:
        newest = transaction.audit.latest(attempt(fob, "").tenant_id, fob.serial, 1)[0]
    assert (newest.outcome, newest.step) == ("accepted-as-pair", fob.token().drift.last_step)
    with context.store._engine.connect() as connection:
        assert all(row.last_wrong is None for row in connection.execute(select(throttles)))
