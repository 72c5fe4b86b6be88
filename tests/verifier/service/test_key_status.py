"""What is said of the keys, and what to do about them."""

import pytest

from key_samples import TenantFob, add_tenant, data_keys_of, tamper
from keyfob_verifier.keys.envelope import rewrap
from keyfob_verifier.keys.provider import open_or_make_kek
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_sealed
from keyfob_verifier.service.key_rotation import rotate_data_keys
from keyfob_verifier.service.key_status import key_status, signing_key_advice
from keyfob_verifier.service.signing import present_signer


class HaltedError(Exception):
    """As if the process had ended here."""


@pytest.fixture
def new(tmp_path):
    return open_or_make_kek(tmp_path / "new-keys" / "kek.key", None)


@pytest.fixture
def status(context, database_url):
    """The status as somebody sees it who starts now, with these KEKs: the newest data key of each tenant."""

    def run(*keks):
        specs = [kek.source for kek in (context.keyring.keks.current, *keks)]
        fresh = open_sealed(database_url, specs, Purpose.PRODUCTION, context.clock)
        found = key_status(fresh)
        fresh.store.close()
        return {key.tenant_id: key for key in found}

    return run


@pytest.fixture
def tenant(context):
    add_tenant(context, "t")
    return "t"


def test_nothing_is_to_be_done_about_keys_that_are_well(context, tenant, status):
    TenantFob(context, tenant, "A")
    found = status()
    assert {name: key.seeds for name, key in found.items()} == {DEFAULT_TENANT: 0, tenant: 1}
    assert all(key.opens and key.is_newest and not key.advice for key in found.values())


def test_seeds_of_the_older_form_are_counted(context, database_url, tenant, status):
    TenantFob(context, tenant, "A")
    tamper(database_url, "UPDATE tokens SET sealed_as = 1 WHERE serial = 'A'")
    assert "rotate data: it binds 1 older seeds" in status()[tenant].advice


def test_data_key_that_was_altered_does_not_open(database_url, tenant, status):
    tamper(database_url, "UPDATE data_keys SET nonce = :nonce WHERE tenant_id = 't'", nonce=bytes(12))
    found = status()
    assert (found[tenant].opens, found[DEFAULT_TENANT].opens) == (False, True)
    assert "from a copy" in found[tenant].advice


def test_data_key_under_another_kek_opens_when_that_is_given(context, tenant, new, status):
    with context.store.write() as transaction:
        (key,) = transaction.data_keys.of(tenant)
        transaction.data_keys.rewrap(rewrap(key, context.keyring.keks.with_current(new)))
    without, both = status()[tenant], status(new)[tenant]
    assert (without.opens, both.opens) == (False, True)
    assert (without.kek_id, both.kek_id) == (new.kek_id, new.kek_id)
    assert "--kek" in without.advice
    assert "rotate kek" in both.advice


def test_rotation_that_was_halted_is_named(context, tenant):
    TenantFob(context, tenant, "A")

    def halt(_done, _total):
        raise HaltedError

    with pytest.raises(HaltedError):
        rotate_data_keys(context, "tester", tenant, halt)
    old, new = [key for key in key_status(context) if key.tenant_id == tenant]
    assert [old.key_id, new.key_id] == [key.id for key in data_keys_of(context, tenant)]
    assert (old.is_newest, old.seeds, new.is_newest, new.seeds) == (False, 0, True, 1)
    assert "not finished" in old.advice
    assert not new.advice


def test_key_that_signs_checkpoints_is_not_forgotten(context, database_url, new):
    def advice(*keks):
        fresh = open_sealed(database_url, [kek.source for kek in keks], Purpose.PRODUCTION, context.clock)
        told = signing_key_advice(fresh)
        fresh.store.close()
        return told

    old = context.keyring.keks.current
    assert advice(old) == ""
    with context.store.write() as transaction:
        present_signer(transaction, context.keyring.keks, context.clock.now())
    assert advice(old) == advice(old, new) == ""
    assert "rotate kek" in advice(new, old)
    assert f"({old.kek_id}) with --kek" in advice(new)
