import pytest

from keyfob_verifier.access_errors import RoleNotFoundError
from keyfob_verifier.errors import TokenNotFoundError, TokenStatusError
from keyfob_verifier.people_errors import (
    InvalidPasswordError,
    InvalidPersonNameError,
    PersonExistsError,
    PersonNotFoundError,
    SessionEndedError,
    TokenHeldError,
)
from keyfob_verifier.service import lifecycle, people, sessions
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.passwords import STRONG, Passwords
from keyfob_verifier.service.sign_in import SignIn
from people_samples import CHEAP, HOME, PASSWORD, add_person, recorded


def test_person_is_entered_with_a_token_of_their_own(context, fob, alice):
    assert people.everybody(context, DEFAULT_TENANT) == [alice]
    assert (alice.name, alice.role, alice.serial, alice.actor) == (
        "alice",
        "admin",
        fob.serial,
        "person:alice",
    )
    assert recorded(context, "add-person") == [("tester", "add-person", fob.serial, "alice")]


def test_password_is_kept_as_argon2id_and_shown_nowhere(context, alice):
    assert alice.password_hash.startswith("$argon2id$v=19$")
    assert alice.password_hash not in repr(alice)
    assert PASSWORD not in repr(people.NewPerson("alice", "admin", "KF-1", PASSWORD))
    assert PASSWORD not in repr(SignIn(DEFAULT_TENANT, "alice", PASSWORD, "123456", HOME))


def test_production_profile_is_rfc_9106s():
    assert (STRONG.memory_cost, STRONG.time_cost, STRONG.parallelism) == (65_536, 3, 4)
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("length", [11, 1025])
def test_password_too_short_or_too_long_is_refused(context, fob, length):
    with pytest.raises(InvalidPasswordError) as raised:
        add_person(context, fob.serial, password="x" * length)
    assert "x" * length not in str(raised.value)


@pytest.mark.parametrize("name", ["", " alice", "alice\n", "al\x00ice", "x" * 33, "\ud800"])
def test_name_that_cannot_be_one_is_refused(context, fob, name):
    with pytest.raises(InvalidPersonNameError):
        add_person(context, fob.serial, name=name)


def test_second_person_of_a_name_is_refused(context, hold, alice, clock):
    other = hold()
    lifecycle.activate(context, DEFAULT_TENANT, "tester", other.serial, other.code())
    with pytest.raises(PersonExistsError):
        add_person(context, other.serial)


def test_token_of_somebody_else_is_refused_until_they_are_disabled(context, fob, alice):
    with pytest.raises(TokenHeldError):
        add_person(context, fob.serial, name="bob")
    people.disable(context, DEFAULT_TENANT, "tester", "alice")
    assert add_person(context, fob.serial, name="bob").serial == fob.serial


def test_pending_unknown_or_foreign_token_and_unknown_role_are_refused(context, hold, fob):
    with pytest.raises(TokenStatusError):
        add_person(context, hold().serial)
    with pytest.raises(TokenNotFoundError):
        add_person(context, "KF-NONE")
    with pytest.raises(RoleNotFoundError):
        add_person(context, fob.serial, role="king")
    assert people.everybody(context, DEFAULT_TENANT) == []


def test_decoy_is_as_costly_as_what_it_stands_for():
    passwords = Passwords()
    costs = [hash_.split("$")[1:4] for hash_ in (passwords._decoy, passwords.hash(PASSWORD))]
    assert costs[0] == costs[1]
    assert [len(part) for part in passwords._decoy.split("$")] == [
        len(part) for part in passwords.hash(PASSWORD).split("$")
    ]


def test_other_password_ends_sessions_and_replaces_the_old_one(context, clock, alice, enter, refuse):
    secret = enter().secret
    people.set_password(context, CHEAP, DEFAULT_TENANT, "tester", name="alice", password="another phrase now")
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)
    clock.advance(seconds=60)
    refuse()
    clock.advance(seconds=60)
    assert enter(password="another phrase now")
    assert recorded(context, "change-password") == [("tester", "change-password", alice.serial, "alice")]


def test_disabled_person_is_out_and_stays_out(context, clock, alice, enter, refuse):
    secret = enter().secret
    people.disable(context, DEFAULT_TENANT, "tester", "alice")
    with pytest.raises(SessionEndedError):
        sessions.resume(context, secret)
    clock.advance(seconds=60)
    refuse()
    assert people.everybody(context, DEFAULT_TENANT)[0].disabled_at == clock.now() - 60
    assert recorded(context, "sign-in")[-1][3] == "disabled"


def test_nobody_of_that_name_can_be_changed(context):
    with pytest.raises(PersonNotFoundError):
        people.disable(context, DEFAULT_TENANT, "tester", "nobody")
