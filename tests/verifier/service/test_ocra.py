"""Tokens that answer questions (RFC 6287), answered by the reckoning that tests/ocra_samples.py has of its own."""

import itertools
import threading
from dataclasses import replace

import pytest
from sqlalchemy import update

from attempt_samples import attempt, failures_of
from keyfob import Parameters
from keyfob.errors import MalformedQuestionError, OcraInputError
from keyfob.ocra import OcraSuite
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.errors import DamagedTokenError
from keyfob_verifier.records import Purpose, TokenKind, TokenStatus
from keyfob_verifier.service import inspection, lifecycle, questions
from keyfob_verifier.service.enrolment import Application
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.outcome import Answer, Reason
from keyfob_verifier.service.restore import guarded_token, highest_step
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import tokens
from keyfob_verifier.token_errors import InvalidApplicationError, NoQuestionsError, QuestionMissingError
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


@pytest.mark.parametrize("suite", EVERY_SUITE)
def test_answer_of_the_activation_is_used(context, suite):
    token = AnsweringToken(context, suite)
    code, question = token.activate()
    assert token.reason(code, question) in {Reason.REPLAYED, Reason.QUESTION_NOT_OPEN}
    token.later()
    question = token.ask()
    assert token.reason(token.answer(question), question) is Reason.ACCEPTED


@pytest.mark.parametrize("suite", EVERY_SUITE)
def test_one_answer_sent_often_at_once_is_accepted_once(holding, suite):
    token = holding(suite)
    question = token.ask()
    sent = attempt(token, token.answer(question), challenge=token.challenge(question))
    answers = [outcome.answer for outcome in verify(token.context, [sent] * 32)]
    assert answers.count(Answer.ACCEPTED) == 1
    assert answers[0] is Answer.ACCEPTED


@pytest.mark.parametrize("suite", [COUNTED, TIMED, ASKED])
def test_one_answer_sent_by_many_threads_is_accepted_once(holding, suite, database_url, kek_path):
    """Through two verifiers on one database."""
    token, found = holding(suite), []
    other = open_installation(database_url, kek_path, Purpose.PRODUCTION, token.context.clock)
    question = token.ask()
    sent = attempt(token, token.answer(question), challenge=token.challenge(question))
    start = threading.Barrier(8)

    def send(through):
        start.wait()
        found.extend(outcome.answer for outcome in verify(through, [sent]))

    threads = [threading.Thread(target=send, args=(through,)) for through in (token.context, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.store.close()
    assert len(found) == 8
    assert found.count(Answer.ACCEPTED) == 1


@pytest.mark.parametrize("suite", EVERY_SUITE)
def test_stepped_clock_revives_no_answer(holding, suite):
    token = holding(suite)
    question = token.ask()
    code, challenge = token.answer(question), token.challenge(question)
    answers = []
    for step_s in (0.0, 60.0, -60.0, 864_000.0, -864_000.0, 0.0):
        now = token.context.clock.now()
        named = {"at": now + step_s, "steady_at": now, "learns": step_s == 0.0}
        (outcome,) = verify(token.context, [attempt(token, code, challenge=challenge, **named)])
        answers.append(outcome.answer)
        token.context.clock.advance(seconds=60)
    assert answers == [Answer.ACCEPTED, *[Answer.REFUSED] * 5]


def test_session_is_part_of_what_is_compared(holding):
    token = holding("OCRA-1:HOTP-SHA1-6:QN08-S064-T1M")
    code = token.answer("12345678")
    assert token.reason(code, "12345678", b"another") is Reason.WRONG


def test_seed_is_told_and_no_uri(context):
    token = AnsweringToken(context, ASKED)
    assert token.enrolment.uri is None
    assert token.enrolment.seed not in repr(token.enrolment)
    assert token.token().suite == ASKED


def kept_of(token):
    with token.context.store.read() as transaction:
        return transaction.questions.of(DEFAULT_TENANT, [token.token().id])[token.token().id]


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
        assert token.resync(codes, "555").reason is Reason.ACCEPTED
        assert token.reason(codes[1], "555") is Reason.REPLAYED
        token.later()
        assert token.reason(codes[0], "555") is Reason.WRONG
        token.later()
        assert token.reason(token.answer("7"), "7") is Reason.ACCEPTED

    @pytest.mark.parametrize(
        ("steps", "reason"),
        [(-2, Reason.WRONG), (-1, Reason.ACCEPTED), (1, Reason.ACCEPTED), (2, Reason.WRONG)],
    )
    def test_time_beside_the_counter_may_be_a_step_off(self, holding, steps, reason):
        token = holding("OCRA-1:HOTP-SHA256-8:C-QN08-T1M")
        assert token.reason(token.answer("1", steps_later=steps), "1") is reason

    def test_other_question_has_no_answer_of_a_used_counter(self, holding):
        token = holding(COUNTED)
        counter = token.counter
        assert token.reason(token.answer("1"), "1") is Reason.ACCEPTED
        token.counter = counter
        assert token.reason(token.answer("2"), "2") is Reason.REPLAYED

    def test_resync_with_time_beside_the_counter(self, holding):
        token = holding("OCRA-1:HOTP-SHA256-8:C-QN08-T1M")
        token.counter += 100
        codes = token.answer("5", steps_later=-1), token.answer("5")
        assert token.resync(codes, "5").reason is Reason.ACCEPTED
        assert token.reason(codes[1], "5") is Reason.REPLAYED

    def test_token_that_needs_a_resync_can_be_asked_for_it(self, holding):
        token = holding(COUNTED)
        alter(token, status=TokenStatus.RESYNC_REQUIRED.value)
        question = token.ask()
        assert token.reason(token.answer(question), question) is Reason.NOT_ACTIVE
        codes = token.answer(question), token.answer(question)
        assert token.resync(codes, question).reason is Reason.ACCEPTED
        assert token.reason(token.answer("1"), "1") is Reason.ACCEPTED

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

    def test_activation_leaves_other_questions_of_the_step(self, context):
        token = AnsweringToken(context, TIMED)
        code, question = token.activate()
        assert token.reason(code, question) is Reason.REPLAYED
        token.context.clock.advance(seconds=5)
        assert token.reason(token.answer("77"), "77") is Reason.ACCEPTED

    def test_resync_leaves_other_questions_of_its_second_step(self, holding):
        token = holding(TIMED)
        codes = token.answer("5", steps_later=3), token.answer("5", steps_later=4)
        assert token.resync(codes, "5").reason is Reason.ACCEPTED
        token.context.clock.advance(seconds=60)
        used = (codes[1], "5"), (codes[0], "5"), (token.answer("6", steps_later=2), "6")
        for code, question in used:
            assert token.reason(code, question) is not Reason.ACCEPTED
            token.context.clock.advance(seconds=5)
        assert token.reason(token.answer("7", steps_later=3), "7") is Reason.ACCEPTED
        token.later()
        assert token.reason(token.answer("8", steps_later=4), "8") is Reason.ACCEPTED

    def test_other_session_is_another_question(self, holding):
        token = holding("OCRA-1:HOTP-SHA1-6:QN08-S008-T1M")
        for session in (b"one", b"two"):
            assert token.reason(token.answer("1", session=session), "1", session) is Reason.ACCEPTED
        assert token.reason(token.answer("1", session=b"one"), "1", b"one") is Reason.REPLAYED
        assert token.reason(token.answer("1", session=b"one"), "1", b"\0one") is not Reason.ACCEPTED

    def test_what_was_answered_is_kept_for_its_step_alone(self, holding):
        token = holding(TIMED)
        for question in ("1", "2", "3"):
            assert token.reason(token.answer(question), question) is Reason.ACCEPTED
        assert len(kept_of(token)) == 3
        token.context.clock.advance(seconds=60)
        assert token.reason(token.answer("4"), "4") is Reason.ACCEPTED
        assert len(kept_of(token)) == 1

    def test_answer_that_taught_nothing_is_used_all_the_same(self, holding):
        token = holding(TIMED)
        code = token.answer("1")
        assert token.reason(code, "1", learns=False) is Reason.ACCEPTED
        assert token.reason(code, "1", learns=False) is Reason.REPLAYED

    def test_guarded_token_refuses_every_step_that_may_have_been_used(self, holding):
        """With a new question as well; and a last step that lies ahead of the clock is refused like any other."""
        token = holding(TIMED)
        known, now = token.token(), token.context.clock.now()
        guarded = guarded_token(known, now)
        policy = token.context.policy_for(known)
        assert guarded.drift.last_step == highest_step(policy, known.drift, now) + 1
        ahead = replace(known, drift=known.drift._replace(last_step=2**40))
        assert guarded_token(ahead, now).drift.last_step == 2**40 + 1


@pytest.mark.parametrize(
    "challenge",
    [
        None,
        Challenge("abc"),
        Challenge("1" * 17),
        Challenge("1", b"unwanted"),
        Challenge("1", b""),
        Challenge(""),
        Challenge("\uff11"),
    ],
    ids=ascii,
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


def test_session_is_wanted_where_the_suite_names_it(holding):
    token = holding("OCRA-1:HOTP-SHA1-6:C-QN08-S008")
    code = token.answer("1", session=b"")
    for session in (None, b"123456789"):
        (outcome,) = verify(token.context, [attempt(token, code, challenge=Challenge("1", session))])
        assert outcome.reason is Reason.QUESTION_UNUSABLE
    assert token.reason(code, "1", b"") is Reason.ACCEPTED
    with pytest.raises(OcraInputError):
        token.resync((code, code), "1", b"123456789")


def test_resync_without_a_question_says_so(holding):
    token = holding(COUNTED)
    with pytest.raises(QuestionMissingError):
        lifecycle.resync(token.context, DEFAULT_TENANT, "tester", token.serial, ("1" * 8, "2" * 8))


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": TokenKind.OCRA},
        {"suite": OcraSuite.parse(ASKED)},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(ASKED), "pin": PIN},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(f"{COUNTED}-PSHA1"), "pin": ""},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(f"{COUNTED}-PSHA1"), "pin": "7" * 65},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(ASKED), "counter": 1},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-6:QN08-PSHA1")},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-4:QN08")},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-6:C-QN08-T20S")},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-6:QN07")},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse("OCRA-1:HOTP-SHA1-6:C-QN08"), "counter": -1},
        {"kind": TokenKind.OCRA, "suite": OcraSuite.parse(ASKED), "parameters": Parameters(digits=8)},
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


@pytest.mark.parametrize(
    "work",
    [
        lambda token: inspection.show(token.context, DEFAULT_TENANT, token.serial),
        lambda token: inspection.page(token.context, DEFAULT_TENANT, "", 10),
        lambda token: questions.ask(token.context, DEFAULT_TENANT, "tester", token.serial),
        lambda token: lifecycle.resync(token.context, DEFAULT_TENANT, "tester", token.serial, ("1" * 8,) * 2),
        lambda token: guarded_token(token.token(), token.context.clock.now()),
    ],
)
def test_token_whose_suite_was_removed_is_named(holding, work):
    token = holding(COUNTED)
    alter(token, suite=None)
    with pytest.raises(DamagedTokenError, match=token.serial):
        work(token)
