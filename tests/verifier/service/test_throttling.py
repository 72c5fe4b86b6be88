"""Budgets of tokens, users and sources: whose failures cost whom what."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from attempt_samples import activate, attempt, failures_of, outcome_of, reason_of, statements_of
from keyfob_verifier.attempts import Standing
from keyfob_verifier.decide.throttle import Throttle
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.throttling import FORGOTTEN_AT_ONCE, MOST_SOURCES
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import known_sources, throttles

HOME, CAFE = "home", "café"


def fail_until_locked(fob, **named):
    """Guesses as often as the throttle lets it; returns how many guesses were compared."""
    compared = 0
    while True:
        outcome = outcome_of(fob, fob.wrong_code(), **named)
        if outcome.reason is Reason.LOCKED:
            return compared
        compared += outcome.reason in {Reason.WRONG, Reason.WRONG_AS_PAIR}
        fob.context.clock.advance(seconds=max(outcome.retry_after_s, 0.01))


def table(context, which):
    with context.store._engine.connect() as connection:
        return connection.execute(select(which)).all()


class TestUser:
    def test_tokens_of_an_account_share_a_budget(self, context, fob, hold):
        other = activate(hold())
        assert fail_until_locked(fob) in {10, 11}
        assert reason_of(other, other.code()) is Reason.LOCKED

    def test_users_are_apart(self, context, fob, hold):
        other = activate(hold(account="bob"))
        fail_until_locked(fob)
        assert reason_of(other, other.code()) is Reason.ACCEPTED

    def test_tokens_without_an_account_are_apart(self, context, hold, fob):
        with context.store._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE tokens SET account = ''")
        other = activate(hold(account="bob"))
        with context.store._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE tokens SET account = ''")
        fail_until_locked(fob)
        assert reason_of(other, other.code()) is Reason.ACCEPTED


class TestKnownSource:
    def test_owner_is_not_locked_out_by_somebody_elsewhere(self, fob):
        assert reason_of(fob, fob.code(), source=HOME) is Reason.ACCEPTED
        fail_until_locked(fob, source=CAFE)
        fob.context.clock.advance(seconds=60)
        assert reason_of(fob, fob.code(), source=CAFE) is Reason.LOCKED
        assert reason_of(fob, fob.code()) is Reason.LOCKED
        assert reason_of(fob, fob.code(), source=HOME) is Reason.ACCEPTED

    def test_known_source_has_a_budget_too(self, fob):
        reason_of(fob, fob.code(), source=HOME)
        assert fail_until_locked(fob, source=HOME) in {10, 11}
        fob.context.clock.advance(seconds=60)
        assert reason_of(fob, fob.code()) is Reason.ACCEPTED

    def test_source_that_only_failed_is_not_known(self, fob):
        reason_of(fob, fob.wrong_code(), source=HOME)
        assert failures_of(fob, Standing.KNOWN) == [None, None]
        assert table(fob.context, known_sources) == []

    def test_source_is_known_to_the_token_that_was_used_from_it_alone(self, fob, hold):
        other = activate(hold(account="bob"))
        reason_of(fob, fob.code(), source=HOME)
        fail_until_locked(other)
        assert reason_of(other, other.code(), source=HOME) is Reason.LOCKED

    def test_activation_makes_a_source_known_and_a_resync_does_not(self, context, hold):
        held = hold()
        lifecycle.activate(context, DEFAULT_TENANT, "tester", held.serial, held.code(), source=HOME)
        context.clock.advance(seconds=300)
        codes = held.code(), held.code(1)
        outcome = lifecycle.resync(context, DEFAULT_TENANT, "tester", held.serial, codes, source=CAFE)
        assert outcome.reason is Reason.ACCEPTED
        assert len(table(context, known_sources)) == 1

    def test_newest_sources_are_remembered_and_none_as_it_was_named(self, fob):
        for number in range(MOST_SOURCES + 3):
            fob.context.clock.advance(seconds=60)
            assert reason_of(fob, fob.code(), source=f"place {number}") is Reason.ACCEPTED
        rows = table(fob.context, known_sources)
        assert len(rows) == MOST_SOURCES
        assert not any(b"place" in bytes(row.source_sha256) for row in rows)
        fail_until_locked(fob)
        fob.context.clock.advance(seconds=60)
        assert reason_of(fob, fob.code(), source="place 0") is Reason.LOCKED
        assert reason_of(fob, fob.code(), source=f"place {MOST_SOURCES + 2}") is Reason.ACCEPTED

    def test_memory_of_a_source_is_written_once_a_day(self, fob):
        reason_of(fob, fob.code(), source=HOME)
        for days, writes in ((0.1, 0), (1.0, 2)):
            fob.context.clock.advance(days=days)
            with statements_of(fob.context) as statements:
                assert reason_of(fob, fob.code(), source=HOME) is Reason.ACCEPTED
            written = [each for each in statements if "known_sources" in each and "SELECT" not in each]
            assert len(written) == writes


class TestFailingSource:
    def test_source_is_slowed_down_over_all_tokens(self, context, hold):
        fobs = [activate(hold(account=f"user {number}")) for number in range(4)]
        context = replace(context, source_throttle=Throttle(3.0, 60.0, 0.0, 0.0))
        for held in fobs:
            held.context = context
        reasons = [reason_of(held, held.wrong_code(), source=CAFE) for held in fobs]
        assert reasons == [Reason.WRONG] * 3 + [Reason.THROTTLED]
        assert outcome_of(fobs[3], fobs[3].code(), source=CAFE).retry_after_s == pytest.approx(60.0)
        assert reason_of(fobs[3], fobs[3].code(), source=HOME) is Reason.ACCEPTED
        context.clock.advance(seconds=61)
        assert reason_of(fobs[3], fobs[3].code(), source=CAFE) is Reason.ACCEPTED

    def test_who_is_known_there_is_not_slowed_down(self, context, fob, hold):
        reason_of(fob, fob.code(), source=CAFE)
        other = activate(hold(account="bob"))
        other.context = fob.context = replace(context, source_throttle=Throttle(1.0, 1.0, 0.0, 0.0))
        assert reason_of(other, other.wrong_code(), source=CAFE) is Reason.WRONG
        context.clock.advance(seconds=60)
        assert reason_of(other, other.code(), source=CAFE) is Reason.THROTTLED
        assert reason_of(fob, fob.code(), source=CAFE) is Reason.ACCEPTED

    def test_failures_of_those_who_are_known_there_do_not_slow_each_other_down(self, context, fob, hold):
        other = activate(hold(account="bob"))
        for held in (fob, other):
            assert reason_of(held, held.code(), source=CAFE) is Reason.ACCEPTED
            held.context = replace(context, source_throttle=Throttle(1.0, 1.0, 0.0, 0.0))
        context.clock.advance(seconds=60)
        assert reason_of(fob, fob.wrong_code(), source=CAFE) is Reason.WRONG
        assert reason_of(other, other.code(), source=CAFE) is Reason.ACCEPTED

    def test_success_gives_it_nothing_back(self, context, fob):
        reason_of(fob, fob.wrong_code(), source=CAFE)
        context.clock.advance(seconds=2)
        assert reason_of(fob, fob.code(), source=CAFE) is Reason.ACCEPTED
        (source,) = [row for row in table(context, throttles) if row.subject.startswith("source:")]
        assert (source.streak, source.version) == (1, 1)

    def test_guesses_at_tokens_that_are_not_there_count(self, context, fob):
        fob.context = replace(context, source_throttle=Throttle(3.0, 60.0, 0.0, 0.0))
        for number in range(3):
            assert reason_of(fob, "123456", serial=f"NO-{number}", source=CAFE) is Reason.UNKNOWN_TOKEN
        assert reason_of(fob, fob.code(), source=CAFE) is Reason.THROTTLED

    def test_attempts_that_are_not_compared_cost_it_nothing(self, context, fob, hold):
        other = activate(hold(account="bob"))
        fob.context = other.context = replace(context, source_throttle=Throttle(2.0, 60.0, 0.0, 0.0))
        reasons = [reason_of(fob, fob.wrong_code(), source=CAFE) for _ in range(5)]
        assert reasons == [Reason.WRONG] + [Reason.THROTTLED] * 4
        assert reason_of(other, other.code(), source=CAFE) is Reason.ACCEPTED


class TestBackOff:
    def test_attempts_during_it_neither_prolong_nor_cost(self, fob):
        reason_of(fob, fob.wrong_code())
        before = [failures.state for failures in failures_of(fob)]
        for _ in range(5):
            fob.context.clock.advance(seconds=0.1)
            assert reason_of(fob, fob.code()) is Reason.THROTTLED
        assert [failures.state for failures in failures_of(fob)] == before
        fob.context.clock.advance(seconds=0.6)
        assert reason_of(fob, fob.code()) is Reason.ACCEPTED

    def test_clock_that_once_ran_ahead_locks_nobody_out(self, fob):
        now = fob.context.clock.now()
        ahead = now + 30 * 86_400.0
        for number in range(12):
            reason_of(fob, "999999", at=now, steady_at=ahead + 400.0 * number)
        waits = outcome_of(fob, fob.code(), at=now, steady_at=now)
        assert waits.reason is Reason.LOCKED
        assert waits.retry_after_s < 2 * 3600.0
        assert outcome_of(fob, fob.code(), at=now, steady_at=now + 100.0).retry_after_s == pytest.approx(
            waits.retry_after_s - 100.0
        )
        fob.context.clock.advance(seconds=waits.retry_after_s + 1.0)
        assert reason_of(fob, fob.code()) is Reason.ACCEPTED

    def test_lifecycle_draws_on_the_same_budget(self, context, fob):
        reason_of(fob, fob.wrong_code())
        codes = fob.code(8), fob.code(9)
        resync = lifecycle.resync(context, DEFAULT_TENANT, "tester", fob.serial, codes)
        assert resync.reason is Reason.THROTTLED
        context.clock.advance(seconds=2)
        lifecycle.resync(context, DEFAULT_TENANT, "tester", fob.serial, (fob.wrong_code(),) * 2)
        assert reason_of(fob, fob.code()) is Reason.THROTTLED


class TestRows:
    def test_success_clears_the_back_off_in_one_more_statement(self, fob):
        reason_of(fob, fob.wrong_code())
        fob.context.clock.advance(seconds=2)
        with statements_of(fob.context) as first:
            assert reason_of(fob, fob.code()) is Reason.ACCEPTED
        fob.context.clock.advance(seconds=60)
        with statements_of(fob.context) as second:
            assert reason_of(fob, fob.code()) is Reason.ACCEPTED
        assert any("throttles" in statement for statement in first)
        assert [statement.split()[0] for statement in second] == ["SELECT", "SELECT", "UPDATE", "INSERT"]

    def test_rows_that_nobody_needs_are_forgotten(self, fob):
        for number in range(FORGOTTEN_AT_ONCE):
            reason_of(fob, "123456", serial=f"NO-{number}")
        assert len(table(fob.context, throttles)) == 2 * FORGOTTEN_AT_ONCE
        fob.context.clock.advance(days=1)
        for _ in range(2):
            fob.context.clock.advance(seconds=10)
            reason_of(fob, fob.wrong_code())
        assert len(table(fob.context, throttles)) == 2

    def test_failures_of_a_batch_add_up(self, fob, hold):
        fob.context = replace(fob.context, throttle=Throttle(backoff_s=0.0))
        verify(fob.context, [attempt(fob, fob.wrong_code())] * 3)
        token, user = failures_of(fob)
        assert (token.state.streak, user.state.streak) == (3, 3)
        assert token.state.budget == user.state.budget == 7.0
