"""Whatever a code is refused for, the same is told, the same is computed, and the database is asked the same."""

import pytest

from attempt_samples import activate, attempt, failures_of, outcome_of, reason_of, statements_of
from keyfob import Parameters, codes
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.comparison import PAIR_WORK, WINDOW_WORK
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.verification import verify


@pytest.fixture
def count_codes(monkeypatch):
    """Counts the HMACs that are computed for codes from now on, in a list of one number."""
    counted, truncate = [0], codes.truncate

    def counting(digest):
        counted[0] += 1
        return truncate(digest)

    monkeypatch.setattr(codes, "truncate", counting)
    return counted


def work_of(counted, fob, code, **named):
    """What an attempt costs: HMACs and statements; and its reason."""
    counted[0] = 0
    with statements_of(fob.context) as statements:
        outcome = outcome_of(fob, code, **named)
    return outcome.reason, (counted[0], statements)


@pytest.fixture
def pending(hold):
    return hold(account="pending")


@pytest.fixture
def revoked(context, hold):
    held = activate(hold(account="revoked"))
    lifecycle.revoke(context, DEFAULT_TENANT, "tester", held.serial)
    return held


@pytest.fixture
def others(fob, pending, revoked, hold):
    """By what becomes of a first attempt: whose it is, and a code that is right in its way."""
    used = activate(hold(account="used"))
    long = activate(hold(account="long", parameters=Parameters(digits=8)))
    code = used.code()
    assert reason_of(used, code) is Reason.ACCEPTED
    return {
        Reason.REPLAYED: (used, {"code": code}),
        Reason.NOT_ACTIVE: (pending, {"code": pending.code()}),
        "revoked": (revoked, {"code": revoked.code()}),
        Reason.UNKNOWN_TOKEN: (fob, {"code": fob.code(), "serial": "NOBODY"}),
        "of another length": (long, {"code": "123456"}),
    }


def test_first_attempt_makes_the_same_work_whatever_is_wrong_with_it(fob, others, count_codes):
    reason, wrong = work_of(count_codes, fob, fob.wrong_code())
    assert reason is Reason.WRONG
    assert wrong[0] == WINDOW_WORK
    for expected, (held, named) in others.items():
        reason, work = work_of(count_codes, held, **named)
        assert reason is expected or not isinstance(expected, Reason)
        assert work == wrong, expected


@pytest.mark.parametrize("gap_s", [0.4, 5.0, 50.0, 70.0])
def test_so_does_the_next_one_at_any_time(fob, others, count_codes, gap_s):
    reason_of(fob, fob.wrong_code())
    for held, named in others.values():
        reason_of(held, **named)
    fob.context.clock.advance(seconds=gap_s)
    reason, wrong = work_of(count_codes, fob, fob.wrong_code())
    expected = {0.4: Reason.THROTTLED, 70.0: Reason.WRONG}
    assert reason is expected.get(gap_s, Reason.WRONG_AS_PAIR)
    assert wrong[0] == (PAIR_WORK if gap_s in {5.0, 50.0} else WINDOW_WORK)
    for name, (held, named) in others.items():
        _, work = work_of(count_codes, held, **named)
        assert work == wrong, name


def lock(fob):
    """Guesses until one guess is left, the last of them a minute and more ago."""
    for _ in range(9):
        assert reason_of(fob, fob.wrong_code()) in {Reason.WRONG, Reason.WRONG_AS_PAIR}
        fob.context.clock.advance(seconds=310)


@pytest.mark.parametrize("gap_s", [0.4, 5.0, 70.0])
@pytest.mark.parametrize("is_right", [False, True])
def test_locked_token_makes_the_work_of_one_with_a_guess_left(fob, hold, count_codes, gap_s, is_right):
    """A guesser cannot tell when the budget is spent, nor a right code from a wrong one while it is."""
    free = activate(hold(account="free"))
    lock(fob)
    assert reason_of(fob, fob.wrong_code()) is Reason.WRONG
    fob.context.clock.advance(seconds=310)
    reason_of(fob, fob.wrong_code())
    reason_of(free, free.wrong_code())
    fob.context.clock.advance(seconds=gap_s)
    _, free_work = work_of(count_codes, free, free.wrong_code())
    reason, locked_work = work_of(count_codes, fob, fob.code() if is_right else fob.wrong_code())
    assert reason is Reason.LOCKED
    assert locked_work == free_work


def test_named_source_makes_the_same_statements_everywhere(fob, others, count_codes):
    _, wrong = work_of(count_codes, fob, fob.wrong_code(), source="café")
    for name, (held, named) in others.items():
        _, work = work_of(count_codes, held, **named, source="café")
        assert work == wrong, name


def test_wrong_code_after_wrong_code_never_costs_more_than_a_pair_search(fob, count_codes):
    for _ in range(10):
        _, (computed, _) = work_of(count_codes, fob, fob.wrong_code())
        assert computed <= PAIR_WORK
        fob.context.clock.advance(seconds=1)


def test_quick_attempts_buy_no_search(fob, count_codes):
    """However fast somebody asks, a pair is searched no more than once in the shortest back-off."""
    wrong = fob.wrong_code()
    reason_of(fob, wrong)
    count_codes[0] = 0
    for _ in range(20):
        fob.context.clock.advance(seconds=0.9)
        reason_of(fob, wrong)
    assert count_codes[0] == 20 * WINDOW_WORK


def test_accepted_code_is_not_filled_up(fob, count_codes):
    _, (computed, _) = work_of(count_codes, fob, fob.code())
    assert 0 < computed < WINDOW_WORK


def test_not_active_token_s_own_budget_is_left_alone(context, pending):
    """Else anybody could keep a token from being activated."""
    for _ in range(12):
        reason_of(pending, "123456")
        context.clock.advance(seconds=400)
    assert failures_of(pending) == [None, None]
    outcome = lifecycle.activate(context, DEFAULT_TENANT, "tester", pending.serial, pending.code())
    assert outcome.reason is Reason.ACCEPTED


def test_batch_of_all_of_them_is_decided(fob, others):
    attempts = [attempt(fob, fob.wrong_code())] + [attempt(held, **named) for held, named in others.values()]
    reasons = [outcome.reason for outcome in verify(fob.context, attempts)]
    assert reasons == [
        Reason.WRONG,
        Reason.REPLAYED,
        Reason.NOT_ACTIVE,
        Reason.NOT_ACTIVE,
        Reason.UNKNOWN_TOKEN,
        Reason.WRONG,
    ]
