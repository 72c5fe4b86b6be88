"""Tokens of every kind; a person of the tenant, and how they sign in."""

import pytest

from keyfob_verifier.people_errors import SignInRefusedError
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.sign_in import SignIn, sign_in
from keyfob_verifier.service.verification import verify
from kind_samples import AnsweringToken, CountingToken
from people_samples import CHEAP, HOME, PASSWORD, add_person


@pytest.fixture
def pressed(context):
    """A counter token, active, whose counters up to 20 are used."""
    token = CountingToken(context, counter=20)
    assert token.activate(20).reason == "accepted"
    return token


@pytest.fixture
def holding(context):
    """Gives a token of a suite, activated five minutes ago."""

    def holding(suite, **wanted):
        token = AnsweringToken(context, suite, **wanted)
        token.activate()
        context.clock.advance(seconds=300)
        return token

    return holding


@pytest.fixture
def alice(context, fob):
    return add_person(context, fob.serial)


@pytest.fixture
def enter(context, fob):
    """Tries to sign in, as alice with what she has unless told otherwise."""

    def enter(passwords=CHEAP, **typed):
        wanted = {
            "tenant_id": DEFAULT_TENANT,
            "name": "alice",
            "password": PASSWORD,
            "code": fob.code(),
            "source": HOME,
        }
        return sign_in(
            context, passwords, lambda attempt: verify(context, [attempt])[0], SignIn(**wanted | typed)
        )

    return enter


@pytest.fixture
def refuse(enter):
    """Tries to sign in, which should be refused."""

    def refuse(**typed):
        with pytest.raises(SignInRefusedError):
            enter(**typed)

    return refuse
