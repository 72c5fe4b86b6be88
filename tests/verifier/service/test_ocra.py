"""Tokens that answer questions (RFC 6287), answered by the reckoning that tests/ocra_samples.py has of its own."""

import itertools

import pytest
from sqlalchemy import update

from attempt_samples import attempt, failures_of
from keyfob.errors import MalformedQuestionError
from keyfob.ocra import OcraSuite
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.errors import DamagedTokenError, TokenNotFoundError, TokenStatusError
from keyfob_verifier.records import TokenKind
from keyfob_verifier.service import lifecycle, questions
from keyfob_verifier.service.enrolment import Application
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.questions import MOST_OPEN, OPEN_S
from keyfob_verifier.service.restore import guarded_token
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import tokens
from keyfob_verifier.token_errors import (
    InvalidApplicationError,
    NoQuestionsError,
    NothingToResyncError,
    QuestionMissingError,
    QuestionNotOpenError,
)
from kind_samples import ASKED, COUNTED, PIN, TIMED, AnsweringToken

EVERY_SUITE = [
    f"OCRA-1:HOTP-SHA256-8:{c}QN08{p}{s}{t}"
    for c, p, s, t in itertools.product(("C-", ""), ("", "-PSHA1"), ("", "-S064"), ("", "-T1M"))
]


@pytest.mark.parametrize("suite", EVERY_SUITE)
def test_answer_of_every_suite_is_accepted_once_and_a_wrong_one_never(holding, suite):
    token = holding(suite)
    question = token.ask()
    code = token.answer(question)
    assert token.reason(code, question) is Reason.ACCEPTED
    assert token.reason(code, question) in {Reason.REPLAYED, Reason.QUESTION_NOT_OPEN}
    for wrong in ({"pin": "4321"}, {"session": b"session 2"}):
        token.later()
        question = token.ask()
        named = "PSHA1" if "pin" in wrong else "S064"
        expected = Reason.WRONG if named in suite else Reason.ACCEPTED
        assert token.reason(token.answer(question, **wrong), question) is expected
    token.later()
    asked, other = token.ask(), token.ask()
    assert token.reason(token.answer(other), asked) is Reason.WRONG


def test_session_is_part_of_what_is_compared(holding):
    token = holding("OCRA-1:HOTP-SHA1-6:QN08-S064-T1M")
    code = token.answer("12345678")
    assert token.reason(code, "12345678", b"another") is Reason.WRONG


def test_seed_is_told_and_no_uri(context):
    token = AnsweringToken(context, ASKED)
    assert token.enrolment.uri is None
    assert token.enrolment.seed not in repr(token.enrolment)
    assert token.token().suite == ASKED


class TestCounted:
    def test_question_may_be_the_callers(self, holding):
        token = holding(COUNTED)
        assert token.reason(token.answer("20261124"), "20261124") is Reason.ACCEPTED
        assert token.reason(token.answer("20261124"), "20261124") is Reason.ACCEPTED

    def test_answers_pressed_and_never_sent_are_passed_over(self, holding):
        token = holding(COUNTED)
        token.counter += 9
        assert token.reason(token.answer("1"), "1") is Reason.ACCEPTED
        token.counter += 10
        assert token.reason(token.answer("1"), "1") is Reason.WRONG

    def test_two_answers_to_one_question_find_the_counter_again(self, holding):
        token = holding(COUNTED)
        token.counter += 100
        codes = token.answer("555"), token.answer("555")
        outcome = lifecycle.resync(
            token.context, DEFAULT_TENANT, "tester", token.serial, codes, challenge=Challenge("555")
        )
        assert outcome.reason is Reason.ACCEPTED
        assert token.reason(codes[1], "555") is Reason.REPLAYED
        token.later()
        assert token.reason(token.answer("7"), "7") is Reason.ACCEPTED

    @pytest.mark.parametrize(
        ("steps", "reason"),
        [(-2, Reason.WRONG), (-1, Reason.ACCEPTED), (1, Reason.ACCEPTED), (2, Reason.WRONG)],
    )
    def test_time_beside_the_counter_may_be_a_step_off(self, holding, steps, reason):
        token = holding("OCRA-1:HOTP-SHA256-8:C-QN08-T1M")
        assert token.reason(token.answer("1", steps_later=steps), "1") is reason

    def test_time_beside_the_counter_revives_no_answer(self, holding):
        token = holding("OCRA-1:HOTP-SHA256-8:C-QN08-T1M")
        code = token.answer("1")
        assert token.reason(code, "1") is Reason.ACCEPTED
        token.context.clock.advance(seconds=60)
        assert token.reason(code, "1") is Reason.REPLAYED


class TestTimed:
    def test_other_question_within_the_step_is_answered_and_the_same_never_again(self, holding):
        token = holding(TIMED)
        first, second = token.answer("11111111"), token.answer("22222222")
        found = [token.reason(c, q) for c, q in ((first, "11111111"), (second, "22222222"))]
        assert found == [Reason.ACCEPTED, Reason.ACCEPTED]
        assert token.reason(first, "11111111") is Reason.REPLAYED
        token.later()
        assert token.reason(second, "22222222") is Reason.WRONG
        token.later()
        assert token.reason(token.answer("11111111"), "11111111") is Reason.ACCEPTED

    def test_the_same_holds_within_one_batch(self, holding):
        token = holding(TIMED)
        codes = {question: token.answer(question) for question in ("1", "2")}
        sent = [attempt(token, codes[q], challenge=Challenge(q)) for q in ("1", "2", "1", "2")]
        reasons = [outcome.reason for outcome in verify(token.context, sent)]
        assert reasons[:3] == [Reason.ACCEPTED, Reason.ACCEPTED, Reason.REPLAYED]
        assert reasons[3] is not Reason.ACCEPTED

    @pytest.mark.parametrize("same", ["01", "16", "0000001"])
    def test_questions_that_are_one_to_the_token_are_one_to_the_verifier(self, holding, same):
        token = holding(TIMED)
        code = token.answer("1")
        assert token.answer(same) == code
        assert token.reason(code, "1") is Reason.ACCEPTED
        assert token.reason(code, same) is Reason.REPLAYED

    def test_older_step_is_refused_whatever_the_question(self, holding):
        token = holding(TIMED)
        older = token.answer("2", steps_later=-1)
        assert token.reason(token.answer("1"), "1") is Reason.ACCEPTED
        assert token.reason(older, "2") in {Reason.REPLAYED, Reason.WRONG}

    def test_answer_of_the_activation_is_used(self, context):
        token = AnsweringToken(context, TIMED)
        question = token.ask()
        code = token.answer(question)
        lifecycle.activate(
            context, DEFAULT_TENANT, "tester", token.serial, code, challenge=Challenge(question)
        )
        assert token.reason(code, question) is Reason.REPLAYED
        token.context.clock.advance(seconds=5)
        assert token.reason(token.answer("77"), "77") is Reason.ACCEPTED

    def test_restored_token_refuses_all_that_may_have_been_accepted(self, holding):
        token = holding(TIMED)
        at = token.context.clock.now()
        with token.context.store.write() as transaction:
            known = transaction.tokens.get(DEFAULT_TENANT, token.serial)
            guarded = guarded_token(known, at)
            transaction.tokens.change([(known, guarded)])
            transaction.questions.forget_open()
        for steps in range(-3, 4):
            token.later()
            early = token.context.clock.now() < (guarded.drift.last_step) * 60
            reason = token.reason(token.answer("9", steps_later=steps), "9")
            assert not (early and reason is Reason.ACCEPTED)


class TestAsked:
    def test_question_that_was_not_asked_has_no_answer(self, holding):
        token = holding(ASKED)
        assert token.reason(token.answer("12345678"), "12345678") is Reason.QUESTION_NOT_OPEN

    def test_question_is_answered_once(self, holding):
        token = holding(ASKED)
        question = token.ask()
        sent = [
            attempt(
                token, token.answer(question), challenge=Challenge(question), at=token.context.clock.now()
            )
        ] * 32
        reasons = [outcome.reason for outcome in verify(token.context, sent)]
        assert reasons.count(Reason.ACCEPTED) == 1
        token.later()
        assert token.reason(token.answer(question), question) is Reason.QUESTION_NOT_OPEN

    @pytest.mark.parametrize(
        ("after_s", "reason"), [(OPEN_S - 1, Reason.ACCEPTED), (OPEN_S, Reason.QUESTION_NOT_OPEN)]
    )
    def test_question_is_open_for_a_while(self, holding, after_s, reason):
        token = holding(ASKED)
        question = token.ask()
        token.context.clock.advance(seconds=after_s)
        assert token.reason(token.answer(question), question) is reason

    def test_wrong_answer_leaves_the_question_open(self, holding):
        token = holding(ASKED)
        question = token.ask()
        right = token.answer(question)
        wrong = str(int(right) ^ 1).zfill(6)
        assert token.reason(wrong, question) is Reason.WRONG
        token.context.clock.advance(seconds=60)
        assert token.reason(right, question) is Reason.ACCEPTED

    def test_oldest_of_too_many_questions_is_closed(self, holding):
        token = holding(ASKED)
        asked = []
        for _ in range(MOST_OPEN + 1):
            asked.append(token.ask())
            token.context.clock.advance(seconds=1)
        assert token.reason(token.answer(asked[1]), asked[1]) is Reason.ACCEPTED
        token.context.clock.advance(seconds=60)
        assert token.reason(token.answer(asked[0]), asked[0]) is Reason.QUESTION_NOT_OPEN

    def test_there_is_nothing_to_resynchronize(self, holding):
        token = holding(ASKED)
        with pytest.raises(NothingToResyncError):
            lifecycle.resync(token.context, DEFAULT_TENANT, "tester", token.serial, ("123456", "123457"))

    def test_activation_needs_an_open_question(self, context):
        token = AnsweringToken(context, ASKED)
        with pytest.raises(QuestionNotOpenError):
            lifecycle.activate(
                context, DEFAULT_TENANT, "tester", token.serial, "123456", challenge=Challenge("12345678")
            )
        with pytest.raises(QuestionMissingError):
            lifecycle.activate(context, DEFAULT_TENANT, "tester", token.serial, "123456")


@pytest.mark.parametrize(
    "challenge", [None, Challenge("abc"), Challenge("1" * 17), Challenge("1", b"unwanted"), Challenge("")]
)
def test_unusable_question_is_refused_and_costs_nothing(holding, challenge):
    token = holding(COUNTED)
    (outcome,) = verify(token.context, [attempt(token, "12345678", challenge=challenge)])
    assert outcome.reason is Reason.QUESTION_UNUSABLE
    assert [row.state.streak for row in failures_of(token) if row is not None] in ([0, 0], [])
    assert token.reason(token.answer("5"), "5") is Reason.ACCEPTED


def test_other_question_under_one_idempotency_key_is_another_attempt(holding):
    token = holding(COUNTED)
    code = token.answer("1")
    assert token.reason(code, "1", idempotency_key="k") is Reason.ACCEPTED
    assert token.reason(code, "1", idempotency_key="k") is Reason.ACCEPTED
    assert token.reason(code, "2", idempotency_key="k") is Reason.WRONG


def test_code_of_the_time_cannot_sign_anything(fob):
    (outcome,) = verify(fob.context, [attempt(fob, fob.code(), challenge=Challenge("12345678"))])
    assert outcome.reason is Reason.QUESTION_UNUSABLE
    with pytest.raises(NoQuestionsError):
        lifecycle.resync(
            fob.context, DEFAULT_TENANT, "tester", fob.serial, ("1" * 6, "2" * 6), challenge=Challenge("1")
        )


def test_malformed_question_is_told_to_an_administrator(holding):
    token = holding(COUNTED)
    with pytest.raises(MalformedQuestionError):
        lifecycle.resync(
            token.context, DEFAULT_TENANT, "tester", token.serial, ("1" * 8,) * 2, challenge=Challenge("x")
        )


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


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": TokenKind.OCRA},
        {"suite": OcraSuite.parse(ASKED)},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(ASKED), "pin": PIN},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(ASKED), "counter": 1},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-6:QN08-PSHA1")},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-4:QN08")},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-6:C-QN08-T20S")},
    ],
)
def test_what_does_not_go_together_cannot_be_enrolled(wanted):
    with pytest.raises(InvalidApplicationError):
        Application(account="alice", **wanted)


def alter(token, **altered):
    with token.context.store.write() as transaction:
        transaction.connection.execute(
            update(tokens).where(tokens.c.serial == token.serial).values(**altered)
        )


def test_suite_that_cannot_be_read_is_found_before_any_code_is_compared(holding):
    token = holding(COUNTED)
    alter(token, suite="OCRA-2:unknown")
    with pytest.raises(DamagedTokenError):
        token.reason(token.answer("1"), "1")


@pytest.mark.parametrize(
    ("altered", "reason"),
    [
        ({"suite": None}, Reason.SEED_UNUSABLE),
        ({"suite": "OCRA-1:HOTP-SHA256-8:C-QN10"}, Reason.SEED_UNUSABLE),
        ({"kind": "totp"}, Reason.QUESTION_UNUSABLE),
    ],
)
def test_answer_of_an_altered_token_is_refused(holding, altered, reason):
    token = holding(COUNTED)
    alter(token, **altered)
    assert token.reason(token.answer("1"), "1") is reason
