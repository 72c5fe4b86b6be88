"""Tokens that a counter moves on (RFC 4226), with pyotp as the token in the person's hand."""

import pyotp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attempt_samples import attempt, outcome_of, reason_of
from keyfob import Parameters, Seed
from keyfob.uri import parse_uri
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.decide.policies.look_ahead import MAX_COUNTER
from keyfob_verifier.records import TokenKind, TokenStatus
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.inspection import show
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.service.restore import guarded_token
from keyfob_verifier.service.verification import verify
from keyfob_verifier.token_errors import InvalidApplicationError


class Pressed:
    """A counter token: pyotp's, with the seed that was told at enrolment."""

    def __init__(self, context, counter=0):
        wanted = Application(account="alice", kind=TokenKind.HOTP, counter=counter)
        self.context = context
        self.enrolment = enrol(context, DEFAULT_TENANT, "tester", wanted)
        self.serial = self.enrolment.token.serial
        self.code = pyotp.HOTP(self.enrolment.seed).at

    def token(self):
        with self.context.store.read() as transaction:
            return transaction.tokens.get(DEFAULT_TENANT, self.serial)

    def activate(self, counter):
        return lifecycle.activate(self.context, DEFAULT_TENANT, "tester", self.serial, self.code(counter))

    def resync(self, counter):
        codes = self.code(counter), self.code(counter + 1)
        return lifecycle.resync(self.context, DEFAULT_TENANT, "tester", self.serial, codes)

    def reason(self, counter, **named):
        """What becomes of a code, an hour after the last one, so that nothing waits."""
        self.context.clock.advance(seconds=3600)
        return reason_of(self, self.code(counter), **named)


@pytest.fixture
def pressed(context):
    """A token whose counters up to 20 are used."""
    token = Pressed(context, counter=20)
    assert token.activate(20) == Outcome(Reason.ACCEPTED, 20)
    return token


def test_uri_carries_the_counter(context):
    carried = parse_uri(Pressed(context, counter=7).enrolment.uri)
    assert carried.counter == 7


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


def test_first_code_may_be_far_ahead(context):
    assert Pressed(context).activate(199) == Outcome(Reason.ACCEPTED, 199)
    assert Pressed(context).activate(200).reason is Reason.WRONG


def test_two_codes_find_the_counter_again_and_are_used(pressed):
    assert pressed.resync(150) == Outcome(Reason.ACCEPTED, 151)
    assert [pressed.reason(n) for n in (150, 151, 152)] == [Reason.WRONG, Reason.REPLAYED, Reason.ACCEPTED]


def test_codes_further_ahead_than_the_range_are_not_found(pressed):
    assert pressed.resync(220).reason is Reason.WRONG
    assert pressed.reason(21) is Reason.ACCEPTED


def test_next_code_of_one_beyond_the_window_is_accepted_as_a_pair(pressed):
    assert reason_of(pressed, pressed.code(60)) is Reason.WRONG
    pressed.context.clock.advance(seconds=30)
    assert outcome_of(pressed, pressed.code(61)) == Outcome(Reason.ACCEPTED_AS_PAIR, 61)
    assert pressed.reason(61) is Reason.REPLAYED


def test_one_code_sent_often_at_once_is_accepted_once(pressed):
    outcomes = verify(pressed.context, [attempt(pressed, pressed.code(21)) for _ in range(32)])
    reasons = [outcome.reason for outcome in outcomes]
    assert reasons.count(Reason.ACCEPTED) == 1
    assert reasons[0] is Reason.ACCEPTED


def test_stepped_clock_stops_no_counter(pressed):
    assert pressed.reason(21, learns=False) is Reason.ACCEPTED
    assert pressed.reason(21, learns=False) is Reason.REPLAYED


def test_question_is_refused_that_it_cannot_have_answered(pressed):
    assert pressed.reason(21, challenge=Challenge("12345678")) is Reason.QUESTION_UNUSABLE
    assert pressed.reason(21) is Reason.ACCEPTED


def test_counter_ends_where_the_database_does(context):
    token = Pressed(context, counter=MAX_COUNTER - 1)
    assert token.activate(MAX_COUNTER - 1) == Outcome(Reason.ACCEPTED, MAX_COUNTER - 1)
    assert token.reason(MAX_COUNTER) is Reason.ACCEPTED
    assert token.reason(MAX_COUNTER) is Reason.REPLAYED


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


def test_restored_token_needs_two_codes_first(pressed):
    now = pressed.context.clock.now()
    with pressed.context.store.write() as transaction:
        known = transaction.tokens.get(DEFAULT_TENANT, pressed.serial)
        transaction.tokens.change([(known, guarded_token(known, now))])
    assert pressed.token().status is TokenStatus.RESYNC_REQUIRED
    assert pressed.reason(21) is Reason.NOT_ACTIVE
    assert pressed.resync(40) == Outcome(Reason.ACCEPTED, 41)
    assert pressed.reason(42) is Reason.ACCEPTED


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ahead=st.lists(st.integers(-3, 14), min_size=1, max_size=12))
def test_no_counter_is_accepted_twice_nor_an_older_one(context, ahead):
    context.clock.advance(seconds=3600)  # her other tokens' failures are forgiven
    token, last = Pressed(context), 0
    assert token.activate(0).reason is Reason.ACCEPTED
    for more in ahead:
        counter = max(last + more, 0)
        accepted = token.reason(counter) is Reason.ACCEPTED
        assert accepted == (last < counter <= last + 10)
        last = counter if accepted else last
