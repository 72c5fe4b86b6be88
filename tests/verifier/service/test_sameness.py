"""Whatever a code is refused for, the same is told, the same is computed, and the database is asked the same."""

import pytest

from attempt_samples import activate, attempt, failures_of, outcome_of, reason_of, statements_of
from keyfob import Parameters, codes, ocra
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.comparison import ANSWER_WORK, PAIR_WORK, WINDOW_WORK
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.verification import verify
from kind_samples import ASKED, COUNTED, QUESTION, TIMED, AnsweringToken, CountingToken


@pytest.fixture
def count_codes(monkeypatch):
    """Counts the HMACs that are computed for codes and answers from now on, in a list of one number."""
    counted, truncate = [0], codes.truncate

    def counting(digest):
        counted[0] += 1
        return truncate(digest)

    for module in (codes, ocra):
        monkeypatch.setattr(module, "truncate", counting)
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


@pytest.fixture
def answering(context):
    """By what is sent with them: active tokens of every kind that are asked a question, and what is refused of them."""
    held = {
        name: AnsweringToken(context, suite, account=name)
        for name, suite in {
            "asked": ASKED,
            "timed": TIMED,
            "counted": COUNTED,
            "counted and timed": f"{COUNTED}-T1M",
            "with everything": "OCRA-1:HOTP-SHA512-8:QN08-PSHA1-S064-T1H",
        }.items()
    }
    used = {token: token.activate() for token in held.values()}
    context.clock.advance(seconds=120)
    refused = {}
    for name, token in held.items():
        question, code = token.ask(), used[token][0]
        refused[f"wrong answer, {name}"] = token, token.wrong_answer(question), token.challenge(question)
        refused[f"no question, {name}"] = token, code, None
    for name in ("counted", "timed"):
        code, question = used[held[name]]
        twin = AnsweringToken(context, str(held[name].suite), account=f"malformed {name}")
        twin.activate()
        refused[f"malformed, {name}"] = twin, code, Challenge("x")
    asked = AnsweringToken(context, ASKED, account="not asked")
    asked.activate()
    refused["not asked"] = asked, asked.answer(QUESTION), Challenge(QUESTION)
    return refused


@pytest.fixture
def answerless(fob, pending, revoked, hold, context):
    """What else a question may be sent with."""
    counting = CountingToken(context, account="counting")
    assert counting.activate(0).reason is Reason.ACCEPTED
    minute = activate(hold(account="minute", parameters=Parameters(time_step_s=60)))
    challenge = Challenge(QUESTION)
    return {
        "time": (fob, fob.code(), challenge),
        "time in minutes": (minute, minute.code(), challenge),
        "counter": (counting, counting.code(1), challenge),
        "pending": (pending, pending.code(), challenge),
        "revoked": (revoked, revoked.code(), challenge),
    }


def works(count_codes, cases, **named):
    """The work of each case in turn."""
    return {
        name: work_of(count_codes, held, code, challenge=challenge, **named)[1]
        for name, (held, code, challenge) in cases.items()
    }


@pytest.mark.parametrize("gap_s", [None, 0.4, 5.0, 50.0, 70.0, 110.0])
def test_refused_answers_make_the_same_work(fob, answering, answerless, count_codes, gap_s):
    """On a first attempt, and on the next one at any time."""
    unknown = fob, fob.code(), Challenge(QUESTION)
    cases = {name: case for name, case in (answering | answerless).items() if case[2] is not None}
    if gap_s is not None:
        works(count_codes, cases)
        work_of(count_codes, fob, "123456", challenge=unknown[2], serial="NOBODY")
        fob.context.clock.advance(seconds=gap_s)
    _, expected = work_of(count_codes, unknown[0], unknown[1], challenge=unknown[2], serial="NOBODY")
    assert expected[0] == ANSWER_WORK
    for name, work in works(count_codes, cases).items():
        assert work == expected, name


@pytest.mark.parametrize("gap_s", [None, 5.0, 70.0])
def test_code_of_a_token_that_should_have_been_asked_makes_the_work_of_any_other(
    fob, answering, count_codes, gap_s
):
    cases = {name: case for name, case in answering.items() if case[2] is None}
    if gap_s is not None:
        works(count_codes, cases)
        work_of(count_codes, fob, "123456", serial="NOBODY")
        fob.context.clock.advance(seconds=gap_s)
    _, expected = work_of(count_codes, fob, "123456", serial="NOBODY")
    assert works(count_codes, cases) == dict.fromkeys(cases, expected)


@pytest.mark.parametrize("suite", [ASKED, TIMED, COUNTED, f"{COUNTED}-T1M"])
@pytest.mark.parametrize("is_right", [False, True])
def test_locked_token_makes_the_work_of_an_unknown_one_for_answers_too(fob, suite, is_right, count_codes):
    token = AnsweringToken(fob.context, suite, account="locked")
    token.activate()
    for _ in range(10):
        fob.context.clock.advance(seconds=310)
        question = token.ask()
        assert token.reason(token.wrong_answer(question), question) is Reason.WRONG
        work_of(count_codes, fob, "123456", challenge=Challenge(QUESTION), serial="NOBODY")
    fob.context.clock.advance(seconds=310)
    question = token.ask()
    code = token.answer(question) if is_right else token.wrong_answer(question)
    _, expected = work_of(count_codes, fob, "123456", challenge=Challenge(QUESTION), serial="NOBODY")
    reason, work = work_of(count_codes, token, code, challenge=Challenge(question))
    assert reason is Reason.LOCKED
    assert work == expected


@pytest.mark.parametrize("gap_s", [None, 0.4, 5.0, 70.0])
def test_counter_token_makes_the_work_of_any_other(fob, count_codes, gap_s):
    token = CountingToken(fob.context, account="counting")
    assert token.activate(50).reason is Reason.ACCEPTED
    if gap_s is not None:
        reason_of(token, token.code(150))
        work_of(count_codes, fob, "123456", serial="NOBODY")
        fob.context.clock.advance(seconds=gap_s)
    _, expected = work_of(count_codes, fob, "123456", serial="NOBODY")
    assert work_of(count_codes, token, token.code(180))[1] == expected
