"""Questions that the verifier asks a token that nothing else moves on: open for a while, answered once and for good."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from attempt_samples import attempt
from keyfob import VirtualClock
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.errors import TokenNotFoundError, TokenStatusError
from keyfob_verifier.service import lifecycle, questions
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.questions import MOST_OPEN, OPEN_S
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import questions as rows
from keyfob_verifier.token_errors import (
    NoQuestionsError,
    NothingToResyncError,
    QuestionMissingError,
    QuestionNotOpenError,
)
from kind_samples import ASKED, COUNTED, QUESTION, TIMED, AnsweringToken


@pytest.fixture
def asked(holding):
    """An active token that only its questions move on."""
    return holding(ASKED)


def rows_of(context):
    with context.store.read() as transaction:
        return transaction.connection.execute(select(rows)).all()


def ask(token, *drawn):
    """Asks it with numbers drawn beforehand, nine for each question, the first digit's last; the last one is repeated."""
    left = list(drawn)

    def random_below(limit):
        return (left.pop(0) if len(left) > 1 else left[0]) % limit

    return questions.ask(token.context, DEFAULT_TENANT, "tester", token.serial, random_below)


def test_question_that_was_not_asked_has_no_answer(asked):
    assert asked.reason(asked.answer(QUESTION), QUESTION) is Reason.QUESTION_NOT_OPEN


def test_answer_to_no_open_question_is_charged_like_a_wrong_one(asked):
    """Else it could be told from a wrong one, and which questions are open."""
    asked.reason(asked.answer(QUESTION), QUESTION)
    question = asked.ask()
    assert asked.reason(asked.answer(question), question) is Reason.THROTTLED


def test_question_is_answered_once(asked):
    question = asked.ask()
    sent = attempt(asked, asked.answer(question), challenge=Challenge(question))
    reasons = [outcome.reason for outcome in verify(asked.context, [sent, sent])]
    assert reasons == [Reason.ACCEPTED, Reason.QUESTION_NOT_OPEN]
    asked.context.clock.advance(seconds=60)
    assert asked.reason(asked.answer(question), question) is Reason.QUESTION_NOT_OPEN


def test_question_that_was_answered_is_never_asked_again(asked):
    """Its answer was seen, and would be the same."""
    question = ask(asked, 0).question
    code = asked.answer(question)
    assert asked.reason(code, question) is Reason.ACCEPTED
    again = ask(asked, *[0] * 9, 1)
    assert again.question == "21111111"
    stuck = ask(asked, 0)
    assert stuck.question == question
    assert asked.reason(code, question) is Reason.QUESTION_NOT_OPEN
    asked.context.clock.advance(seconds=60)
    assert asked.reason(asked.answer(again.question), again.question) is Reason.ACCEPTED


def test_question_of_the_activation_is_answered_for_good(context):
    token = AnsweringToken(context, ASKED)
    code, question = token.activate()
    again = ask(token, 0, *map(int, question[1:]), int(question[0]) - 1)
    assert again.question != question
    assert token.reason(code, question) is Reason.QUESTION_NOT_OPEN


@pytest.mark.parametrize(
    ("after_s", "reason"),
    [
        (-OPEN_S, Reason.QUESTION_NOT_OPEN),
        (1 - OPEN_S, Reason.ACCEPTED),
        (-1, Reason.ACCEPTED),
        (OPEN_S - 1, Reason.ACCEPTED),
        (OPEN_S, Reason.QUESTION_NOT_OPEN),
    ],
)
def test_question_is_open_for_a_while(asked, after_s, reason):
    """Another verifier's time may be behind that of the one that asked."""
    question, steady_at = asked.ask(), asked.context.clock.now() + after_s
    assert asked.reason(asked.answer(question), question, steady_at=steady_at) is reason


def test_question_asked_again_is_open_from_then_on(asked):
    question = ask(asked, 0).question
    asked.context.clock.advance(seconds=OPEN_S - 1)
    assert ask(asked, 0).question == question
    asked.context.clock.advance(seconds=OPEN_S - 1)
    assert asked.reason(asked.answer(question), question) is Reason.ACCEPTED


def test_wrong_answer_leaves_the_question_open(asked):
    question = asked.ask()
    assert asked.reason(asked.wrong_answer(question), question) is Reason.WRONG
    asked.context.clock.advance(seconds=60)
    assert asked.reason(asked.answer(question), question) is Reason.ACCEPTED


def test_answer_to_another_open_question_is_wrong(asked):
    one, other = asked.ask(), asked.ask()
    assert asked.reason(asked.answer(one), other) is Reason.WRONG


def test_several_questions_are_open_at_once(asked):
    for question in [asked.ask() for _ in range(MOST_OPEN)]:
        assert asked.reason(asked.answer(question), question) is Reason.ACCEPTED


def test_oldest_of_too_many_questions_is_closed(asked):
    open_ones = []
    for _ in range(MOST_OPEN + 1):
        open_ones.append(asked.ask())
        asked.context.clock.advance(seconds=1)
    assert asked.reason(asked.answer(open_ones[1]), open_ones[1]) is Reason.ACCEPTED
    asked.context.clock.advance(seconds=60)
    assert asked.reason(asked.answer(open_ones[0]), open_ones[0]) is Reason.QUESTION_NOT_OPEN


def test_questions_of_a_clock_that_ran_ahead_push_nothing_out(asked):
    ahead = VirtualClock(asked.context.clock.now() + 7200)
    for _ in range(MOST_OPEN):
        questions.ask(replace(asked.context, clock=ahead), DEFAULT_TENANT, "tester", asked.serial)
    one, other = asked.ask(), asked.ask()
    for question in (one, other):
        assert asked.reason(asked.answer(question), question) is Reason.ACCEPTED


def test_closed_questions_are_forgotten(asked):
    before = len(rows_of(asked.context))
    for _ in range(MOST_OPEN + 5):
        asked.ask()
    assert len(rows_of(asked.context)) == before + MOST_OPEN
    asked.later()
    asked.ask()
    assert len(rows_of(asked.context)) == before + 1


def test_questions_are_open_for_their_token_alone(context, asked, holding):
    other = holding(ASKED, account="bob")
    question = asked.ask()
    assert other.reason(other.answer(question), question) is Reason.QUESTION_NOT_OPEN
    assert asked.reason(other.answer(question), question) is Reason.WRONG


def test_session_may_be_any_that_comes_with_the_answer(holding):
    token = holding("OCRA-1:HOTP-SHA1-6:QN08-S008")
    question = token.ask()
    code = token.answer(question, session=b"one")
    assert token.reason(code, question, b"one") is Reason.ACCEPTED
    other = token.answer(question, session=b"two")
    assert token.reason(other, question, b"two") is Reason.QUESTION_NOT_OPEN


@pytest.mark.parametrize("suite", ["OCRA-1:HOTP-SHA1-6:QA08", "OCRA-1:HOTP-SHA1-6:QH08"])
def test_other_keypads_are_asked_in_their_letters(holding, suite):
    token = holding(suite)
    question = token.ask()
    typed = question.lower() if "QH" in suite else question
    assert token.reason(token.answer(question), typed) is Reason.ACCEPTED
    assert token.reason(token.answer(question), question) is Reason.QUESTION_NOT_OPEN


@pytest.mark.parametrize("suite", [COUNTED, TIMED])
def test_nothing_is_kept_of_a_question_where_something_else_moves_the_token_on(holding, suite):
    token = holding(suite)
    before = len(rows_of(token.context))
    token.ask()
    assert len(rows_of(token.context)) == before


def test_there_is_nothing_to_resynchronize(asked):
    with pytest.raises(NothingToResyncError):
        lifecycle.resync(asked.context, DEFAULT_TENANT, "tester", asked.serial, ("123456", "123457"))


def test_activation_needs_an_open_question(context):
    token = AnsweringToken(context, ASKED)
    for challenge, fault in ((Challenge(QUESTION), QuestionNotOpenError), (None, QuestionMissingError)):
        with pytest.raises(fault):
            lifecycle.activate(context, DEFAULT_TENANT, "tester", token.serial, "123456", challenge=challenge)


def test_who_cannot_answer_is_asked_all_the_same(context, fob, holding):
    unknown = questions.ask(context, DEFAULT_TENANT, "tester", "NOBODY")
    assert isinstance(unknown.fault, TokenNotFoundError)
    assert isinstance(questions.ask(context, DEFAULT_TENANT, "tester", fob.serial).fault, NoQuestionsError)
    token = holding(ASKED)
    assert questions.ask(context, DEFAULT_TENANT, "tester", token.serial).fault is None
    lifecycle.revoke(context, DEFAULT_TENANT, "tester", token.serial)
    revoked = questions.ask(context, DEFAULT_TENANT, "tester", token.serial)
    assert isinstance(revoked.fault, TokenStatusError)
    assert len(unknown.question) == len(revoked.question) == 8


def test_asking_is_in_the_record(asked):
    asked.ask()
    questions.ask(asked.context, DEFAULT_TENANT, "tester", "NOBODY")
    with asked.context.store.read() as transaction:
        newest = transaction.audit.latest(DEFAULT_TENANT, None, 2)
    told = [(entry.action, entry.serial, entry.outcome) for entry in newest]
    assert told == [("ask", "NOBODY", "not-asked"), ("ask", asked.serial, "asked")]
