"""The key-encryption key changed under a running verifier, halted and begun again."""

import pytest

from hsm import hsm, softhsm  # noqa: F401  fixtures
from key_samples import TenantFob, add_tenant, data_keys_of, tamper
from keyfob import SealingKey
from keyfob.key_file import read_key_file
from keyfob_verifier.keys.errors import KekMissingError, SigningKekMissingError
from keyfob_verifier.keys.kek import HeldKek
from keyfob_verifier.keys.provider import open_kek, open_or_make_kek
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import kek_rotation
from keyfob_verifier.service.data_keys import unknown_keks
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation, open_sealed
from keyfob_verifier.service.kek_rotation import rotate_kek
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.signing import present_signer
from kind_samples import AnsweringToken

TENANTS = [f"t{number}" for number in range(5)]


class HaltedError(Exception):
    """As if the process had ended here."""


def unwatched(_done, _total):
    pass


def rotate(context, to, watch=unwatched):
    return rotate_kek(context, "tester", DEFAULT_TENANT, to, watch)


@pytest.fixture
def new(tmp_path):
    return open_or_make_kek(tmp_path / "new-keys" / "kek.key", None)


@pytest.fixture
def opened(context, database_url):
    """Opens the installation as another process does, with these KEKs."""
    contexts = []

    def run(*keks):
        first, *older = [kek.source for kek in keks]
        contexts.append(
            open_installation(database_url, first, Purpose.PRODUCTION, context.clock, older_keks=older)
        )
        return contexts[-1]

    yield run
    for other in contexts:
        other.store.close()


@pytest.fixture
def old(context):
    return context.keyring.keks.current


@pytest.fixture
def tenants(context):
    for name in TENANTS:
        add_tenant(context, name)
    return [DEFAULT_TENANT, *TENANTS]


def kek_ids(context, tenants):
    return {key.kek_id for name in tenants for key in data_keys_of(context, name)}


def test_every_data_key_lies_under_the_new_kek_and_is_the_same_key(context, opened, tenants, new):
    fob = TenantFob(context, "t1", "A")
    context.clock.advance(seconds=60)
    before = {key.id for name in tenants for key in data_keys_of(context, name)}
    assert rotate(context, new).wrapped == len(tenants)
    assert {key.id for name in tenants for key in data_keys_of(context, name)} == before
    assert kek_ids(context, tenants) == {new.kek_id}
    fob.context = opened(new)
    assert fob.reason() == "accepted"
    assert rotate(context, new).wrapped == 0


def test_token_with_a_pin_answers_on(context, opened, old, new):
    token = AnsweringToken(context, "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1")
    token.activate()
    rotate(context, new)
    token.context = opened(new)
    assert token.reason(token.answer("1"), "1") is Reason.ACCEPTED
    assert token.reason(token.answer("1", pin="4321"), "1") is Reason.WRONG


def test_old_kek_opens_nothing_afterwards(context, opened, tenants, old, new):
    rotate(context, new)
    with pytest.raises(KekMissingError) as caught:
        opened(old)
    assert caught.value.kek_ids == (new.kek_id,)


def test_halted_rotation_is_gone_on_with(context, tenants, old, new, monkeypatch):
    monkeypatch.setattr(kek_rotation, "BATCH", 2)

    def halt(_done, _total):
        raise HaltedError

    with pytest.raises(HaltedError):
        rotate(context, new, halt)
    assert kek_ids(context, tenants) == {old.kek_id, new.kek_id}
    watched = []
    assert rotate(context, new, lambda *done: watched.append(done)).wrapped == len(tenants) - 2
    assert watched[:2] == [(2, 4), (4, 4)]
    assert kek_ids(context, tenants) == {new.kek_id}


def test_signing_key_of_the_record_moves_too(context, opened, tenants, new):
    def public_key(context):
        with context.store.write() as transaction:
            return present_signer(transaction, context.keyring.keks, context.clock.now()).public_key

    before = public_key(context)
    assert rotate(context, new).wrapped == len(tenants) + 1
    assert unknown_keks(context) == [new.kek_id]
    assert public_key(opened(new)) == before


def test_start_without_the_kek_of_the_signing_key_names_it_and_says_that_seeds_open(
    context, opened, tenants, old, new
):
    """As after a rotation that was halted before its last step, with the new KEK alone."""

    def halt(_done, _total):
        raise HaltedError

    with context.store.write() as transaction:
        public_key = present_signer(transaction, context.keyring.keks, context.clock.now()).public_key
    with pytest.raises(HaltedError):
        rotate(context, new, halt)
    assert kek_ids(context, tenants) == {new.kek_id}
    with pytest.raises(SigningKekMissingError) as caught:
        opened(new)
    assert caught.value.kek_ids == (old.kek_id,)
    for part in (old.kek_id, "signs the record's checkpoints", "--kek", "keys rotate kek"):
        assert part in str(caught.value)
    assert "no seed opens" not in str(caught.value)
    both = opened(new, old)
    assert rotate(both, new).wrapped == 1
    alone = opened(new)
    with alone.store.write() as transaction:
        assert present_signer(transaction, alone.keyring.keks, 0.0).public_key == public_key


def test_missing_data_key_kek_is_told_before_the_signing_key_s(context, opened, tenants, old, new):
    with context.store.write() as transaction:
        present_signer(transaction, context.keyring.keks, context.clock.now())
    stranger = HeldKek(SealingKey.generate(), "env:X")
    rotate_kek(context, "tester", DEFAULT_TENANT, stranger, unwatched)
    with pytest.raises(KekMissingError, match="no seed opens") as caught:
        opened(old)
    assert caught.value.kek_ids == (stranger.kek_id,)


def test_rotation_is_in_the_record_of_every_tenant(context, tenants, new):
    rotate(context, new)
    for name in tenants:
        with context.store.read() as transaction:
            newest = transaction.audit.latest(name, None, 1)[0]
        assert (newest.action, newest.outcome, newest.actor) == ("rewrap-data-key", new.kek_id, "tester")


def test_running_verifier_with_both_keks_never_notices(context, opened, tenants, old, new):
    running = opened(old, new)
    fob = TenantFob(running, "t1", "A")
    context.clock.advance(seconds=60)
    rotate(context, new)
    assert unknown_keks(running) == []
    assert fob.reason() == "accepted"
    assert TenantFob(running, "t2", "B").reason() == "replayed"


def test_running_verifier_without_the_new_kek_says_so_and_still_opens_what_it_knows(context, tenants, new):
    fob = TenantFob(context, "t1", "A")
    context.clock.advance(seconds=60)
    assert unknown_keks(context) == []
    rotate(context, new)
    assert unknown_keks(context) == [new.kek_id]
    assert fob.reason() == "accepted"


def test_tenant_whose_data_key_cannot_be_opened_gets_an_error_and_no_verdict(context, opened, old, new):
    """A tenant that another process made, under a KEK that this one does not have."""
    other = opened(new, old)
    add_tenant(other, "new-tenant")
    fob = TenantFob(other, "new-tenant", "A")
    context.clock.advance(seconds=60)
    fob.context = context
    with pytest.raises(KekMissingError) as caught:
        fob.reason()
    assert caught.value.status == 503
    with pytest.raises(KekMissingError):
        TenantFob(context, "new-tenant", "B")
    fob.context = other
    assert fob.reason() == "accepted"


def test_tenant_that_another_process_made_is_served_at_once(context, opened, old):
    other = opened(old)
    add_tenant(other, "new-tenant")
    fob = TenantFob(other, "new-tenant", "A")
    context.clock.advance(seconds=60)
    fob.context = context
    assert fob.reason() == "accepted"


def test_rotation_without_the_old_kek_changes_nothing(context, database_url, tenants, new):
    knows_only_new = open_sealed(database_url, [new.source], Purpose.PRODUCTION, context.clock)
    stranger = HeldKek(SealingKey("stranger", bytes(32)), "env:X")
    with pytest.raises(KekMissingError):
        rotate(knows_only_new, stranger)
    knows_only_new.store.close()
    assert "stranger" not in kek_ids(context, tenants)


def test_data_key_that_does_not_open_is_left_and_named_and_the_others_move(
    context, database_url, tenants, new
):
    (broken,) = data_keys_of(context, "t3")
    tamper(database_url, "UPDATE data_keys SET nonce = :nonce WHERE id = :id", nonce=bytes(12), id=broken.id)
    done = rotate(context, new)
    assert (done.wrapped, done.unusable) == (len(tenants) - 1, [broken.id])
    assert kek_ids(context, tenants) == {broken.kek_id, new.kek_id}


def test_kek_moves_into_an_hsm(context, database_url, hsm):  # noqa: F811
    fob = TenantFob(context, DEFAULT_TENANT, "A")
    context.clock.advance(seconds=60)
    in_hsm = open_or_make_kek(hsm.uri(), None)
    rotate(context, in_hsm)
    assert open_kek(hsm.uri()).kek_id == in_hsm.kek_id
    fob.context = open_installation(database_url, hsm.uri(), Purpose.PRODUCTION, context.clock)
    assert fob.reason() == "accepted"
    fob.context.store.close()


def test_key_file_of_the_old_kek_is_left_alone(context, kek_path, new):
    before = read_key_file(kek_path)
    rotate(context, new)
    assert read_key_file(kek_path) == before
