import contextlib

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import text

from databases import connected
from keyfob_verifier.access import BUILT_IN_ROLES
from keyfob_verifier.people_errors import SignInRefusedError
from keyfob_verifier.service import people, sessions
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.passwords import CHEAPEST, Passwords
from keyfob_verifier.service.sign_in import SignIn, sign_in
from keyfob_verifier.service.verification import verify
from people_samples import CHEAP, ELSEWHERE, HOME, PASSWORD, add_person, recorded


@pytest.fixture
def database_url(tmp_path):
    """One kind is enough here: what differs between databases is tested where people are entered."""
    return f"sqlite:///{tmp_path}/data/verifier.db"


class CountingHasher(PasswordHasher):
    """Counts the hashes that are computed to be compared."""

    count = 0

    def verify(self, kept, password):
        assert extract_parameters(kept) == CHEAPEST
        self.count += 1
        return super().verify(kept, password)


@pytest.mark.parametrize("password", ["x" * 12, "x" * 1024, " " * 12, "päßwörter sind 長い"])
def test_password_of_any_characters_is_taken(context, fob, enter, password):
    add_person(context, fob.serial, password=password)
    assert enter(password=password).person.name == "alice"


def test_password_is_the_same_from_every_keyboard(context, fob, enter):
    add_person(context, fob.serial, password="caf\u00e9 au lait, deux")
    assert enter(password="cafe\u0301 au lait, deux")


def test_right_password_and_code_open_a_session(context, alice, enter):
    opened = enter()
    found = sessions.resume(context, opened.secret)
    assert found.caller.actor == "person:alice"
    assert found.caller.permissions == BUILT_IN_ROLES["admin"]
    assert found.caller.tenant_id == DEFAULT_TENANT
    assert recorded(context, "validate", "sign-in") == [
        ("person:alice", "validate", alice.serial, "accepted"),
        ("person:alice", "sign-in", alice.serial, "accepted"),
    ]


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong password"}, {"name": "mallory"}, {"tenant_id": "other"}, {"password": ""}]
)
def test_wrong_sign_in_is_refused_and_leaves_the_code_unused(  # noqa: PLR0917  fixtures
    context, clock, alice, enter, refuse, wrong
):
    refuse(**wrong)
    clock.advance(seconds=2)
    assert enter()


def test_wrong_code_and_replayed_code_are_refused(clock, alice, fob, enter, refuse):
    refuse(code=fob.wrong_code())
    clock.advance(seconds=2)
    code = fob.code()
    assert enter(code=code)
    refuse(code=code)


def test_record_names_people_that_exist_and_nothing_else_that_was_typed(context, alice, refuse, fob):
    refuse(password="my bank's pass word")
    refuse(name="my bank's pass word")
    assert recorded(context, "sign-in") == [
        ("person:alice", "sign-in", fob.serial, "wrong-password"),
        ("person:?", "sign-in", None, "unknown-person"),
    ]


def test_unknown_person_costs_the_same_hash_as_a_known_one(alice, enter):
    counts = []
    for typed in (
        {},
        {"password": "wrong password"},
        {"name": "nobody"},
        {"name": "\x00"},
        {"tenant_id": "?"},
    ):
        passwords = Passwords(CHEAPEST)
        passwords._hasher = CountingHasher.from_parameters(CHEAPEST)
        with contextlib.suppress(SignInRefusedError):
            enter(passwords, **typed)
        counts.append(passwords._hasher.count)
    assert counts == [1] * 5


def test_damaged_hash_lets_nobody_in(context, alice, refuse, database_url):
    with connected(database_url) as connection:
        connection.execute(text("UPDATE people SET password_hash = 'x'"))
    refuse()


def test_guesser_of_passwords_spends_a_budget_over_all_codes(  # noqa: PLR0917  fixtures
    context, clock, alice, fob, refuse, enter
):
    """Right codes help nobody: ten wrong passwords, however slowly they come, and the right one is refused too."""
    for _ in range(10):
        refuse(password="a wrong password", source=ELSEWHERE)
        clock.advance(seconds=301)
    refuse(source=ELSEWHERE)
    assert recorded(context, "sign-in")[-1][3] == "throttled"
    clock.advance(seconds=3600)
    assert enter(source=ELSEWHERE)


def test_back_off_after_a_wrong_password_is_not_prolonged_by_asking(context, clock, alice, refuse, enter):
    refuse(password="a wrong password")
    for _ in range(5):
        refuse()
    clock.advance(seconds=1.5)
    assert enter()


def test_guesser_elsewhere_does_not_lock_a_person_out_at_home(context, clock, alice, refuse, enter):
    assert enter(source=HOME)
    for _ in range(12):
        clock.advance(seconds=301)
        refuse(password="a wrong password", source=ELSEWHERE)
    clock.advance(seconds=60)
    refuse(source=ELSEWHERE)
    assert enter(source=HOME)


def test_person_changed_between_code_and_session_is_not_let_in(context, alice, fob):
    def verify_slowly(attempt):
        outcome = verify(context, [attempt])[0]
        people.disable(context, DEFAULT_TENANT, "tester", "alice")
        return outcome

    wanted = SignIn(DEFAULT_TENANT, "alice", PASSWORD, fob.code(), HOME)
    with pytest.raises(SignInRefusedError):
        sign_in(context, CHEAP, verify_slowly, wanted)


def test_strayed_fob_signs_in_with_the_next_code(context, alice, enter, refuse, fob):
    """A code beyond the window is refused, and with the one after it the two are a pair: as for every other login."""
    refuse(code=fob.code(3))
    context.clock.advance(seconds=30)
    assert enter(code=fob.code(3)).person == alice
    assert recorded(context, "validate")[-1][3] == "accepted-as-pair"
