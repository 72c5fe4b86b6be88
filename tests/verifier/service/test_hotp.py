"""Tokens that a counter moves on (RFC 4226), with pyotp as the token in the person's hand."""

import threading
from dataclasses import replace

import pytest

from attempt_samples import attempt, failures_of, outcome_of, reason_of
from keyfob import Parameters, Seed
from keyfob.uri import parse_uri
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.decide.policies.look_ahead import MAX_COUNTER, LookAhead
from keyfob_verifier.errors import TokenStatusError
from keyfob_verifier.records import Purpose, TokenKind, TokenStatus
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.enrolment import Application
from keyfob_verifier.service.inspection import show
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.outcome import Answer, Outcome, Reason
from keyfob_verifier.service.verification import verify
from keyfob_verifier.token_errors import InvalidApplicationError, NoQuestionsError
from kind_samples import CountingToken


def test_uri_carries_the_counter(context):
    token = CountingToken(context, counter=7, issuer="Bank")
    carried = parse_uri(token.enrolment.uri)
    assert (carried.counter, carried.account, carried.issuer) == (7, "alice", "Bank")
    assert carried.seed.to_base32() == token.enrolment.seed
    assert token.enrolment.seed not in repr(token.enrolment)


def test_codes_are_accepted_once_and_in_their_order(pressed):
    assert [pressed.reason(n) for n in (21, 21, 22, 21, 23)] == [
        Reason.ACCEPTED,
        Reason.REPLAYED,
        Reason.ACCEPTED,
        Reason.WRONG,
        Reason.ACCEPTED,
    ]
    assert show(pressed.context, DEFAULT_TENANT, pressed.serial).next_counter == 24


@pytest.mark.parametrize(
    ("counter", "reason"),
    [(20, Reason.REPLAYED), (30, Reason.ACCEPTED), (31, Reason.WRONG), (19, Reason.WRONG)],
)
def test_ten_codes_ahead_are_looked_at(pressed, counter, reason):
    assert pressed.reason(counter) is reason


def test_code_that_came_too_early_is_not_burned(pressed):
    assert [pressed.reason(n) for n in (31, 21, 31)] == [Reason.WRONG, Reason.ACCEPTED, Reason.ACCEPTED]


def test_look_ahead_is_the_installation_s(pressed):
    pressed.context = replace(pressed.context, look_ahead=LookAhead(look_ahead=3))
    assert [pressed.reason(n) for n in (24, 23)] == [Reason.WRONG, Reason.ACCEPTED]


def test_first_code_may_be_far_ahead(context):
    assert CountingToken(context).activate(199) == Outcome(Reason.ACCEPTED, 199)
    context.clock.advance(seconds=60)
    assert CountingToken(context).activate(200).reason is Reason.WRONG


def test_code_of_the_activation_and_older_ones_are_used(context):
    token = CountingToken(context)
    token.activate(50)
    assert [token.reason(n) for n in (49, 50, 51)] == [Reason.WRONG, Reason.REPLAYED, Reason.ACCEPTED]


def test_pending_token_s_code_is_no_login_and_stays_unused(context):
    token = CountingToken(context)
    assert token.reason(0) is Reason.NOT_ACTIVE
    assert token.activate(0).reason is Reason.ACCEPTED


def test_two_codes_find_the_counter_again_and_are_used(pressed):
    assert pressed.resync(150) == Outcome(Reason.ACCEPTED, 151)
    assert [pressed.reason(n) for n in (150, 151, 152)] == [Reason.WRONG, Reason.REPLAYED, Reason.ACCEPTED]


def test_codes_further_ahead_than_the_range_are_not_found(pressed):
    assert pressed.resync(220).reason is Reason.WRONG
    assert pressed.reason(21) is Reason.ACCEPTED


@pytest.mark.parametrize("codes", [(41, 40), (40, 42), (40, 40), (20, 21)])
def test_only_two_new_codes_in_a_row_find_the_counter(pressed, codes):
    assert pressed.resync(*codes).reason is Reason.WRONG
    assert show(pressed.context, DEFAULT_TENANT, pressed.serial).next_counter == 21


def test_resync_is_no_login(pressed):
    pressed.resync(21)
    with pressed.context.store.read() as transaction:
        newest = transaction.audit.latest(DEFAULT_TENANT, pressed.serial, 1)[0]
    assert (newest.action, newest.outcome, newest.step) == ("resync", "accepted", 22)


def test_next_code_of_one_beyond_the_window_is_accepted_as_a_pair(pressed):
    assert reason_of(pressed, pressed.code(60)) is Reason.WRONG
    pressed.context.clock.advance(seconds=30)
    assert outcome_of(pressed, pressed.code(61)) == Outcome(Reason.ACCEPTED_AS_PAIR, 61)
    assert pressed.reason(61) is Reason.REPLAYED


@pytest.mark.parametrize(("ahead", "reason"), [(52, Reason.ACCEPTED_AS_PAIR), (53, Reason.WRONG_AS_PAIR)])
def test_pair_is_searched_no_further_than_the_work_for_a_wrong_code_goes(pressed, ahead, reason):
    assert reason_of(pressed, pressed.code(20 + ahead)) is Reason.WRONG
    pressed.context.clock.advance(seconds=30)
    assert reason_of(pressed, pressed.code(21 + ahead)) is reason


def test_pair_sent_again_is_used(pressed):
    reason_of(pressed, pressed.code(60))
    pressed.context.clock.advance(seconds=30)
    reason_of(pressed, pressed.code(61))
    assert pressed.reason(60) is Reason.WRONG
    pressed.context.clock.advance(seconds=30)
    assert reason_of(pressed, pressed.code(61)) is Reason.REPLAYED


def test_one_code_sent_often_at_once_is_accepted_once(pressed):
    outcomes = verify(pressed.context, [attempt(pressed, pressed.code(21)) for _ in range(32)])
    reasons = [outcome.reason for outcome in outcomes]
    assert reasons.count(Reason.ACCEPTED) == 1
    assert reasons[0] is Reason.ACCEPTED


def test_one_code_sent_by_many_threads_is_accepted_once(pressed, database_url, kek_path):
    """Through two verifiers on one database."""
    context, found = pressed.context, []
    other = open_installation(database_url, kek_path, Purpose.PRODUCTION, context.clock)
    start, sent = threading.Barrier(8), attempt(pressed, pressed.code(21))

    def send(through):
        start.wait()
        found.extend(outcome.answer for outcome in verify(through, [sent]))

    threads = [threading.Thread(target=send, args=(through,)) for through in (context, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.store.close()
    assert len(found) == 8
    assert found.count(Answer.ACCEPTED) == 1


@pytest.mark.parametrize("step_s", [-864_000.0, -31.0, 31.0, 864_000.0])
def test_stepped_clock_stops_no_counter_and_revives_none(pressed, step_s):
    def sent(counter):
        now = pressed.context.clock.now()
        named = {"at": now + step_s, "steady_at": now, "learns": False}
        return pressed.reason(counter, **named)

    assert [sent(n) for n in (21, 21, 25, 24)] == [
        Reason.ACCEPTED,
        Reason.REPLAYED,
        Reason.ACCEPTED,
        Reason.WRONG,
    ]
    assert [pressed.reason(n) for n in (25, 26)] == [Reason.REPLAYED, Reason.ACCEPTED]


def test_code_that_taught_nothing_is_used_all_the_same(pressed):
    before = pressed.token()
    assert pressed.reason(25, learns=False) is Reason.ACCEPTED
    assert pressed.token().drift == before.drift._replace(last_step=25)
    assert pressed.reason(25) is Reason.REPLAYED


def test_code_sent_to_a_locked_token_stays_unused(pressed):
    wrong = pressed.wrong_code()
    for _ in range(10):
        reason_of(pressed, wrong)
        pressed.context.clock.advance(seconds=310)
    locked = outcome_of(pressed, pressed.code(21))
    assert locked.reason is Reason.LOCKED
    assert pressed.token().drift.last_step == 20


def test_question_is_refused_that_it_cannot_have_answered(pressed):
    assert pressed.reason(21, challenge=Challenge("12345678")) is Reason.QUESTION_UNUSABLE
    assert all(row is None or row.state.streak == 0 for row in failures_of(pressed))
    assert pressed.reason(21) is Reason.ACCEPTED
    codes = pressed.code(30), pressed.code(31)
    with pytest.raises(NoQuestionsError):
        lifecycle.resync(
            pressed.context, DEFAULT_TENANT, "tester", pressed.serial, codes, challenge=Challenge("12345678")
        )


def test_counter_ends_where_the_database_does(context):
    token = CountingToken(context, counter=MAX_COUNTER - 1)
    assert token.activate(MAX_COUNTER - 1) == Outcome(Reason.ACCEPTED, MAX_COUNTER - 1)
    assert token.reason(MAX_COUNTER) is Reason.ACCEPTED
    assert token.reason(MAX_COUNTER) is Reason.REPLAYED
    token.later()
    assert token.resync(MAX_COUNTER - 1).reason is Reason.WRONG
    token.later()
    assert [token.reason(n) for n in (0, MAX_COUNTER + 1)] == [Reason.WRONG, Reason.WRONG]


def test_last_two_counters_find_a_token_again(context):
    token = CountingToken(context, counter=MAX_COUNTER - 50)
    token.activate(MAX_COUNTER - 50)
    assert token.resync(MAX_COUNTER - 1) == Outcome(Reason.ACCEPTED, MAX_COUNTER)


@pytest.mark.parametrize(
    "wanted",
    [
        {"counter": MAX_COUNTER + 1},
        {"counter": -1},
        {"parameters": Parameters(time_step_s=60)},
        {"pin": "1234"},
        {"kind": TokenKind.TOTP, "counter": 1},
    ],
)
def test_what_no_counter_token_is_cannot_be_enrolled(wanted):
    with pytest.raises(InvalidApplicationError):
        Application(**{"account": "alice", "kind": TokenKind.HOTP, "seed": Seed(bytes(20))} | wanted)


def test_token_that_needs_a_resync_takes_nothing_before_and_is_active_after(context):
    token = CountingToken(context)
    with context.store.write() as transaction:
        transaction.tokens.change(
            [(token.token(), replace(token.token(), status=TokenStatus.RESYNC_REQUIRED))]
        )
    assert token.reason(0) is Reason.NOT_ACTIVE
    with pytest.raises(TokenStatusError):
        token.activate(0)
    assert token.resync(40) == Outcome(Reason.ACCEPTED, 41)
    assert token.token().activated_at == context.clock.now()
    assert token.reason(42) is Reason.ACCEPTED
