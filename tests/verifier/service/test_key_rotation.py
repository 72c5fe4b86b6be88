"""Data keys changed under a running verifier, halted and begun again."""

from dataclasses import replace

import pytest

from key_samples import TenantFob, add_tenant, data_keys_of, tamper
from keyfob import VirtualClock
from keyfob_verifier.access_errors import TenantNotFoundError
from keyfob_verifier.records import SEALED_AS, Purpose
from keyfob_verifier.service import key_rotation
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.key_rotation import rotate_data_keys
from keyfob_verifier.service.outcome import Reason
from kind_samples import AnsweringToken


class HaltedError(Exception):
    """As if the process had ended here."""


def unwatched(_done, _total):
    pass


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(key_rotation, "BATCH", 2)


@pytest.fixture
def fobs(context):
    fobs = [TenantFob(context, DEFAULT_TENANT, f"A-{number}") for number in range(5)]
    context.clock.advance(seconds=120)
    return fobs


@pytest.fixture
def elsewhere(context, database_url, kek_path, fobs):
    """The same installation in another process, which runs since before the rotation."""
    opened = open_installation(database_url, kek_path, Purpose.PRODUCTION, context.clock)
    yield opened
    opened.store.close()


def reasons(fobs):
    return {fob.reason() for fob in fobs}


def audited(context):
    with context.store.read() as transaction:
        return [entry.action for entry in transaction.audit.latest(DEFAULT_TENANT, None, 1000)]


def test_every_seed_lies_under_a_new_key_and_the_old_one_is_gone(context, fobs, small_batches):
    (old,) = data_keys_of(context, DEFAULT_TENANT)
    watched = []
    done = rotate_data_keys(context, "tester", None, lambda done, total: watched.append((done, total)))
    (new,) = data_keys_of(context, DEFAULT_TENANT)
    assert (done.resumed, done.tenants, done.resealed, done.deleted, done.unusable) == (False, 1, 5, 1, ())
    assert watched == [(2, 5), (4, 5), (5, 5)]
    assert new.id != old.id
    assert {fob.token().data_key_id for fob in fobs} == {new.id}
    assert reasons(fobs) == {"accepted"}
    assert audited(context).count("new-data-key") == audited(context).count("delete-data-key") == 1


def test_pin_moves_with_the_seed(context):
    token = AnsweringToken(context, "OCRA-1:HOTP-SHA512-8:C-QN08-PSHA512")
    token.activate()
    rotate_data_keys(context, "tester", None, unwatched)
    assert token.reason(token.answer("1"), "1") is Reason.ACCEPTED
    assert token.reason(token.answer("1", pin="4321"), "1") is Reason.WRONG


def test_only_the_sealing_of_a_token_changes(context, fobs):
    before = fobs[0].token()
    rotate_data_keys(context, "tester", None, unwatched)
    after = fobs[0].token()
    assert after.version == before.version + 1
    assert (after.drift, after.status, after.activated_at) == (
        before.drift,
        before.status,
        before.activated_at,
    )


def test_running_verifier_follows_without_a_refusal(context, elsewhere, fobs, small_batches):
    refused = []

    def verify_all(_done, _total):
        context.clock.advance(seconds=30)
        refused.extend(fob.serial for fob in fobs if fob.reason() != "accepted")

    for fob in fobs:
        fob.context = elsewhere
    rotate_data_keys(context, "tester", None, verify_all)
    verify_all(0, 0)
    assert refused == []


def test_halted_rotation_is_gone_on_with(context, fobs, small_batches):
    batches = 0

    def halt_at(number):
        def watch(_done, _total):
            nonlocal batches
            batches += 1
            if batches == number:
                raise HaltedError

        return watch

    with pytest.raises(HaltedError):
        rotate_data_keys(context, "tester", None, halt_at(1))
    old, new = data_keys_of(context, DEFAULT_TENANT)
    assert {fob.token().data_key_id for fob in fobs} == {old.id, new.id}
    assert reasons(fobs) == {"accepted"}
    done = rotate_data_keys(context, "tester", None, unwatched)
    assert (done.resumed, done.resealed, done.deleted) == (True, 3, 1)
    assert data_keys_of(context, DEFAULT_TENANT) == [new]
    context.clock.advance(seconds=60)
    assert reasons(fobs) == {"accepted"}


def test_rotation_of_all_tenants_that_was_halted_makes_no_key_twice(context, fobs, small_batches):
    for name in ("b", "c"):
        add_tenant(context, name)

    def halt(_done, _total):
        raise HaltedError

    with pytest.raises(HaltedError):
        rotate_data_keys(context, "tester", None, halt)
    newest = {name: data_keys_of(context, name)[-1] for name in (DEFAULT_TENANT, "b", "c")}
    assert rotate_data_keys(context, "tester", None, unwatched).tenants == 3
    assert {name: data_keys_of(context, name) for name in newest} == {
        name: [key] for name, key in newest.items()
    }


def test_one_tenant_alone(context, fobs):
    add_tenant(context, "other")
    other, mine = data_keys_of(context, "other"), data_keys_of(context, DEFAULT_TENANT)
    rotate_data_keys(context, "tester", "other", unwatched)
    assert data_keys_of(context, DEFAULT_TENANT) == mine
    assert data_keys_of(context, "other") != other
    with pytest.raises(TenantNotFoundError):
        rotate_data_keys(context, "tester", "nobody", unwatched)


def test_new_key_seals_also_when_the_clock_was_set_back(context, fobs):
    (old,) = data_keys_of(context, DEFAULT_TENANT)
    behind = replace(context, clock=VirtualClock(context.clock.now() - 1e6))
    assert rotate_data_keys(behind, "tester", None, unwatched).deleted == 1
    (new,) = data_keys_of(context, DEFAULT_TENANT)
    assert new.created_at > old.created_at


def test_token_enrolled_during_the_rotation_is_sealed_with_the_new_key(
    context, elsewhere, fobs, small_batches
):
    enrolled = []

    def enrol(_done, _total):
        enrolled.append(TenantFob(elsewhere, DEFAULT_TENANT, f"NEW-{len(enrolled)}"))

    rotate_data_keys(context, "tester", None, enrol)
    (new,) = data_keys_of(context, DEFAULT_TENANT)
    context.clock.advance(seconds=60)
    assert len(enrolled) >= 3
    assert {fob.token().data_key_id for fob in enrolled} == {new.id}
    assert reasons(enrolled) == {"accepted"}


def test_seed_that_does_not_open_stays_with_its_key_and_is_named(context, database_url, fobs, small_batches):
    tamper(database_url, "UPDATE tokens SET serial = 'SWAPPED' WHERE serial = 'A-1'")
    tamper(database_url, "UPDATE tokens SET algorithm = 'MD5' WHERE serial = 'A-3'")
    (old,) = data_keys_of(context, DEFAULT_TENANT)
    done = rotate_data_keys(context, "tester", None, unwatched)
    assert (done.resealed, done.deleted, done.unusable) == (3, 0, ("A-3", "SWAPPED"))
    assert data_keys_of(context, DEFAULT_TENANT)[0] == old
    tamper(database_url, "UPDATE tokens SET serial = 'A-1' WHERE serial = 'SWAPPED'")
    tamper(database_url, "UPDATE tokens SET algorithm = 'SHA1' WHERE serial = 'A-3'")
    done = rotate_data_keys(context, "tester", None, unwatched)
    assert (done.resumed, done.resealed, done.deleted, done.unusable) == (True, 2, 1, ())
    assert {fob.token().sealed_as for fob in fobs} == {SEALED_AS}
    assert reasons(fobs) == {"accepted"}
