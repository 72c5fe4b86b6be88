import dataclasses
import hashlib

import pytest
from sqlalchemy import text

from databases import connected
from keyfob import VirtualClock
from keyfob_verifier.access import Permission
from keyfob_verifier.people_errors import SessionEndedError
from keyfob_verifier.service import lifecycle, sessions
from keyfob_verifier.service.installation import DEFAULT_TENANT
from people_samples import recorded


@pytest.fixture
def database_url(tmp_path):
    """One kind is enough here: what differs between databases is tested where people are entered."""
    return f"sqlite:///{tmp_path}/data/verifier.db"


def test_session_is_kept_as_a_hash_of_256_random_bits(context, alice, enter, database_url):
    opened = enter()
    with connected(database_url) as connection:
        row = connection.execute(text("SELECT * FROM sessions")).one()
    assert bytes(row.secret_sha256) == hashlib.sha256(bytes.fromhex(opened.secret)).digest()
    assert len(opened.secret) == 64
    assert opened.secret not in repr(opened)
    assert opened.secret not in repr(row)


def test_session_opens_with_its_secret_only(context, alice, enter):
    secret = enter().secret
    for wrong in ("", "ab", "x" * 64, secret[:-2], secret + "00", "0" * 64, "\ud800"):
        with pytest.raises(SessionEndedError):
            sessions.resume(context, wrong)


def test_idle_session_ends_after_fifteen_minutes(context, clock, alice, enter):
    secret = enter().secret
    for _ in range(3):
        clock.advance(seconds=14 * 60)
        assert sessions.resume(context, secret)
    clock.advance(seconds=15 * 60)
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)


def test_session_ends_after_twelve_hours_however_much_it_is_used(context, clock, alice, enter):
    secret = enter().secret
    for _ in range(12 * 6 - 1):
        clock.advance(seconds=600)
        assert sessions.resume(context, secret)
    clock.advance(seconds=600)
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)


def test_signing_out_ends_the_session(context, alice, enter):
    secret = enter().secret
    sessions.end(context, secret)
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)
    assert recorded(context, "sign-out") == [("person:alice", "sign-out", alice.serial, "done")]


def test_every_sign_in_has_a_session_of_its_own(context, clock, alice, enter):
    first = enter().secret
    clock.advance(seconds=60)
    second = enter().secret
    assert first != second
    sessions.end(context, first)
    assert sessions.resume(context, second)


def test_revoked_token_ends_its_holders_session(context, clock, alice, enter, refuse):
    secret = enter().secret
    lifecycle.revoke(context, DEFAULT_TENANT, "tester", alice.serial)
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)
    clock.advance(seconds=60)
    refuse()


def test_session_of_somebody_disabled_in_the_database_is_not_open(context, alice, enter, database_url):
    secret = enter().secret
    with connected(database_url) as connection:
        connection.execute(text("UPDATE people SET disabled_at = 1.0"))
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)


def test_role_that_loses_a_permission_loses_it_in_open_sessions(context, alice, enter, database_url):
    secret = enter().secret
    with connected(database_url) as connection:
        connection.execute(text("UPDATE people SET role = 'auditor'"))
    assert Permission.TOKENS_REVOKE not in sessions.resume(context, secret).caller.permissions


def test_expired_sessions_are_forgotten(context, clock, alice, enter, database_url):
    enter()
    clock.advance(seconds=12 * 3600 + 60)
    enter()
    with connected(database_url) as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1


def test_form_token_is_the_sessions_own_and_does_not_show_its_secret(alice, clock, enter):
    first = enter().secret
    clock.advance(seconds=60)
    second = enter().secret
    assert sessions.form_token(first) == sessions.form_token(first) != sessions.form_token(second)
    assert first not in sessions.form_token(first)


def test_session_from_the_future_is_not_open(context, clock, alice, enter):
    """A clock that was put back does not make sessions last longer."""
    secret = enter().secret
    earlier = dataclasses.replace(context, clock=VirtualClock(clock.now() - 1.0))
    with pytest.raises(SessionEndedError):
        sessions.resume(earlier, secret)
