"""A sealed seed opens for its own row and no other: whatever is swapped in the database, nothing is accepted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from databases import connected
from key_samples import TenantFob, add_tenant, tamper
from keyfob import Parameters, SealedSeed
from keyfob.errors import UnsealError
from keyfob_verifier.decide.state import State
from keyfob_verifier.keys.errors import WrongKekError
from keyfob_verifier.records import SEALED_AS, Purpose, Token, TokenKind, TokenStatus
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation, open_sealed
from keyfob_verifier.service.key_rotation import rotate_data_keys


@pytest.fixture
def fobs(context):
    add_tenant(context, "other")
    fobs = [
        TenantFob(context, *named) for named in ((DEFAULT_TENANT, "A"), (DEFAULT_TENANT, "B"), ("other", "C"))
    ]
    context.clock.advance(seconds=120)
    return fobs


def row_of(database_url, fob):
    with connected(database_url) as connection:
        return connection.execute(text("SELECT * FROM tokens WHERE id = :id"), {"id": fob.id}).one()


def assert_nothing_opens(context, fobs, *places):
    """No fob's code is accepted at any of the places, and none of their seeds opens."""
    for tenant_id, serial in places:
        with context.store.read() as transaction:
            token = transaction.tokens.get(tenant_id, serial)
        with pytest.raises(UnsealError), context.opened(token):
            pass
        for fob in fobs:
            assert fob.reason(tenant_id=tenant_id, serial=serial) == "seed-unusable"


def test_untouched_rows_are_accepted(fobs):
    assert [fob.reason() for fob in fobs] == ["accepted"] * 3


def test_seeds_of_two_tokens_swapped(context, database_url, fobs):
    a, b, _ = fobs
    seeds = {"seed_a": row_of(database_url, a).sealed_seed, "seed_b": row_of(database_url, b).sealed_seed}
    tamper(
        database_url,
        "UPDATE tokens SET sealed_seed = :seed_b WHERE id = :a",
        "UPDATE tokens SET sealed_seed = :seed_a WHERE id = :b",
        a=a.id,
        b=b.id,
        **seeds,
    )
    assert_nothing_opens(context, fobs, (DEFAULT_TENANT, "A"), (DEFAULT_TENANT, "B"))


def test_seed_of_another_tenant(context, database_url, fobs):
    a, _, c = fobs
    sealed = row_of(database_url, c)
    tamper(
        database_url,
        "UPDATE tokens SET sealed_seed = :seed, data_key_id = :data_key WHERE id = :id",
        id=a.id,
        seed=sealed.sealed_seed,
        data_key=sealed.data_key_id,
    )
    assert_nothing_opens(context, fobs, (DEFAULT_TENANT, "A"))


def test_serials_of_two_tokens_swapped(context, database_url, fobs):
    a, b, _ = fobs
    tamper(
        database_url,
        "UPDATE tokens SET serial = 'X' WHERE id = :a",
        "UPDATE tokens SET serial = 'A' WHERE id = :b",
        "UPDATE tokens SET serial = 'B' WHERE id = :a",
        a=a.id,
        b=b.id,
    )
    assert_nothing_opens(context, fobs, (DEFAULT_TENANT, "A"), (DEFAULT_TENANT, "B"))


def test_ids_of_two_tokens_swapped(context, database_url, fobs):
    a, b, _ = fobs
    tamper(
        database_url,
        "UPDATE tokens SET id = 'x' WHERE id = :a",
        "UPDATE tokens SET id = :a WHERE id = :b",
        "UPDATE tokens SET id = :b WHERE id = 'x'",
        a=a.id,
        b=b.id,
    )
    assert_nothing_opens(context, fobs, (DEFAULT_TENANT, "A"), (DEFAULT_TENANT, "B"))


def test_token_moved_to_another_tenant(context, database_url, fobs):
    tamper(database_url, "UPDATE tokens SET tenant_id = 'other' WHERE id = :id", id=fobs[0].id)
    assert_nothing_opens(context, fobs, ("other", "A"))


def test_data_key_moved_to_another_tenant_opens_nothing(context, database_url, fobs, kek_path):
    tamper(database_url, "UPDATE data_keys SET tenant_id = 'x' WHERE tenant_id = 'other'")
    with pytest.raises(WrongKekError):
        open_installation(database_url, kek_path, Purpose.PRODUCTION, context.clock)
    opened = open_sealed(database_url, [kek_path], Purpose.PRODUCTION, context.clock)
    with pytest.raises(WrongKekError), opened.opened(fobs[2].token()):
        pass
    opened.store.close()


@pytest.mark.parametrize(
    "change",
    [
        "algorithm = 'SHA256'",
        "time_step_s = 60",
        "t0_s = 30",
        "suite = 'OCRA-1:HOTP-SHA1-6:QN08'",
        "sealed_as = 1",
        "sealed_as = 3",
    ],
)
def test_parameter_changed(context, database_url, fobs, change):
    tamper(database_url, f"UPDATE tokens SET {change} WHERE id = :id", id=fobs[0].id)
    assert_nothing_opens(context, fobs, (DEFAULT_TENANT, "A"))


@pytest.mark.parametrize("change", ["digits = 8", "kind = 'hotp'", "kind = 'ocra'"])
def test_length_or_kind_changed(context, database_url, fobs, change):
    tamper(database_url, f"UPDATE tokens SET {change} WHERE id = :id", id=fobs[0].id)
    with pytest.raises(UnsealError), context.opened(fobs[0].token()):
        pass
    assert fobs[0].reason() != "accepted"


def test_row_does_not_pass_for_one_of_the_older_form(context, database_url, fobs):
    """The older form binds the id alone: an id made to look like what the newer one binds must not do."""
    token = fobs[0].token()
    bound = token.binding.token_id
    tamper(
        database_url,
        "UPDATE tokens SET id = :bound, sealed_as = 1, serial = 'Z' WHERE id = :id",
        id=token.id,
        bound=bound,
    )
    assert_nothing_opens(context, fobs, (DEFAULT_TENANT, "Z"))


def test_seed_of_the_older_form_opens_as_before_and_becomes_the_newer_when_it_is_sealed_anew(
    context, database_url, fobs
):
    fob = fobs[0]
    token = replace(fob.token(), sealed_as=1)
    key = context.keyring.opening(token.data_key_id)
    older = SealedSeed.seal(fob.seed, token.binding, key).to_bytes()
    tamper(
        database_url,
        "UPDATE tokens SET sealed_as = 1, sealed_seed = :seed WHERE id = :id",
        id=fob.id,
        seed=older,
    )
    assert fob.reason() == "accepted"
    rotate_data_keys(context, "tester", None, lambda _done, _total: None)
    assert fob.token().sealed_as == SEALED_AS
    context.clock.advance(seconds=60)
    assert fob.reason() == "accepted"


ANY = Token(
    id="",
    tenant_id="t",
    serial="",
    account="",
    issuer="",
    parameters=Parameters(),
    grade_ppm=1.0,
    status=TokenStatus.ACTIVE,
    sealed_seed=b"",
    data_key_id="",
    policy="",
    drift=State(*(0 for _ in State._fields)),
    created_at=0.0,
    kind=TokenKind.OCRA,
    sealed_as=SEALED_AS,
)
names = st.text(st.sampled_from("01:a"), max_size=4)


@given(st.tuples(names, names, st.none() | names), st.tuples(names, names, st.none() | names))
def test_two_rows_are_bound_alike_only_when_they_are_alike(one, other):
    def bound(names):
        token_id, serial, suite = names
        token = replace(ANY, id=token_id, serial=serial, suite=suite)
        return token.binding.associated_data("key")

    assert (bound(one) == bound(other)) == (one == other)
